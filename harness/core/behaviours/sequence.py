"""One reply after the other."""

from __future__ import annotations

from msgspec import Struct

from harness.core.behaviours.behaviour import Asked, Behaviour, Memory
from harness.core.behaviours.counting import Per, counted
from harness.core.delivery import Reply


class Sequence(Struct, frozen=True, kw_only=True):
    """One behaviour after the other, for the attempts of each message, of each user, or for all arrivals."""

    steps: tuple[Behaviour, ...]
    """At least one; the last one repeats."""
    per: Per = "message"
    place: str = "sequence"

    def decide(self, asked: Asked, memory: Memory) -> Reply:
        """What the behaviour in that place decides."""
        _, count = counted(self.per, self.place, asked, memory)
        return self.steps[min(count, len(self.steps)) - 1].decide(asked, memory)
