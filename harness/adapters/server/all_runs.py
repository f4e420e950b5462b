"""All runs of a server, and what came for runs that do not exist."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator

import orjson
from msgspec.structs import replace

from harness.adapters.server.happenings import happened
from harness.adapters.server.requests import RawReply, RawRequest
from harness.adapters.server.runs import Run
from harness.adapters.server.tally import Tally
from harness.core.spelling import near_miss

_LISTED_LOST = 1000
_KEPT_OF_LOST = 64 * 1024
"""Bytes that are kept of a lost body."""


class Runs:
    """All runs of a server, and what came for runs that do not exist."""

    def __init__(self) -> None:
        """Start without any."""
        self._runs: dict[str, Run] = {}
        self._ends: dict[str, str] = {}
        """How each run that was ever opened ended, or would end, in words."""
        self.closed = Tally()
        """What runs recorded that are closed now."""
        self.lost: deque[RawRequest] = deque(maxlen=_LISTED_LOST)
        """The last requests for runs that were closed, or never opened."""
        self.lost_count = 0
        self.stray_count = 0
        """How many of the lost were for runs that were never opened: nobody knows whose they are."""

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs.values())

    def get(self, name: str) -> Run | None:
        """The run of that name; None where it was never opened, or is closed."""
        return self._runs.get(name)

    def open(self, name: str, make: Callable[[], Run]) -> Run:
        """The run of that name, made where there is none."""
        run = self._runs.get(name)
        if run is None:
            run = self._runs[name] = make()
            run.strays_before = self.stray_count
            self._ends[name] = "is closed"
        return run

    def close(self, name: str, how: str = "is closed") -> Run | None:
        """Take the run of that name out; None where there is none. Whoever waits for more in it waits no longer.

        `how` tells those who still send what became of it.
        """
        run = self._runs.pop(name, None)
        if run is not None:
            self._ends[name] = how
            self.closed.add(run.tally())
            run.release()
        return run

    def receive(self, request: RawRequest) -> RawReply | Awaitable[RawReply]:
        """Hand a request to its run; one for no run is kept as lost and answered 410."""
        run = self._runs.get(request.run)
        if run is not None:
            return run.receive(request)
        return RawReply(status=410, body=orjson.dumps({"error": self.lose(request)}, option=orjson.OPT_APPEND_NEWLINE))

    def lose(self, request: RawRequest) -> str:
        """Keep a request for a run that is not there; what to tell its sender."""
        end = self._ends.get(request.run)
        self.lost.append(replace(request, body=request.body[:_KEPT_OF_LOST]))
        self.lost_count += 1
        self.stray_count += end is None
        name = request.run[:200]
        happened("lost", f"a request came for run {name!r}, which is not there", run=name)
        return f"the run {name!r} {end}" if end else f"there is no run {name!r}{near_miss(name, list(self._runs))}"
