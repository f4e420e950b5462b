"""One connection: answers what can be answered at once, and keeps account of what its parser refuses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial
from typing import Final, TypeAlias

from aiohttp import web
from aiohttp.http import HttpProcessingError, RawRequestMessage
from aiohttp.streams import StreamReader

from harness.adapters.server.admission import Admitted, host_of
from harness.adapters.server.heads import Head, Heads, is_plain
from harness.adapters.server.in_flight import InFlight
from harness.adapters.server.manners import reset
from harness.adapters.server.parser import Parser
from harness.adapters.server.refusals import Refusals, refused_status
from harness.adapters.server.replies import render
from harness.adapters.server.requests import (
    Limits,
    Location,
    Owed,
    RawReply,
    RawRequest,
    Receiver,
    locate,
    shared_headers,
)

Begun: TypeAlias = RawReply | Awaitable[RawReply] | Exception
"""What became of receiving a request: its reply, now or later, or why there is none."""
_LEFT: Final = 499
"""What proxies log for a client that left before its answer; it is never sent."""


class Connection(Admitted):
    """Receives whole requests to destinations as they come in, and leaves all else to aiohttp's own way.

    That way wakes one task and starts another for each request, which costs more than receiving it does.
    """

    __slots__ = ("_begun", "_gone", "_heads", "_held", "_in_flight", "_owed", "_own", "_paid", "_read", "_receive")

    def __init__(
        self,
        server: web.Server,
        *,
        receive: Receiver,
        refused: Refusals,
        in_flight: InFlight,
        heads: Heads,
        limits: Limits,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(
            server,
            refused=refused,
            limits=limits,
            loop=loop,
            access_log=None,  # None turns it off, as documented
            auto_decompress=False,
            max_line_size=limits.line,
            max_field_size=limits.field,
            max_headers=limits.fields,
            lingering_time=limits.linger_seconds,
        )
        self._receive = receive
        self._in_flight = in_flight
        self._heads = heads
        self._read: Head | None = None
        """The head of the request that was just read and answered."""
        self._begun: Begun | None = None
        self._gone: asyncio.Event | None = None
        self._owed: Location | None = None
        """Where the request went whose reply is waited for; nothing else of this connection is looked at meanwhile."""
        self._held = b""
        """What came in meanwhile."""
        self._paid: asyncio.Event | None = None
        """Where the server stops while a reply is waited for: set once that is written."""
        self._own = Parser(self, limits, loop)
        self._parser = self._own  # type: ignore[assignment]  # it stands in for the one it wraps

    def answers(self, message: RawRequestMessage, payload: StreamReader) -> bool:
        """Whether the request that was just read is answered already.

        Where its reply has to be waited for, or is none, the request goes on its way with what was begun.
        """
        location = locate(message.path)
        if location is None or not self._at_rest() or not is_plain(message, payload, self._limits):
            return False
        if self._begun is not None:
            return False  # it was received by its head, and only its answer is not so plain
        body = payload.read_nowait()
        head = Head(location, message.method, shared_headers(message.raw_headers), len(body))
        if not self._answers(head, body):
            return False
        self._read = head
        return True

    def _answers(self, head: Head, body: bytes) -> bool:
        """Whether a plain request is answered already; where it is not, what was begun for it is kept."""
        location, method, headers, _ = head
        arrived_at = time.time_ns() // 1000
        try:
            # By position: by name, making it would take twice as long.
            request = RawRequest(
                location.run, location.destination, method, location.path, headers, body, arrived_at, None
            )
            reply = self._receive(request)
        except Exception as error:  # noqa: BLE001  # raised again where aiohttp answers and logs it
            self._begun = error
            return False
        if isinstance(reply, Owed) and reply.reply is None and reply.plain:
            self._owed = location
            self._in_flight.enter(location.run, location.destination)
            reply.then(partial(self._pay, arrived_at // 1_000_000, location))  # a closure would cost every request
            return True
        if not isinstance(reply, RawReply) or reply.manner or not self._write(reply, arrived_at // 1_000_000):
            self._begun = reply
            return False
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        return True

    def _pay(self, second: int, owed: Location, reply: RawReply) -> None:
        """Write the reply that was waited for, and go on with what came in meanwhile."""
        self._owed = None
        self._in_flight.leave(owed.run, owed.destination)
        if self._paid is not None:
            self._paid.set()
        if self.transport is None:
            return
        if not self._write(reply, second):
            reset(self.transport)
            return
        if self._paid is not None:
            super().close()
            return
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        held, self._held = self._held, b""
        if held:
            self.transport.resume_reading()
            self.data_received(held)

    def _write(self, reply: RawReply, second: int) -> bool:
        """Whether `reply`, dated `second`, is one that can be written, and the client is there."""
        if self.transport is None:
            return False
        try:
            self.transport.write(render(reply, second, head_only=False, modern=True, keep_alive=True))
        except ValueError:
            return False
        return True

    def take_begun(self) -> Begun | None:
        """What the request being handled was received with, where `answers` did that; the next has none of it."""
        begun, self._begun = self._begun, None
        return begun

    async def stays(self, seconds: float | None) -> bool:
        """Whether the client is still there after so many seconds; None: once it is not, or the server stops."""
        if self.transport is None or self.transport.is_closing():
            return False
        self._gone = self._gone or asyncio.Event()
        try:
            async with asyncio.timeout(seconds):
                await self._gone.wait()
        except TimeoutError:
            return True
        return False

    async def shutdown(self, timeout: float | None = 15.0) -> None:  # noqa: ASYNC109  # aiohttp's own signature
        """Answer what is being answered, for at most so many seconds, and close; nobody is kept waiting on purpose."""
        self._leave()
        if self._paid is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._paid.wait(), timeout)
        await super().shutdown(timeout)

    def close(self) -> None:
        """Take no more requests, and close once what came is answered, which may wait for a commit."""
        if self._owed is None:
            super().close()
        else:
            self._paid = asyncio.Event()

    def _leave(self) -> None:
        """Let replies that are waited with be given up."""
        if self._gone is not None:
            self._gone.set()

    def _at_rest(self) -> bool:
        """Whether nothing else of this connection is being handled, or waits to be, and its client reads on."""
        waiter = self._waiter
        return waiter is not None and not waiter.done() and not self._messages and not self._paused

    def data_received(self, data: bytes) -> None:
        """Take what came in."""
        if self._owed is not None:
            self._hold(data)
            return
        fresh = self._own.clean and self._at_rest()
        if fresh and (head := self._heads.find(data)) is not None and self._answers(head, data[-head.length :]):
            return
        super().data_received(data)
        read, self._read = self._read, None
        if fresh and read is not None and self._own.clean:
            self._heads.learn(data, read)
        if self._own.broken:
            super().data_received(b"")  # now that what stood before the breach is on its way
        # aiohttp's C parser does not tell the body that it was reading when the framing breaks, and offers no hook:
        # whoever awaits that body would wait until the client leaves. Its queue shows the failure.
        if self._messages and not isinstance(self._messages[-1][0], RawRequestMessage):
            self._break_bodies()

    def looked_at(self, found: bool, data: bytes) -> None:
        """Take note of whether `data` made a request whole, or at least its head."""
        if found:
            self._head.end()
        elif self._at_rest() and data.strip():  # some clients end a body with a line break too many
            self._head.begin()

    @property
    def waits_for_reader(self) -> bool:
        """Whether it reads no more until somebody has read what there is of a body."""
        return self._reading_paused

    def _hold(self, data: bytes) -> None:
        """Keep what a client sends before it has the answer to its last request; it can wait with more of it."""
        self._held += data
        if self.transport is not None:
            self.transport.pause_reading()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Read on, where reading was paused."""
        # Bodies call this after every read; unless reading was paused, all that it does is feed the parser nothing.
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def _break_bodies(self) -> None:
        open_bodies = [payload for _, payload in self._messages]
        if self._current_request is not None:
            open_bodies.append(self._current_request.content)
        for payload in open_bodies:
            if not payload.is_eof():
                payload.set_exception(web.RequestPayloadError("the framing of the body is broken"))
                payload.feed_eof()  # or aiohttp would wait for the rest

    def connection_lost(self, exc: BaseException | None) -> None:
        """Note what nobody will answer any more."""
        # A client that sends several requests at once and leaves: aiohttp drops those that it had not begun with.
        if self._held:
            reason = "the client left before it had the answer to its last request, and what it sent next was not read"
            self._refused.add(peer=host_of(self.peername), status=_LEFT, reason=reason)
        for message, _ in self._messages:
            if isinstance(message, RawRequestMessage):
                reason = f"the client left before {message.method} {message.path} was read"
                self._refused.add(peer=host_of(self.peername), status=_LEFT, reason=reason)
        self._leave()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Refuse what the parser could not read; leave failures of our own to aiohttp, which logs them."""
        if isinstance(exc, ConnectionError) and (self.transport is None or self.transport.is_closing()):
            raise exc  # the client left: aiohttp ends the connection without a word, as it does while it answers
        if not isinstance(exc, HttpProcessingError | web.RequestPayloadError):
            return super().handle_error(request, status, exc, message)
        reason = " ".join((message or str(exc)).split()).removesuffix(" ^")
        reply = self._refused.answer(peer=host_of(self.peername), status=refused_status(exc), reason=reason)
        response = web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)
        response.force_close()
        return response
