"""What arrives at a destination, what it answers, and the record of both.

An `Arrival` is one HTTP request, undecided. A `Delivery` is that arrival with the payloads found in it, the
violations that each of them shows on its own, and the reply. Deliveries are what the ledger holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from harness.core.instants import Duration, Instant

Payload: TypeAlias = Mapping[str, Any]
Severity: TypeAlias = Literal["error", "warning"]
RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]


class Arrival(Struct, frozen=True):
    """One HTTP request as it came in; `body` is what was sent, after content decoding."""

    destination: str
    """The destination's name, as the path gave it."""
    method: str
    path: str
    """Path and query, as sent."""
    headers: RawHeaders
    body: bytes
    received_at: Instant
    """The run's clock."""
    arrived_at: Instant
    """The wall clock."""
    defect: Defect | None = None
    """Why the body could not be read whole, where that is so; `body` then holds what there is of it."""


class Defect(Struct, frozen=True, kw_only=True):
    """What was wrong with a request before its body could be looked at."""

    status: int
    """The fitting 4xx."""
    message: str
    expected: str
    actual: str


class Respond(Struct, frozen=True, kw_only=True):
    """An HTTP answer."""

    status: int
    items: tuple[int, ...] | None = None
    """A status for each payload, where the answer tells them apart."""
    body: Any = None
    """JSON to answer with; None means what the destination's kind acknowledges with."""
    text: str | None = None
    """Plain text to answer with, in place of JSON."""
    headers: tuple[tuple[str, str], ...] = ()
    latency: Duration = 0
    """How long the destination takes before it answers."""
    dribble: Duration = 0
    """How long the answer then takes to come, in small pieces."""
    because: str = ""
    """What made the destination answer so, where that is more than its plain habit."""


OK = Respond(status=200)

FaultName: TypeAlias = Literal["reset", "empty", "garbage", "malformed_chunk", "hang", "close_while_reading"]


class Fault(Struct, frozen=True, kw_only=True):
    """An answer that is no whole HTTP answer; `harness.core.behaviours.faults` says what each is."""

    name: FaultName
    latency: Duration = 0
    because: str = ""


Reply: TypeAlias = Respond | Fault


def accepts(reply: Reply, index: int) -> bool:
    """Whether `reply` tells a sender that it may forget the payload at `index`, where it tells payloads apart."""
    if not isinstance(reply, Respond):
        return False
    items = reply.items
    return 200 <= (reply.status if items is None or index >= len(items) else items[index]) < 300


class Violation(Struct, frozen=True, kw_only=True):
    """One breach of one rule."""

    rule: str
    message: str
    severity: Severity = "error"
    payload: int | None = None
    """Index of the payload in its delivery; None where the body as a whole, or a history, is meant."""
    path: str = "$"
    """JSONPath of the offending value within the payload."""
    expected: str = ""
    actual: str = ""
    deliveries: tuple[int, ...] = ()
    """Numbers of the deliveries that prove it, in order."""


class Delivery(Struct, frozen=True):
    """One attempt to deliver: what came, what it contained, what was answered."""

    number: int
    """1 for the first delivery of its run."""
    run: str
    destination: str
    kind: str | None
    """`event` or `list`; None where no such destination exists."""
    attempt: int
    """The highest count of attempts among the messages in it; 1 for a first attempt."""
    arrival: Arrival
    payloads: Sequence[Payload]
    violations: tuple[Violation, ...]
    reply: Reply
    unexpected: bool = False

    @property
    def accepted(self) -> bool:
        """Whether the sender was told that it may forget the delivery: a 2xx."""
        return isinstance(self.reply, Respond) and 200 <= self.reply.status < 300

    def accepts(self, index: int) -> bool:
        """Whether the sender was told that it may forget that payload, where the answer tells payloads apart."""
        return accepts(self.reply, index)
