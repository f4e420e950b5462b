"""The fixture `harness_verdict`."""

from __future__ import annotations

from collections.abc import Sequence

from harness.core.delivery import Violation
from harness.pytest_plugin.binding import BoundRun
from harness.pytest_plugin.marking import BadMarker, expected_rules

__tracebackhide__ = True  # pytest shows the line of the test that asks for what cannot be


class HarnessVerdict:
    """What the contract says of all that came in a test so far."""

    def __init__(self, run: BoundRun) -> None:
        """Judge `run`."""
        self._run = run

    @property
    def violations(self) -> Sequence[Violation]:
        """Every breach, warnings included, in the order of the deliveries that prove them."""
        judgement = self._run.verdict().judgement
        return judgement.violations if judgement is not None else ()

    @property
    def rules(self) -> frozenset[str]:
        """The rules that are broken, warnings aside."""
        return frozenset(violation.rule for violation in self.violations if violation.severity == "error")

    @property
    def passed(self) -> bool:
        """Whether all is as the test's marker demands."""
        return self._run.verdict().word == "passed"

    def assert_passed(self) -> None:
        """Fail now, and not only at the end, if a rule is broken or something unexpected came."""
        if finding := self._run.news(again=True):
            raise AssertionError(finding)

    def assert_violations(self, *rules: str) -> None:
        """Fail unless exactly these rules are broken; the test then passes only if that is still so at its end."""
        try:
            self._run.expect_violations(expected_rules(rules) or frozenset())
        except BadMarker as error:
            raise ValueError(str(error)) from None
        self.assert_passed()
