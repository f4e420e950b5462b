"""Clocks of runs: one that stands until it is moved, one that follows the wall clock."""

from __future__ import annotations

import time

from harness.core.instants import Instant, isoformat

VIRTUAL_START: Instant = 1_767_603_600_000_000
"""2026-01-05T09:00:00Z, a Monday: when every run on a virtual clock begins, so that its output is the same each time."""


def wall_clock() -> Instant:
    """The time outside of all runs."""
    return time.time_ns() // 1000


class VirtualClock:
    """Stands still until it is moved."""

    def __init__(self, start: Instant = VIRTUAL_START) -> None:
        """Stand at `start`."""
        self._now = start

    def now(self) -> Instant:
        """Where it stands."""
        return self._now

    def set(self, instant: Instant) -> None:
        """Move it on to `instant`; ValueError where that lies in its past."""
        _refuse_past(self._now, instant)
        self._now = instant


class FollowingClock:
    """Follows the wall clock, ahead of it by as much as it was ever jumped."""

    def __init__(self) -> None:
        """Begin at the wall clock's time."""
        self._ahead = 0

    def now(self) -> Instant:
        """The wall clock's time, and the jumps."""
        return wall_clock() + self._ahead

    def set(self, instant: Instant) -> None:
        """Jump to `instant`; ValueError where that lies in its past."""
        now = self.now()
        _refuse_past(now, instant)
        self._ahead += instant - now


def _refuse_past(now: Instant, instant: Instant) -> None:
    if instant < now:
        raise ValueError(f"a run's clock does not go back: it is {isoformat(now)}, not {isoformat(instant)}")
