"""Whether a capture was made by another family, or version, than the one that judges it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.core.captures.captured import Captured
from harness.core.captures.judging import CaptureJudge
from harness.core.contract import Contract
from harness.core.declarations import Declarations


@dataclass(frozen=True, slots=True, kw_only=True)
class BetterFit:
    """A contract that accuses a capture of less."""

    contract: str
    errors: int
    instead_of: int
    """The errors that the judging contract finds."""


def better_fit(
    captured: Sequence[Captured], judging: Contract, others: Iterable[Contract], declarations: Declarations
) -> BetterFit | None:
    """Of `others`, the contract that accuses these deliveries of least; None where `judging` accuses of no more."""
    errors = _errors(captured, judging, declarations)
    others = (other for other in others if other.suggested)
    if errors == 0:
        return None
    found = [(_errors(captured, other, declarations), other.id) for other in others if other.id != judging.id]
    least, name = min(found, default=(errors, ""))
    return BetterFit(contract=name, errors=least, instead_of=errors) if least < errors else None


def _errors(captured: Sequence[Captured], contract: Contract, declarations: Declarations) -> int:
    judge = CaptureJudge(contract, declarations, shown=0)
    for each in captured:
        judge.see(each, "", 1)
    return judge.verdict().errors
