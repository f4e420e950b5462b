"""Clocks of runs: one that stands until it is moved, one that follows the wall clock."""

from __future__ import annotations

import time

from harness.core.clock import Charges
from harness.core.instants import SECOND, Duration, Instant, isoformat, parse_instant

VIRTUAL_START: Instant = 1_767_603_600_000_000
"""2026-01-05T09:00:00Z, a Monday: when every virtual clock begins, so that a run's output is the same each time."""

LATEST: Instant = parse_instant("9000-01-01T00:00:00Z")
"""No run's clock is moved beyond it: a thousand years later, dates can no longer be written."""
_MEANWHILE: Duration = SECOND
"""How long ago a present may have been that somebody read and asks for again."""


def wall_clock() -> Instant:
    """The time outside of all runs."""
    return time.time_ns() // 1000


class VirtualClock:
    """Stands still until it is moved."""

    def __init__(self, start: Instant = VIRTUAL_START) -> None:
        """Stand at `start`."""
        self._now = start
        self._charges = Charges()

    def now(self) -> Instant:
        """Where it stands."""
        return self._now

    def set(self, instant: Instant) -> None:
        """Move it on to `instant`; ValueError where that lies in its past."""
        _refuse(self._now, instant)
        self._now = instant

    @property
    def charges(self) -> Charges | None:
        """Where waiting is charged to, as nothing moves this clock but its sender."""
        return self._charges


class FollowingClock:
    """Follows the wall clock, ahead of it by as much as it was ever jumped."""

    def __init__(self) -> None:
        """Begin at the wall clock's time."""
        self._ahead = 0

    def now(self) -> Instant:
        """The wall clock's time, and the jumps."""
        return wall_clock() + self._ahead

    def set(self, instant: Instant) -> None:
        """Jump to `instant`; ValueError where that lies in its past, the last second aside: it goes on by itself."""
        now = self.now()
        _refuse(now, instant, grace=_MEANWHILE)
        self._ahead += max(0, instant - now)

    @property
    def charges(self) -> Charges | None:
        """None: whoever goes by this clock waits in real time."""
        return None


def _refuse(now: Instant, instant: Instant, *, grace: Duration = 0) -> None:
    if instant > LATEST:
        raise ValueError(f"a run's clock goes no further than {isoformat(LATEST)}: move it by less")
    if instant < now - grace:
        raise ValueError(f"a run's clock does not go back: it is {isoformat(now)}, not {isoformat(instant)}")
