"""Verdicts where violations are expected, warnings among them."""

from __future__ import annotations

import pytest

from harness.core.concluding import conclude
from harness.core.delivery import Violation
from harness.core.documents import Mark
from harness.core.judging import Judgement
from harness.core.verdict import Verdict

SUBJECT = Verdict(word="passed", file="a", mark=Mark(file="a", line=1, column=1), title="A")
ERROR = Violation(rule="identity", message="")
WARNING = Violation(rule="duplicate-source", message="", severity="warning")


@pytest.mark.parametrize(
    ("violations", "expected", "word"),
    [
        ((WARNING,), None, "passed"),
        ((WARNING,), {"duplicate-source"}, "passed"),
        ((ERROR, WARNING), {"identity"}, "passed"),
        ((ERROR, WARNING), {"identity", "duplicate-source"}, "passed"),
        ((ERROR,), {"identity", "duplicate-source"}, "failed"),
        ((ERROR, WARNING), {"duplicate-source"}, "failed"),
    ],
)
def test_a_warning_counts_where_its_rule_is_expected(
    violations: tuple[Violation, ...], expected: set[str] | None, word: str
) -> None:
    """A rule that only warns can be expected to be broken; where it is not, its warning changes nothing."""
    judgement = Judgement(violations=violations, deliveries=0, payloads=0, accepted=0, unexpected=0)
    rules = None if expected is None else frozenset(expected)
    verdict = conclude(SUBJECT, judgement, [], expect_violations=rules, unexpected_allowed=False)
    assert verdict.word == word
