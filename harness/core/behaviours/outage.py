"""Times at which a destination is down."""

from __future__ import annotations

from msgspec import Struct

from harness.core.behaviours.behaviour import Asked, Behaviour, Memory
from harness.core.behaviours.reasons import because
from harness.core.delivery import Reply
from harness.core.instants import Duration, format_duration


class Outage(Struct, frozen=True, kw_only=True):
    """Within a window of time what `reply` decides, outside of it what `otherwise` decides.

    The window counts from the destination's set-up, by the run's clock, and comes again every so often.
    """

    begin: Duration
    end: Duration | None
    """The first moment after it; None: it never ends."""
    every: Duration | None
    """None: it comes once."""
    reply: Behaviour
    otherwise: Behaviour

    def decide(self, asked: Asked, memory: Memory) -> Reply:
        """One or the other."""
        elapsed = asked.elapsed
        within = elapsed if self.every is None else elapsed % self.every
        if within < self.begin or (self.end is not None and within >= self.end):
            return self.otherwise.decide(asked, memory)
        return because(self.reply.decide(asked, memory), f"outage, {format_duration(elapsed)} after set-up")
