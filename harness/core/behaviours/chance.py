"""Failure by chance, from a seed."""

from __future__ import annotations

from msgspec import Struct

from harness.core.behaviours.behaviour import Asked, Behaviour, Memory
from harness.core.behaviours.counting import Per, counted
from harness.core.behaviours.drawing import fraction
from harness.core.behaviours.reasons import because
from harness.core.delivery import Reply


class Chance(Struct, frozen=True, kw_only=True):
    """A share of the attempts gets `reply`, the others what `otherwise` decides.

    Drawn for each attempt at a message, whatever comes between; or for each attempt of a user, or each arrival.
    """

    share: float
    """From 0 to 1."""
    seed: int
    per: Per
    reply: Behaviour
    otherwise: Behaviour
    place: str

    def decide(self, asked: Asked, memory: Memory) -> Reply:
        """One or the other; its reason names the seed, so that it can be played again."""
        label, count = counted(self.per, self.place, asked, memory)
        drawn = fraction(self.seed, asked.arrival.destination, self.place, label, str(count))
        if drawn >= self.share:
            return self.otherwise.decide(asked, memory)
        return because(self.reply.decide(asked, memory), f"chance {self.share:g}, seed {self.seed}")
