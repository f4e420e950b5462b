"""What the playing of a scenario shows, as values that reports turn into text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct, field

from harness.core.delivery import Delivery, Violation
from harness.core.documents import Mark
from harness.core.judging import Judgement

Word: TypeAlias = Literal["passed", "failed", "errored", "skipped", "xfailed"]


class Nearest(Struct, frozen=True, kw_only=True):
    """The payload that comes closest to what was expected."""

    delivery: Delivery
    payload: int
    difference: str
    """Why it is not the expected one."""


class Unmet(Struct, frozen=True, kw_only=True):
    """An expectation that does not hold."""

    mark: Mark
    expectation: str
    """Its name: `received`, `members`, …"""
    expected: str
    actual: str
    nearest: Nearest | None = None


class Verdict(Struct, frozen=True, kw_only=True):
    """What one scenario showed."""

    word: Word
    file: str
    mark: Mark
    title: str
    judgement: Judgement | None = None
    unmet: Sequence[Unmet] = ()
    failures: Sequence[str] = ()
    """Why it errored or was skipped, in words."""
    violations: Sequence[Violation] = ()
    """The violations that fail it, or that it was to show."""
    expected_rules: frozenset[str] = frozenset()
    """The rules that were to be broken."""
    expects_nothing: bool = False
    """Whether nothing but the contract's rules could fail it."""
    evidence: Mapping[int, Delivery] = field(default_factory=dict)
    """The deliveries that violations point at, by number."""
    lost: int = 0
    """Requests that HTTP refused, or that came for a run that does not exist."""


def worst(words: Sequence[Word]) -> Word:
    """The verdict on several scenarios: errored before failed before passed; skipped where none was played."""
    order: tuple[Word, ...] = ("errored", "failed", "passed", "xfailed")
    for word in order:
        if word in words:
            return word
    return "skipped"
