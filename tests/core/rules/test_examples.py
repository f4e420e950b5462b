"""The examples by which `harness explain` shows what a rule means."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.rules.catalogue import PRECEDENCE, RULES
from harness.core.rules.rule import Example, Rule
from tests.core.rules.reading import violations_of


def rules_broken_by(example: Example) -> list[str]:
    """The rules that an example breaks, one for each violation."""
    case: dict[str, Any] = {"deliveries": example.deliveries, "journeys": example.journeys}
    if example.contract is not None:
        case["contract"] = example.contract
    return [violation.rule for violation in violations_of(case)]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_passing_example_breaks_nothing(rule: Rule) -> None:
    """A rule's passing example keeps every rule, not just its own."""
    assert rules_broken_by(rule.passes) == []


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_failing_example_breaks_just_its_rule(rule: Rule) -> None:
    """A rule's failing example breaks that rule once, and no other."""
    assert rules_broken_by(rule.fails) == [rule.id]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_is_explained_in_sentences(rule: Rule) -> None:
    """A rule's sentence and remedy are sentences, and its source is named."""
    assert rule.sentence[0].isupper() or rule.sentence[0] == "`"
    assert rule.sentence.endswith(".")
    assert rule.remedy.endswith(".")
    assert rule.source


def test_precedence_is_that_of_the_design() -> None:
    """Where several rules apply: destination-kind, list-append-only, entry-only, membership-value, others, schema."""
    order = sorted(PRECEDENCE, key=PRECEDENCE.__getitem__)
    before_others = ["destination-kind", "list-append-only", "entry-only", "membership-value"]
    assert [rule for rule in order if rule in before_others] == before_others
    assert order.index("membership-value") < min(map(order.index, {*order[5:]} - {"schema"}))
    assert order[-1] == "schema"
