"""The two clocks of a run, as a protocol: what time it is there, and how to move it."""

from __future__ import annotations

from typing import Protocol

from harness.core.instants import Instant


class Clock(Protocol):
    """A run's clock."""

    def now(self) -> Instant:
        """The time in the run."""
        ...

    def set(self, instant: Instant) -> None:
        """Make it `instant`; ValueError where that lies in the run's past."""
        ...
