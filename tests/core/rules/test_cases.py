"""The rules before their cases: deliveries in, violations out, as `tests/cases/rules` tells them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.core.delivery import Violation
from harness.core.rules.catalogue import RULES
from tests.core.rules.reading import violations_of

CASES = Path(__file__).parents[2] / "cases" / "rules"


def cases() -> Iterator[Any]:
    """Every case of every rule, named by both."""
    for file in sorted(CASES.glob("*.json")):
        for case in json.loads(file.read_text("utf-8")):
            yield pytest.param(case, id=f"{file.stem}: {case['description']}")


def told(violation: Violation, expected: Mapping[str, Any]) -> dict[str, Any]:
    """What `violation` says of all that `expected` speaks of."""
    said: dict[str, Any] = {name: getattr(violation, name) for name in expected}
    return {**said, "deliveries": list(violation.deliveries)} if "deliveries" in expected else said


@pytest.mark.parametrize("case", list(cases()))
def test_a_case_shows_exactly_its_violations(case: Mapping[str, Any]) -> None:
    """The traffic of a case shows the violations that the case lists, in that order, and no other."""
    found = violations_of(case)
    assert [violation.rule for violation in found] == [expected["rule"] for expected in case["violations"]]
    assert [told(*pair) for pair in zip(found, case["violations"], strict=True)] == case["violations"]


@pytest.mark.parametrize("rule_id", RULES)
def test_every_rule_has_cases_that_keep_it_and_that_break_it(rule_id: str) -> None:
    """A rule has a file with its name, at least four cases in it, some of them right and some of them wrong."""
    written = json.loads((CASES / f"{rule_id}.json").read_text("utf-8"))
    broken = [any(violation["rule"] == rule_id for violation in case["violations"]) for case in written]
    assert len(written) >= 4
    assert {*broken} == {True, False}
