"""What was found in a capture by looking at one delivery after the other; what several readers found can be merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct, field

from harness.core.captures.captured import Captured
from harness.core.captures.places import Place, Places
from harness.core.delivery import Severity, Violation

Counted: TypeAlias = tuple[str, Severity]
"""A rule, and the severity with which it was broken."""


class Stray(Struct, frozen=True, kw_only=True):
    """A delivery to a destination that does not exist."""

    number: int
    destination: str | None
    place: Place


class Seen(Struct, kw_only=True):
    """Counts, and the first violations and strays, of deliveries in the order of their numbers."""

    shown: int | None
    """How many violations and strays are kept; None: all."""
    deliveries: int = 0
    payloads: int = 0
    to_sources: int = 0
    """Those of them that no contract judges."""
    unexpected: int = 0
    places: Places = field(default_factory=Places)
    strays: list[Stray] = field(default_factory=list)
    kept: list[Violation] = field(default_factory=list)
    counts: Counter[Counted] = field(default_factory=Counter)
    """In the order in which they were first found."""
    _firsts: dict[Counted, tuple[int, int]] = field(default_factory=dict)
    """Where that was: the number of the delivery, and how many were found before."""

    def add(self, violations: Iterable[Violation]) -> None:
        """Note what is wrong with a delivery."""
        for violation in violations:
            counted = (violation.rule, violation.severity)
            if counted not in self.counts:
                self._firsts[counted] = violation.deliveries[-1], len(self._firsts)
            self.counts[counted] += 1
            if self.shown is None or len(self.kept) < self.shown:
                self.kept.append(violation)

    def stray(self, captured: Captured, number: int) -> None:
        """Note a delivery to a destination that does not exist."""
        self.unexpected += 1
        if self.shown is None or len(self.strays) < self.shown:
            place = self.places.of(number)
            self.strays.append(Stray(number=number, destination=captured.destination, place=place))

    def merge(self, other: Seen) -> None:
        """Take over what `other` holds, which is about other deliveries of the same capture."""
        self.deliveries += other.deliveries
        self.payloads += other.payloads
        self.to_sources += other.to_sources
        self.unexpected += other.unexpected
        self.places.merge(other.places)
        self.strays = sorted(self.strays + other.strays, key=lambda stray: stray.number)[: self.shown]
        self.kept = sorted(self.kept + other.kept, key=lambda violation: violation.deliveries[-1])[: self.shown]
        for counted, first in other._firsts.items():
            self._firsts[counted] = min(first, self._firsts.get(counted, first))
        counts = self.counts + other.counts
        self.counts = Counter({counted: counts[counted] for counted in sorted(counts, key=self._firsts.__getitem__)})
