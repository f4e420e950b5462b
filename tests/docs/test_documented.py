"""Nothing that a user can write or call is missing from the docs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import click
import pytest

from harness import client, pytest_plugin
from harness.adapters.contract_files import shipped_contracts
from harness.adapters.json_files import OWN_SCHEMAS, own_schema
from harness.adapters.server import delivery_queries
from harness.adapters.server.control import ControlApi
from harness.adapters.server.metrics import Metrics
from harness.adapters.server.server import Server, read_setup
from harness.cli.contracts_command import contracts
from harness.cli.main import harness
from harness.cli.reporting import FORMATS
from harness.core.behaviours.faults import FAULTS as CONNECTION_FAULTS
from harness.core.behaviours.rates import RATES
from harness.core.calls import CALL_TYPES
from harness.core.contract import PARAMETERS
from harness.core.destinations.bodies import NESTING
from harness.core.destinations.kinds import KINDS
from harness.core.instants import format_duration
from harness.core.ledger import Filter
from harness.core.lists.presets import CADENCES, MINIMUM_SIZES, Cadence, MinimumSize
from harness.core.rules.catalogue import RULES
from harness.engage.faults import FAULTS
from harness.pytest_plugin.marking import Demands
from harness.pytest_plugin.options import Options
from harness.pytest_plugin.receivers import Destinations
from harness.pytest_plugin.receiving import EventReceiver, ListReceiver, WarehouseReceiver
from harness.pytest_plugin.spaces import EngageSpace
from harness.pytest_plugin.verdicts import HarnessVerdict
from harness.pytest_plugin.wanting import Wanted
from tests.docs.fences import CHECKOUT


@cache
def page(name: str) -> str:
    """The text of a page."""
    return (CHECKOUT / name).read_text(encoding="utf-8")


def missing(names: Iterable[str], text: str) -> set[str]:
    """Those of `names` that do not stand in `text` as words in code."""
    code = " ".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
    return {name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", code)}


def public(*classes: type) -> Iterator[str]:
    """The public members of classes, less those that every mapping has."""
    for each in classes:
        own = {name for base in each.__mro__ if base.__module__.startswith("harness.") for name in vars(base)}
        yield from (name for name in own if not name.startswith("_"))


def schema_names(schema: Any) -> Iterator[str]:
    """All property names in a JSON Schema."""
    if isinstance(schema, dict):
        properties = schema.get("properties", {})
        yield from properties
        for part in [*properties.values(), *(value for name, value in schema.items() if name != "properties")]:
            yield from schema_names(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from schema_names(part)


COMMANDS = {
    name: harness.get_command(click.Context(harness), name) for name in harness.list_commands(click.Context(harness))
}
PAGING = tuple(parameter.name for parameter in delivery_queries.PAGING)
OPTIONS_PAGES = {
    "run": "docs/scenarios.md",
    "serve": "docs/server.md",
    "wait-ready": "docs/server.md",
    "check": "docs/check.md",
    "mutate": "docs/mutate.md",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command: str) -> None:
    """The README's table has a row for each command."""
    assert re.search(rf"^\| `harness {command}\b", page("README.md"), re.MULTILINE)


@pytest.mark.parametrize("command", OPTIONS_PAGES)
def test_every_option_of_a_command_is_documented(command: str) -> None:
    """The page of a command names all of its options."""
    known = COMMANDS[command]
    assert known is not None
    options = {max(each.opts, key=len) for each in known.params if isinstance(each, click.Option)} - {"--help"}
    assert not missing(options, page(OPTIONS_PAGES[command]))


@pytest.mark.parametrize("command", contracts.commands.values(), ids=lambda command: command.name)
def test_every_command_on_contracts_is_documented(command: click.Command) -> None:
    """The page on contracts names each command with all of its options, and the README's table each command."""
    options = {max(each.opts, key=len) for each in command.params if isinstance(each, click.Option)} - {"--help"}
    assert f"`harness contracts {command.name}" in page("docs/contracts.md")
    assert not missing(options, page("docs/contracts.md"))
    assert re.search(rf"^\| `harness contracts [^`]*\b{command.name}\b", page("README.md"), re.MULTILINE)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_section(rule: str) -> None:
    """A rule can be linked to by its id."""
    assert f"\n## {rule}\n" in page("docs/rules.md")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_destination_is_documented(kind: str) -> None:
    """Scenarios and server say what each kind receives."""
    assert not missing([kind], page("docs/scenarios.md"))
    assert f"**{kind}** destination" in page("docs/server.md")


@pytest.mark.parametrize("schema", ["scenario", "config", "fragment"])
def test_every_key_of_a_file_is_documented(schema: str) -> None:
    """Each key, action, expectation and field is named in the page on scenarios, behaviours, lists or the server."""
    names = set(schema_names(own_schema(schema).document))
    assert names
    pages = ("scenarios", "behaviours", "lists", *(["server"] if schema == "config" else []))
    assert not missing(names, "".join(page(f"docs/{each}.md") for each in pages))


@pytest.mark.parametrize("part", ["plan", "reply_rule", "auth", "signature"])
def test_every_behaviour_and_demand_is_documented(part: str) -> None:
    """Whatever `replies`, `auth` and `signature` may hold has its words on the page on behaviours, and an example."""
    names = set(schema_names(own_schema("scenario").document["$defs"][part]))
    assert names
    assert not missing(names, page("docs/behaviours.md"))
    assert not missing(names - {"to"}, f"```{page('docs/examples/behaviours.yaml')}```")


