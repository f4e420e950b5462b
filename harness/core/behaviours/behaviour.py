"""What a behaviour is, what it is asked, and what it may remember."""

from __future__ import annotations

from collections.abc import Hashable, MutableMapping
from typing import Any, Protocol, Self, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from harness.core.attempts import Attempts
from harness.core.delivery import OK, Arrival, Payload, Reply, Violation
from harness.core.instants import Duration, Instant
from harness.core.members import message_key

Memory: TypeAlias = MutableMapping[Hashable, Any]
"""What behaviours remember, each under its own place in `replies`; the values are immutable, and a copy is whole."""


class Asked(Struct, frozen=True, kw_only=True):
    """One arrival that wants a reply."""

    arrival: Arrival
    number: int
    """The number that its delivery gets."""
    payloads: tuple[Payload, ...]
    """None where the body holds none, or is not read yet."""
    attempt: int
    """The highest count of attempts among the messages in it, this one included."""
    attempts: Attempts
    """How often each message came until now, this time included."""
    violations: tuple[Violation, ...]
    """What is wrong with it."""
    set_up_at: Instant
    """When the destination was set up, by the run's clock."""

    @property
    def elapsed(self) -> Duration:
        """How long ago the destination was set up when this came."""
        return self.arrival.received_at - self.set_up_at

    def item(self, index: int) -> Self:
        """The same about one of the payloads alone."""
        payload = self.payloads[index]
        return replace(
            self,
            payloads=(payload,),
            attempt=self.attempts.get(message_key(payload), 1),
            violations=tuple(found for found in self.violations if found.payload in (None, index)),
        )


class Behaviour(Protocol):
    """Chooses a reply, knowing what came and what it remembers."""

    def decide(self, asked: Asked, memory: Memory) -> Reply:
        """The reply to what came; `memory` is brought up to date."""
        ...


class Always(Struct, frozen=True, kw_only=True):
    """The same reply to everything."""

    reply: Reply = OK

    def decide(self, asked: Asked, memory: Memory) -> Reply:
        """That reply."""
        return self.reply


class Planned(Struct, frozen=True, kw_only=True):
    """A behaviour that was written as a mapping, beside what was written."""

    written: Any
    of: Behaviour
    closes_early: bool = False
    """Whether it may close a connection before the request is read whole."""

    def decide(self, asked: Asked, memory: Memory) -> Reply:
        """What the behaviour decides."""
        return self.of.decide(asked, memory)
