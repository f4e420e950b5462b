"""The two clocks of a run, as a protocol: what time it is there, and how to move it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from msgspec import Struct

from harness.core.instants import Duration, Instant


class Charges(Struct, kw_only=True):
    """What replies take on a clock that stands still: charged to the one sender who goes by it, instead of waited for.

    That sender says how long it would wait before it sends, and asks what it was charged once it has its reply. Whoever
    else sends, such as a real client, says nothing and waits in real time.
    """

    patience: Duration | None = None
    """How long the sender whose request is under way waits for its reply; None: nobody goes by the clock."""
    charged: Duration = 0
    """What its reply took, at most its patience."""

    def charge(self, latency: Duration | None) -> bool:
        """Whether the sender still waits when a reply comes so late; None: it never comes."""
        patience = self.patience or 0
        self.charged = patience if latency is None else min(latency, patience)
        return self.charged < patience


@contextmanager
def going_by(clock: Clock, patience: Duration) -> Iterator[Charges | None]:
    """Meanwhile one request is under way whose sender goes by `clock` and waits so long; what that is charged to.

    None where the clock goes on by itself, so that everybody waits in real time.
    """
    charges = clock.charges
    if charges is None:
        yield None
        return
    charges.patience, charges.charged = patience, 0
    try:
        yield charges
    finally:
        charges.patience = None


class Clock(Protocol):
    """A run's clock."""

    def now(self) -> Instant:
        """The time in the run."""
        ...

    def set(self, instant: Instant) -> None:
        """Make it `instant`; ValueError where that lies in the run's past."""
        ...

    @property
    def charges(self) -> Charges | None:
        """Where waiting is charged to; None for a clock that goes on by itself."""
        ...