@pytest.mark.parametrize("fault", CONNECTION_FAULTS)
def test_every_fault_of_the_connection_is_documented(fault: Any) -> None:
    """What the sender sees of it stands beside its name, and the example configuration has it."""
    assert f"| `{fault}` | {CONNECTION_FAULTS[fault]} |" in page("docs/behaviours.md")
    assert fault in page("docs/examples/behaviours.yaml")


def test_every_preset_of_a_rate_is_documented() -> None:
    """Presets are listed by name."""
    assert not missing(RATES, page("docs/behaviours.md"))


@pytest.mark.parametrize("each", [*CADENCES.values(), *MINIMUM_SIZES.values()], ids=lambda each: each.name)
def test_every_preset_of_a_list_is_documented(each: Cadence | MinimumSize) -> None:
    """Each has a row with its number in the table of cadences, or of sizes."""
    number = format_duration(each.sync.every) if isinstance(each, Cadence) else str(each.members)
    rows = [row for row in page("docs/lists.md").splitlines() if row.startswith(f"| `{each.name}` |")]
    assert [row for row in rows if f"| {number} |" in row], rows


def test_every_key_of_a_contract_is_documented() -> None:
    """Whoever writes a contract finds each of its keys and parameters."""
    names = {*schema_names(own_schema("contract").document), *PARAMETERS}
    assert not missing(names, page("docs/contracts.md"))


@pytest.mark.parametrize("part", ["action", "expectation"])
def test_every_action_and_expectation_has_a_row(part: str) -> None:
    """The tables of the page on scenarios are whole."""
    names = own_schema("scenario").document["$defs"][part]["properties"]
    rows = re.findall(r"^\| `(\w+)", page("docs/scenarios.md"), re.MULTILINE)
    assert set(names) <= set(rows)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_every_fault_has_its_row(fault: Any) -> None:
    """The table of faults says what each does, and what catches it."""
    catcher = f"`{fault.rule}`" if fault.rule else "an expectation"
    assert f"| `{fault.name}` | {fault.sentence} | {catcher} |" in page("docs/scenarios.md")


@pytest.mark.parametrize("contract", [contract.id for contract in shipped_contracts()])
def test_every_contract_is_documented(contract: str) -> None:
    """Each version of each family is named."""
    assert not missing([contract], page("docs/contracts.md"))


@pytest.mark.parametrize("report", FORMATS)
def test_every_report_is_documented(report: str) -> None:
    """The formats of `--report` are named."""
    assert not missing([report], page("docs/scenarios.md"))


@pytest.mark.parametrize("schema", OWN_SCHEMAS)
def test_every_printable_schema_is_documented(schema: str) -> None:
    """The README says which schemas `harness schema` prints."""
    assert not missing([schema], page("README.md"))


def test_every_fixture_is_documented() -> None:
    """Each fixture of the plugin has a section."""
    fixtures = {name for name in pytest_plugin.__all__ if not name.startswith(("pytest_", "_"))}
    assert fixtures
    assert all(f"## The fixture `{name}`" in page("docs/pytest.md") for name in fixtures)


def test_every_member_of_a_fixture_is_documented() -> None:
    """What a test can call or read is named in the page on pytest."""
    members = set(public(Destinations, EventReceiver, ListReceiver, WarehouseReceiver, EngageSpace, HarnessVerdict))
    assert not missing(members, page("docs/pytest.md"))


def test_every_option_of_the_plugin_is_documented() -> None:
    """Options, ini keys, the arguments of the marker and the keywords that choose messages are named."""
    keys = {f"harness_{name}" for name in Options._fields} | {f"--harness-{name}" for name in Options._fields}
    marker = {"unexpected", *inspect.signature(Demands).parameters} - {"unexpected_allowed"}
    assert not missing({*keys, *marker, *Wanted.__annotations__}, page("docs/pytest.md"))


def test_every_member_of_the_client_is_documented() -> None:
    """What a program can call, and the errors and filters that there are, are named in the page on the client."""
    members = set(public(client.Client, client.Run, client.Destination))
    errors = {name for name in client.__all__ if issubclass(getattr(client, name), Exception)}
    assert not missing({*members, *errors, *client.Filters.__annotations__}, page("docs/client.md"))


def test_every_figure_is_documented() -> None:
    """Each figure for Prometheus is named."""
    text, _ = Metrics(Server(), lambda: 0).text("")
    names = re.findall(r"^# TYPE (\w+)", text.decode(), re.MULTILINE)
    assert names
    assert not missing(names, page("docs/server.md"))


def test_every_path_of_the_api_is_documented() -> None:
    """Each method and path of the control API stands in the page on the server."""
    routes = ControlApi(Server(), read_setup).routes()
    shown = [f"`{each.method} {re.sub(r':[^}]+', '', each.path).removeprefix('/_harness/v1')}`" for each in routes]
    assert shown
    assert not [each for each in shown if each not in page("docs/server.md")]


def test_the_limit_of_nesting_is_documented() -> None:
    """As many levels as a body may have stand in the page on the server."""
    assert f"| nesting of a body | {NESTING} levels |" in page("docs/server.md")


def test_every_source_path_is_documented() -> None:
    """Each endpoint of the tracking API is named."""
    assert not missing([f"/v1/{name}" for name in (*CALL_TYPES, "batch", "import")], page("docs/server.md"))


def test_every_filter_of_deliveries_is_documented() -> None:
    """Each query parameter is named."""
    assert not missing({*Filter.__struct_fields__, *PAGING}, page("docs/server.md"))
