"""The parameters of contracts that decide what the sources contradict each other in: each of their values has cases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.adapters.json_files import own_schema
from harness.core.contract import PARAMETERS
from tests.core.rules.reading import checker_of, destinations_of, violations_of
from tests.core.rules.test_cases import told

CASES = {
    file.stem: json.loads(file.read_text("utf-8"))
    for file in sorted((Path(__file__).parents[1] / "cases" / "parameters").glob("*.json"))
}


def cases() -> Iterator[Any]:
    """Every case, named by its parameter and by what it shows."""
    for name, written in CASES.items():
        for case in written:
            yield pytest.param(case, id=f"{name}: {case['description']}")


@pytest.mark.parametrize("case", list(cases()))
def test_a_case_shows_exactly_its_violations(case: Mapping[str, Any]) -> None:
    """With its parameters, the traffic of a case breaks what the case lists, and nothing else."""
    found = violations_of(case)
    assert [violation.rule for violation in found] == [expected["rule"] for expected in case["violations"]]
    assert [told(*pair) for pair in zip(found, case["violations"], strict=True)] == case["violations"]


@pytest.mark.parametrize("name", CASES)
def test_every_value_of_a_parameter_has_cases(name: str) -> None:
    """Each value that may stand in a contract is shown, the default by leaving it out."""
    values = own_schema("contract").document["$defs"]["parameters"]["properties"][name]["enum"]
    shown = {json.dumps(case["parameters"].get(name, PARAMETERS[name])) for case in CASES[name]}
    assert shown == {json.dumps(value) for value in values}


SETTINGS = {json.dumps(case["parameters"]): case for written in CASES.values() for case in written}


@pytest.mark.parametrize("case", SETTINGS.values(), ids=SETTINGS)
def test_many_alike_are_judged_as_one_is(case: Mapping[str, Any]) -> None:
    """What the short way accepts, once enough payloads were right, is right by the rules as well."""
    warm, crm = checker_of(case), destinations_of(case)["crm"]
    payloads = [each["payload"] for written in CASES.values() for other in written for each in other["deliveries"]]
    right = [payload for payload in payloads if not warm.violations(payload, None, crm, 0)]
    for payload in right * 40:
        assert not warm.violations(payload, None, crm, 0)
    for payload in payloads:
        assert warm.violations(payload, None, crm, 0) == checker_of(case).violations(payload, None, crm, 0)
