"""`harness contracts`: the families there are, and how they differ."""

from __future__ import annotations

import pytest

from harness.adapters.contract_files import shipped_contracts
from tests.cli.running import Command

CONTRACTS = [contract.id for contract in shipped_contracts()]


def test_every_contract_is_listed_and_one_is_the_default(harness: Command) -> None:
    """A line for each version of each family; just the default is said to be it."""
    done = harness("contracts", "list")
    lines = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert [line.split()[0] for line in lines] == CONTRACTS
    assert [line.split()[0] for line in lines if "(the default)" in line] == ["engage-journeys@2024"]


@pytest.mark.parametrize("contract", shipped_contracts(), ids=CONTRACTS)
def test_a_contract_is_shown_with_its_sources_and_rules(harness: Command, contract: object) -> None:
    """What is shown names every source, rule and type of payload, and nothing that is off."""
    (known,) = [each for each in shipped_contracts() if each == contract]
    done = harness("contracts", "show", known.id)
    assert done.code == 0
    assert all(f"\n  {source}\n" in done.out for source in known.sources)
    rules = [line.split()[1].rstrip(":") for line in done.out.splitlines() if line.startswith(("  error", "  warning"))]
    assert {*rules} == {*known.severities}
    assert all(f"\nA payload of the type {kind}:\n" in done.out for kind in known.schemas)


def test_the_demands_on_a_payload_are_shown(harness: Command) -> None:
    """A demand is found through references to other schemas, under the name of its place."""
    shown = harness("contracts", "show", "engage-journeys").out
    assert '\n  context.personas.computation_class is "audience"\n' in shown
    assert "\n  context.personas.space_id is the space's id, spa_ and letters or digits\n" in shown


def test_two_versions_differ_in_what_one_of_them_demands(harness: Command) -> None:
    """The later version demands the context, by both calls; nothing else differs."""
    assert harness("contracts", "diff", "engage-journeys@2023", "engage-journeys@2024").out.splitlines() == [
        "track calls, only in engage-journeys@2024: context is there",
        "track calls, only in engage-journeys@2024: context.personas is there",
        "identify calls, only in engage-journeys@2024: context is there",
        "identify calls, only in engage-journeys@2024: context.personas is there",
    ]


def test_rules_parameters_and_payloads_that_differ_are_told(harness: Command) -> None:
    """A family without lists, with other keys and with fewer rules differs in just these words."""
    told = harness("contracts", "diff", "computed-traits", "engage-journeys").out.splitlines()
    assert 'what a key is (key_grammar): "name" in computed-traits@2025, "step" in engage-journeys@2024' in told
    assert "the rule once-per-entry: off in computed-traits@2025, error in engage-journeys@2024" in told
    assert "list entries: only in engage-journeys@2024" in told
    assert "group calls: only in computed-traits@2025" in told


def test_a_contract_does_not_differ_from_itself(harness: Command) -> None:
    """Where nothing differs, that is said."""
    told = harness("contracts", "diff", "segment-spec", "segment-spec@2025").out
    assert told == "segment-spec@2025 and segment-spec@2025 demand the same\n"


def test_an_unknown_contract_is_a_usage_fault(harness: Command) -> None:
    """A misspelled name is told with the nearest one, and nothing is printed."""
    done = harness("contracts", "show", "engage-journey")
    assert (done.code, done.out) == (2, "")
    assert "unknown contract 'engage-journey'" in done.err
    assert "engage-journeys" in done.err
