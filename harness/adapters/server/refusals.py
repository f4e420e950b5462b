"""What the HTTP layer refused before anything could read it: counted exactly, listed within bounds."""

from __future__ import annotations

import time
from collections import deque

import orjson
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from msgspec import Struct

from harness.adapters.server.bodies import shown
from harness.adapters.server.happenings import happened
from harness.adapters.server.requests import RawReply
from harness.core.instants import Instant


class Refusal(Struct, frozen=True, kw_only=True):
    """One request, or what was meant as one, that could not be read."""

    at: Instant
    """The wall clock."""
    peer: str
    """The client's address; empty where it is not known."""
    status: int
    """What was answered, or would have been had the client waited."""
    reason: str


class Refusals:
    """All refusals since the start, or since `clear`; of many, the first `listed` are kept."""

    def __init__(self, *, listed: int = 1000) -> None:
        self._limit = listed
        self._first: deque[Refusal] = deque()
        self.count = 0

    def add(self, *, peer: str, status: int, reason: str) -> Refusal:
        """Count a refusal, and list it while there is room."""
        refusal = Refusal(at=time.time_ns() // 1000, peer=peer, status=status, reason=shown(reason))
        self.count += 1
        happened("refused", f"a request could not be read: {refusal.reason}", peer=peer, status=status)
        if len(self._first) < self._limit:
            self._first.append(refusal)
        return refusal

    def answer(self, *, peer: str, status: int, reason: str) -> RawReply:
        """Add a refusal, and say what to answer."""
        refusal = self.add(peer=peer, status=status, reason=reason)
        body = orjson.dumps({"error": "refused", "message": f"not a readable HTTP request: {refusal.reason}"})
        return RawReply(status=status, body=body + b"\n")

    def list(self) -> tuple[Refusal, ...]:
        """The refusals that are kept, oldest first."""
        return tuple(self._first)

    def clear(self) -> None:
        """Forget all of them, and start counting at 0."""
        self._first.clear()
        self.count = 0


def refused_status(error: BaseException | None) -> int:
    """The 4xx that fits what the parser said."""
    too_much = isinstance(error, HttpProcessingError) and error.message.startswith("Too many headers")
    return 431 if too_much or isinstance(error, LineTooLong) else 400
