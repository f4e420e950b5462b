"""Counts of what a run recorded, brought up to date when somebody asks, so that receiving costs nothing more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from harness.core.delivery import Delivery, Respond

UNEXPECTED = "(unexpected)"
"""Stands for all destinations that do not exist: their names are their senders' choice, and without number."""


class Tally:
    """Deliveries by destination and answer, breaches by rule, bytes by destination; they only grow."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.deliveries: Counter[tuple[str, str]] = Counter()
        """By destination, and by the class of the status: `2xx`, …, or `fault` for a cut connection."""
        self.violations: Counter[str] = Counter()
        """Breaches that a payload shows by itself, by rule."""
        self.bytes: Counter[str] = Counter()
        """Of bodies, after content decoding, by destination."""
        self.seen = 0
        """The number of the last delivery that was counted."""
        self.unexpected = 0
        """Deliveries for no destination, since the last reset."""

    def begin(self, seen: int, unexpected: int) -> None:
        """Count what comes after so many deliveries, which were recorded before anybody counted."""
        self.seen, self.unexpected = seen, unexpected

    def see(self, news: Iterable[Delivery]) -> None:
        """Count deliveries, the next in number."""
        for delivery in news:
            unexpected = delivery.unexpected
            destination = UNEXPECTED if unexpected else delivery.destination
            self.deliveries[destination, _answer_class(delivery)] += 1
            self.bytes[destination] += len(delivery.arrival.body)
            self.seen, self.unexpected = delivery.number, self.unexpected + unexpected
            for violation in delivery.violations:
                self.violations[violation.rule] += 1

    def restart(self) -> None:
        """Expect numbers to begin anew; all that was counted stays counted."""
        self.seen = self.unexpected = 0

    def add(self, other: Tally) -> None:
        """Take in all that `other` counted, whatever its destinations were called."""
        for (_, answer), count in other.deliveries.items():
            self.deliveries["", answer] += count
        self.violations.update(other.violations)
        self.bytes[""] += other.bytes.total()


def _answer_class(delivery: Delivery) -> str:
    reply = delivery.reply
    return f"{reply.status // 100}xx" if isinstance(reply, Respond) else "fault"
