"""How a ledger keeps deliveries: for how long it may, what it lost, and the way to a durable one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from harness.core.delivery import Delivery
from harness.core.instants import Duration, Instant, format_duration

Cause: TypeAlias = Literal["max", "max_age", "max_bytes", "failed"]
_TOLD_CAUSES: Final = 20
RECENT_MESSAGES: Final = 100_000
"""Messages of a destination whose attempts are remembered where memory is not to grow with what comes."""


class Bounds(Struct, frozen=True, kw_only=True):
    """How much each run may keep; None means all of it. What is too much is dropped, the oldest first."""

    max: int | None = None
    """Deliveries."""
    max_age: Duration | None = None
    """How long ago the oldest may have arrived."""
    max_bytes: int | None = None
    """Bytes of bodies and headers."""

    def __bool__(self) -> bool:
        return (self.max, self.max_age, self.max_bytes) != (None, None, None)

    def excess(self, *, kept: int, size: int, oldest: Instant, now: Instant) -> Cause | None:
        """Why the oldest of so many deliveries has to go, which arrived at `oldest`; None where it may stay.

        The last one stays, whatever its size.
        """
        if kept <= 1:
            return None
        if self.max is not None and kept > self.max:
            return "max"
        if self.max_bytes is not None and size > self.max_bytes:
            return "max_bytes"
        return "max_age" if self.max_age is not None and oldest < now - self.max_age else None

    def told(self, cause: Cause) -> str:
        """The bound that `cause` names, as it is written."""
        match cause:
            case "max_age":
                return f"max_age={format_duration(self.max_age or 0)}"
            case "max" | "max_bytes":
                return f"{cause}={getattr(self, cause)}"
            case "failed":
                return "no bound"


class Loss(Struct, frozen=True, kw_only=True):
    """Deliveries that came and that the ledger has no longer, or never had as they were answered."""

    cause: Cause
    count: int
    first: int
    last: int
    """Numbers of the first and the last of them."""
    why: str = ""
    """Which bound it was, or what the ledger's storage said."""

    def words(self) -> str:
        """What happened, and how to mend it."""
        they = f"{self.count} deliver{'y' if self.count == 1 else 'ies'}"
        which = f"number {self.first}" if self.first == self.last else f"numbers {self.first} to {self.last}"
        if self.cause == "failed":
            return (
                f"not kept: {they} ({which}) were answered 503, since the ledger could not be written: {self.why}; "
                "mend that, and reset the run"
            )
        return (
            f"dropped: {they} ({which}), since the ledger keeps no more ({self.why}): nobody can judge them any more; "
            "allow it more, or reset the run before it is full"
        )


class Losses:
    """The losses of one run, by cause."""

    def __init__(self, known: Iterable[Loss] = ()) -> None:
        """Begin with those that are known."""
        self._counts: dict[tuple[Cause, str], list[int]] = {
            (each.cause, each.why): [each.count, each.first, each.last] for each in known
        }

    def __bool__(self) -> bool:
        return bool(self._counts)

    def add(self, cause: Cause, number: int, why: str) -> None:
        """Note that the delivery of that number is lost."""
        key = cause, why
        counts = self._counts.get(key)
        if counts is None:
            if len(self._counts) >= _TOLD_CAUSES:  # words of the operating system could differ each time
                key = next((known for known in self._counts if known[0] == cause), key)
            counts = self._counts.setdefault(key, [0, number, number])
        counts[0] += 1
        counts[1] = min(counts[1], number)
        counts[2] = max(counts[2], number)

    def all(self) -> tuple[Loss, ...]:
        """Each of them."""
        return tuple(
            Loss(cause=cause, why=why, count=count, first=first, last=last)
            for (cause, why), (count, first, last) in self._counts.items()
        )

    def clear(self) -> None:
        """Forget them."""
        self._counts.clear()


class LedgerFailed(Exception):
    """A ledger cannot be opened or read; the message says which, why, and how to mend it."""


class Committing:
    """A delivery on its way into a durable ledger: nobody may be told of it before it has arrived there."""

    __slots__ = ("_then", "delivery", "failure", "settled")

    def __init__(self, delivery: Delivery) -> None:
        """Wait for `settle`."""
        self.delivery = delivery
        self.settled = False
        self.failure: str | None = None
        """Why it could not be kept; None where it is."""
        self._then: Callable[[Committing], None] | None = None

    def then(self, do: Callable[[Committing], None]) -> None:
        """Call `do` once it is known whether it is kept; at once where it is."""
        if self.settled:
            do(self)
        else:
            self._then = do

    def settle(self, failure: str | None) -> None:
        """Say that it is kept, or why it is not."""
        self.settled, self.failure = True, failure
        do, self._then = self._then, None
        if do is not None:
            do(self)


def size_of(delivery: Delivery) -> int:
    """The bytes that `max_bytes` counts: body and headers."""
    arrival = delivery.arrival
    return len(arrival.body) + sum(len(name) + len(value) for name, value in arrival.headers)
