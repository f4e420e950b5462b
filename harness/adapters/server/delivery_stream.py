"""The deliveries of a run as a stream of server-sent events, which goes on where it broke off."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import orjson
from aiohttp import hdrs, web

from harness.adapters.server.asking import Controlled, run_of
from harness.adapters.server.delivery_queries import AFTER, FILTERS
from harness.adapters.server.origins import refuse_foreign_origin
from harness.adapters.server.problems import Refused
from harness.adapters.server.routes import RUN, Answer, Parameter, Route, read_query
from harness.adapters.server.runs import Run
from harness.core.delivery import Delivery
from harness.core.ledger import Filter, filtered
from harness.core.records import delivery_record
from harness.core.rules.catalogue import RULES

_MEDIA: Final = "text/event-stream"
_MOST: Final = 100
"""Streams that may be open at once."""
_BATCH: Final = 1000
"""Deliveries that are looked at in one go."""
_PIECE: Final = 256 * 1024
"""Bytes, and one event more, that are held for a slow reader."""
_LAST_ID: Final = "Last-Event-ID"
_ID: Final = re.compile(r"([0-9a-f]{1,20}\.[0-9]{1,18}):([0-9]{1,18})")
_RESUMED: Final = Parameter(
    name=_LAST_ID,
    description="The id of the last event that came; the stream goes on behind it. It goes before `after`.",
    schema={"type": "string", "pattern": f"^{_ID.pattern}$"},
    read=str,
)
_DETAIL: Final = (
    "Begins with what is recorded, behind `after`, and goes on with what comes. Events are `delivery` (a record), "
    "`reset` (the run forgot; numbers begin anew) and `end` (the run is closed, or the server stops). Rules over a "
    "history cannot be streamed."
)


class DeliveryStream:
    """Streams deliveries to any number of readers, each at its own pace."""

    def __init__(self, server: Controlled) -> None:
        """Serve the runs of `server`."""
        self._server = server
        self.open = 0
        """How many streams are open."""

    def routes(self) -> list[Route]:
        """Its route."""
        return [
            Route(
                method="GET", path=RUN + "/deliveries/stream", handler=self._stream, tag="Deliveries",
                summary="Follow deliveries as server-sent events", detail=_DETAIL, query=(*FILTERS, AFTER),
                headers=(_RESUMED,), problems=(400, 403, 404, 503),
                answers={200: Answer(description="Events, for as long as the run lasts.", media=_MEDIA)},
            )
        ]  # fmt: skip

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        refuse_foreign_origin(request)
        run = run_of(self._server, request)
        asked = read_query(request, (*FILTERS, AFTER))
        reading = _Reading(run, asked.pop("after", 0), Filter(**asked))
        if _LAST_ID in request.headers:
            reading.resume(request.headers[_LAST_ID])
        response = web.StreamResponse(headers={hdrs.CACHE_CONTROL: "no-store", "X-Accel-Buffering": "no"})
        response.content_type = _MEDIA
        with self._counted():
            await response.prepare(request)
            if request.method != hdrs.METH_HEAD:
                await self._send_all(request, response, reading)
        return response

    @contextmanager
    def _counted(self) -> Iterator[None]:
        if self.open >= _MOST:
            raise Refused(503, f"{_MOST} streams are open already", "close one, or list deliveries with `wait`")
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1

    async def _send_all(self, request: web.Request, response: web.StreamResponse, reading: _Reading) -> None:
        """Send events until the run ends; a reader that takes nothing for too long is cut off, and may come back."""
        limits = self._server.limits
        try:
            while events := await reading.events(limits.heartbeat_seconds):
                async with asyncio.timeout(limits.stall_seconds):
                    await response.write(events)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass  # the reader left
        else:
            await response.write(_event("end", {"run": reading.run.name}))


class _Reading:
    """One reader's place in a run's deliveries. What it has not taken yet stays in the ledger, not in a buffer."""

    def __init__(self, run: Run, after: int, asked: Filter) -> None:
        """Read behind the number `after`; ValueError where a rule over the history is asked for."""
        if asked.rule is not None and RULES[asked.rule].history is not None:
            raise ValueError(
                f"{asked.rule} judges a history, which is never over: list deliveries with rule={asked.rule}"
            )
        self.run = run
        self._asked = asked
        self._seen = after
        self._epoch = run.epoch
        self._begun = False

    def resume(self, last_id: str) -> None:
        """Read behind the event with that id; ValueError where no event has such an id."""
        found = _ID.fullmatch(last_id)
        if found is None:
            raise ValueError(f"{_LAST_ID}: {last_id[:80]!r} is no id of an event: send the last one that came, or none")
        self._epoch, self._seen = found[1], int(found[2])

    async def events(self, heartbeat: float) -> bytes:
        """The next events, or a heartbeat where there are none for so many seconds; nothing once the run is over."""
        if not self._begun:
            self._begun = True
            return f": deliveries of run {self.run.name}\n\n".encode()
        while True:
            if self._epoch != self.run.epoch:
                self._epoch, self._seen = self.run.epoch, 0
                return _event("reset", {"run": self.run.name}, f"{self._epoch}:0")
            if events := self._news():
                return events
            try:
                async with asyncio.timeout(heartbeat):
                    if not await self.run.changed():
                        return b""
            except TimeoutError:
                return b": still here\n\n"

    def _news(self) -> bytes:
        """Events for what came since; what the filter does not admit is passed by."""
        while news := self._batch():
            piece = bytearray()
            for delivery in filtered(news, self._asked):
                piece += self._delivered(delivery)
                if len(piece) >= _PIECE:
                    self._seen = delivery.number
                    return bytes(piece)
            self._seen = news[-1].number
            if piece:
                return bytes(piece)
        return b""

    def _batch(self) -> Sequence[Delivery]:
        return self.run.ledger.deliveries(self._seen)[:_BATCH]

    def _delivered(self, delivery: Delivery) -> bytes:
        return _event("delivery", delivery_record(delivery), f"{self._epoch}:{delivery.number}")


def _event(name: str, data: Any, event_id: str | None = None) -> bytes:
    """One event; JSON has no line breaks, so its data is one line."""
    head = f"id: {event_id}\nevent: {name}\n" if event_id is not None else f"event: {name}\n"
    return head.encode() + b"data: " + orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS) + b"\n\n"
