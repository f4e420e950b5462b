"""`harness explain` and `harness schema`: what there is to know of rules and files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from harness.adapters.contract_files import shipped_contracts
from harness.adapters.json_files import OWN_SCHEMAS
from harness.core.rules.catalogue import RULES
from harness.core.rules.examples import JOURNEYS
from harness.core.rules.rule import Example
from harness.core.schemas import load_schema
from harness.reports.explain_text import rule_text
from tests.cli.running import Command

ENTRY_ONLY = f"""\
entry-only

  says      {RULES["entry-only"].sentence}
  source    {RULES["entry-only"].source}
  remedy    {RULES["entry-only"].remedy}
  error     in {", ".join(contract.id for contract in shipped_contracts() if "entry-only" in contract.severities)}"""


def examples(text: str) -> list[tuple[str, str | None]]:
    """The captures that an explanation shows, each with the journeys declared for it."""
    found: list[tuple[str, str | None]] = []
    for block in text.split("\n\n")[2:4]:
        shown = block.split("\n", 1)[1]
        capture, _, journeys = shown.partition("where these journeys are declared (--journeys FILE):\n")
        found.append((restored(capture.partition("where that contract judges")[0]), journeys or None))
    return found


def restored(capture: str) -> str:
    """`capture` with the texts that were cut short at their full length."""
    return re.sub(r"(x+)… \(([0-9,]+) characters\)", lambda cut: "x" * int(cut[2].replace(",", "")), capture)


def contracts(text: str) -> list[str]:
    """The options that name the contracts which judge the captures, where they are shown."""
    named = re.search(r"where that contract judges \((--contract) (\S+)\)", text)
    return [*named.groups()] if named else []


def test_a_rule_is_explained(harness: Command) -> None:
    """An explanation opens with sentence, source, remedy and the severity in each shipped contract."""
    done = harness("explain", "entry-only")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(ENTRY_ONLY)


@pytest.mark.parametrize("rule", [rule for rule, each in RULES.items() if each.passes.destinations is None])
def test_the_examples_are_what_they_are_said_to_be(harness: Command, rule: str) -> None:
    """Pasted into files, a rule's first example passes `harness check`, and its second breaks just that rule."""
    found = []
    shown = harness("explain", rule).out
    for capture, journeys in examples(shown):
        options = contracts(shown)
        options += ["--journeys", harness.write("journeys.yaml", journeys)] if journeys else []
        done = harness("check", "--json", harness.write("capture.json", capture), *options)
        found.append([violation["rule"] for violation in done.json["violations"]])
    assert found == [[], [rule]]


def test_declared_journeys_are_shown_as_yaml() -> None:
    """An example that needs a declaration shows it in the form that `--journeys` reads."""
    rule = replace(RULES["entry-only"], passes=Example(deliveries=({},), journeys=JOURNEYS))
    ((_, shown), (_, none)) = examples(rule_text(rule, {"a@1": "off"}))
    assert yaml.safe_load(shown or "") == {"journeys": JOURNEYS}
    assert none is None


def test_what_is_declared_of_destinations_is_shown_as_yaml(harness: Command) -> None:
    """A rule that needs a secret shows where it is written, and does not promise that a capture could be judged."""
    shown = harness("explain", "signature").out
    assert shown.count("where this is declared of the destinations:") == 2
    assert yaml.safe_load(shown.split("destinations:\n", 1)[1].split("\n\n")[0])["destinations"]["crm"]["signature"]
    assert "`harness check FILE` judges them" not in shown


def test_without_a_rule_all_are_listed(harness: Command) -> None:
    """One line for each rule, in order of precedence."""
    done = harness("explain")
    assert [line.split()[0] for line in done.out.splitlines()] == list(RULES)
    assert RULES["key-stable"].sentence in done.out


def test_an_unknown_rule_is_refused(harness: Command) -> None:
    """A name that no rule has gets a hint at the nearest, and exits 2."""
    done = harness("explain", "key-uniqe")
    text = "error: unknown rule 'key-uniqe'; did you mean 'key-unique'?\n  help: `harness explain` lists the rules\n"
    assert (done.code, done.out, done.err) == (2, "", text)


@pytest.mark.parametrize("name", OWN_SCHEMAS)
def test_a_schema_is_printed_in_one_piece(harness: Command, name: str) -> None:
    """Every schema of ours is valid by itself: it refers to no other file."""
    printed = harness("schema", name).json
    assert printed["$id"].endswith(f"/{name}.schema.json")
    load_schema(printed, name=name)
    assert "schema.json#" not in json.dumps(printed)


def test_an_unknown_schema_is_refused(harness: Command) -> None:
    """A name that no schema has gets a hint at the nearest, and exits 2."""
    done = harness("schema", "scenaro")
    assert (done.code, done.err) == (2, "error: unknown schema 'scenaro'; did you mean 'scenario'?\n")


def test_editor_lines_point_at_schemas(checkout: Path) -> None:
    """The schema that a shipped YAML file names for editors is there."""
    files = [path for folder in ("scenarios", "schemas") for path in (checkout / folder).rglob("*.yaml")]
    named = [(path, path.read_text("utf-8").partition("$schema=")[2].split("\n")[0]) for path in files]
    assert named
    assert [str(path) for path, target in named if not target or not (path.parent / target).is_file()] == []
