"""`docs/rules.md` says what the rules say."""

from __future__ import annotations

import pytest

from harness.core.rules.catalogue import RULES
from tests.docs.write_rules import COMMAND, PAGE, page, violations


def test_the_page_is_up_to_date() -> None:
    """The page is the one that the rules make; a change of a rule is a change of the page."""
    assert PAGE.read_text(encoding="utf-8") == page(), f"run: {COMMAND}"


@pytest.mark.parametrize("rule", RULES)
def test_the_examples_of_a_rule_show_that_rule(rule: str) -> None:
    """What is printed as keeping the rule breaks no rule, and what is printed as breaking it breaks that one alone."""
    assert not violations(RULES[rule].passes)
    assert {violation.rule for violation in violations(RULES[rule].fails)} == {rule}
