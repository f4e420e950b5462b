"""How long a destination takes to answer."""

from __future__ import annotations

import math
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from harness.core.behaviours.behaviour import Asked, Behaviour, Memory
from harness.core.behaviours.counting import counted
from harness.core.behaviours.drawing import fraction, normal
from harness.core.delivery import Reply
from harness.core.instants import Duration


class Spread(Protocol):
    """A distribution of durations."""

    def draw(self, seed: int, *labels: str) -> Duration:
        """One of them; equal seeds and labels give equal ones."""
        ...


class Fixed(Struct, frozen=True, kw_only=True):
    """Always the same."""

    duration: Duration

    def draw(self, seed: int, *labels: str) -> Duration:
        """That duration."""
        return self.duration


class Uniform(Struct, frozen=True, kw_only=True):
    """Anything between two bounds, all alike."""

    least: Duration
    most: Duration

    def draw(self, seed: int, *labels: str) -> Duration:
        """One between them."""
        return self.least + round((self.most - self.least) * fraction(seed, *labels))


class LogNormal(Struct, frozen=True, kw_only=True):
    """Mostly near the median, with a long tail, as real services answer."""

    median: Duration
    sigma: float
    """The standard deviation of the logarithm."""
    most: Duration
    """What is longer is cut to this."""

    def draw(self, seed: int, *labels: str) -> Duration:
        """One of them."""
        return min(round(self.median * math.exp(self.sigma * normal(seed, *labels))), self.most)


class Delayed(Struct, frozen=True, kw_only=True):
    """What `of` decides, later: the delay is drawn for each attempt at a message, whatever comes between."""

    spread: Spread
    seed: int
    of: Behaviour
    place: str

    def decide(self, asked: Asked, memory: Memory) -> Reply:
        """The same reply with its latency, on top of any that it has."""
        reply = self.of.decide(asked, memory)
        label, count = counted("message", self.place, asked, memory)
        drawn = self.spread.draw(self.seed, asked.arrival.destination, self.place, label, str(count))
        return replace(reply, latency=reply.latency + drawn)
