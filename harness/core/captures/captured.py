"""One delivery as a capture tells of it, and what can be wrong with the telling."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from harness.core.delivery import OK, RawHeaders, Reply, Respond
from harness.core.destinations.bodies import Unpacked, malformed
from harness.core.instants import Instant


class Defaults(Struct, frozen=True, kw_only=True):
    """What holds for records that do not say it themselves."""

    destination: str | None = None
    kind: str | None = None
    """None: told by the form of what was sent."""


SILENT = Defaults()


class Captured(Struct, frozen=True, kw_only=True):
    """One delivery, unpacked but not judged."""

    unpacked: Unpacked
    kind: str = "event"
    destination: str | None = None
    """None where nothing says to which destination it went."""
    reply: Reply = OK
    """Accepted, where the capture does not say."""
    received_at: Instant = 0
    arrived_at: Instant = 0
    """0 where the capture does not say."""
    run: str = ""
    unexpected: bool = False
    """Whether it went to a destination that does not exist."""
    size: int = 0
    """How many bytes the body had; where the capture has no body, at most so many."""
    exact: bool = False
    """Whether `size` is known and no mere bound."""
    agent: str = ""
    """The `User-Agent` of the request."""
    number: int | None = None
    """Its number in its run, where the capture says so."""
    formless: bool = False
    """Whether it is JSON in none of the forms in which a capture tells of a delivery."""
    misread: bool = False
    """Whether the record that tells of it is wrong, and not what was sent."""

    @property
    def accepted(self) -> bool:
        """Whether its sender was told that it may forget it: a 2xx."""
        return isinstance(self.reply, Respond) and 200 <= self.reply.status < 300


@lru_cache(maxsize=256)
def agent_header(agent: str) -> RawHeaders:
    """The headers of a request of which nothing is known but its `User-Agent`; none where that is empty."""
    return ((b"user-agent", agent.encode()),) if agent else ()


class NotARecord(Exception):
    """Something in a capture that tells of no delivery: what is wrong, what was expected, what is there."""

    def __init__(self, message: str, expected: str, actual: str) -> None:
        super().__init__(message, expected, actual)
        self.unpacked = malformed(message, expected, actual)
