"""From what a run recorded to the verdict on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from harness.core.delivery import Delivery
from harness.core.documents import Mark
from harness.core.judging import Judgement
from harness.core.keeping import Loss
from harness.core.ledger import find
from harness.core.verdict import Unmet, Verdict

_SHOWN_STRAYS = 5


def conclude(
    subject: Verdict,
    judgement: Judgement,
    deliveries: Sequence[Delivery],
    *,
    expect_violations: frozenset[str] | None,
    unexpected_allowed: bool,
    losses: Sequence[Loss] = (),
    violations_mark: Mark | None = None,
) -> Verdict:
    """The verdict on what `subject` names, whose unmet expectations and lost requests it already knows.

    `losses` are deliveries that cannot be judged any more: with any, nothing passes.
    `expect_violations` are the rules that must be broken, exactly these; None: none may be. They are demanded at
    `violations_mark`, or else at the subject's own.
    """
    unmet = [*subject.unmet, *_unmet_violations(violations_mark or subject.mark, judgement, expect_violations)]
    if not unexpected_allowed:
        unmet.extend(_unexpected(subject.mark, judgement, deliveries, subject.lost))
    unmet.extend(_lost(subject.mark, loss) for loss in losses)
    failed = bool(unmet) or (expect_violations is None and bool(judgement.errors))
    return replace(
        subject,
        word="failed" if failed else "passed",
        judgement=judgement,
        unmet=unmet,
        violations=judgement.violations,
        evidence=_evidence(deliveries, {number for v in judgement.violations for number in v.deliveries}),
        expected_rules=expect_violations or frozenset(),
    )


def _evidence(deliveries: Sequence[Delivery], numbers: set[int]) -> dict[int, Delivery]:
    """The deliveries of those numbers, as far as they are kept."""
    found = ((number, find(deliveries, number)) for number in sorted(numbers))
    return {number: delivery for number, delivery in found if delivery is not None}


def _lost(mark: Mark, loss: Loss) -> Unmet:
    return Unmet(mark=mark, expectation="ledger", expected="every delivery kept", actual=loss.words())


def _unmet_violations(mark: Mark, judgement: Judgement, expected: frozenset[str] | None) -> list[Unmet]:
    """Where violations are expected: one, if others showed. A warning counts where it is expected, and only there."""
    if expected is None:
        return []
    warned = {violation.rule for violation in judgement.violations if violation.rule in expected}
    broken = warned.union(violation.rule for violation in judgement.errors)
    if broken == expected:
        return []
    return [
        Unmet(
            mark=mark,
            expectation="expect_violations",
            expected=f"exactly these rules broken: {', '.join(sorted(expected)) or 'none'}",
            actual=", ".join(sorted(broken)) or "none broken",
        )
    ]


def _unexpected(mark: Mark, judgement: Judgement, deliveries: Sequence[Delivery], lost: int) -> list[Unmet]:
    found = [f"{lost} that could not be read or were for no run"] if lost else []
    if judgement.unexpected:
        strays = Counter(delivery.destination[:100] for delivery in deliveries if delivery.unexpected)
        named = ", ".join(f"{count} to {name!r}" for name, count in strays.most_common(_SHOWN_STRAYS))
        found.insert(0, f"{named}, which the run has not: correct the sender's URL, or declare the destination")
    if not found:
        return []
    return [Unmet(mark=mark, expectation="unexpected", expected="no unexpected delivery", actual="; ".join(found))]
