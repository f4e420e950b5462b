"""The one port of the server: destination paths go to a receiver, all else to the control application."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any, Final, TypeAlias, cast

import orjson
from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpProcessingError, RawRequestMessage
from aiohttp.streams import StreamReader

from harness.adapters.server.bodies import read_body, shown, type_defect, whole_body
from harness.adapters.server.in_flight import InFlight
from harness.adapters.server.refusals import Refusals, refused_status
from harness.adapters.server.replies import send
from harness.adapters.server.requests import METHODS, Limits, RawReply, RawRequest, Receiver, locate, shared_headers
from harness.core.delivery import Defect

_Task: TypeAlias = "asyncio.Task[None]"
_ALLOW: Final = ("Allow", ", ".join(METHODS))
_LEFT: Final = 499
"""What proxies log for a client that left before its answer; it is never sent."""


class Front:
    """Serves destinations through `receive` and everything else through `control`, on one port.

    `control` brings its own body limit (`client_max_size`); its handlers read bodies with `bodies.read_body`, since
    nothing is decompressed on the way to them.
    """

    def __init__(
        self,
        *,
        receive: Receiver,
        control: web.Application,
        limits: Limits | None = None,
        refused: Refusals | None = None,
        in_flight: InFlight | None = None,
        stop_seconds: float = 5.0,
    ) -> None:
        self._receive = receive
        self._control = control
        self._limits = limits or Limits()
        self._stop_seconds = stop_seconds
        self._runner: _Runner | None = None
        self.refused = refused or Refusals()
        self._in_flight = in_flight or InFlight()

    async def start(self, host: str, port: int) -> str:
        """Listen, and return the URL with the port that was really taken; OSError where it cannot be had."""
        # Only the runner of an application hands out its handler and its request factory.
        control = web.AppRunner(self._control, access_log=None)
        await control.setup()
        web_server = cast("web.Server", control.server)
        server = _Server(self._receive, web_server, self._limits, self.refused, self._in_flight)
        runner = _Runner(server, self._control, shutdown_timeout=self._stop_seconds)
        await runner.setup()
        site = web.TCPSite(runner, host, port, backlog=1024)
        try:
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        return f"http://{f'[{host}]' if ':' in host else host}:{site.port}"

    async def stop(self) -> None:
        """Listen no more, answer what is being answered, close what is open; a second call does nothing."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()


class _Runner(web.ServerRunner):
    """Stops the control application in the order in which its own runner would: hooks, connections, clean-up."""

    def __init__(self, server: web.Server, control: web.Application, **options: Any) -> None:
        super().__init__(server, **options)
        self._application = control

    async def shutdown(self) -> None:
        await self._application.shutdown()

    async def cleanup(self) -> None:
        await super().cleanup()
        await self._application.cleanup()


class _Server(web.Server):
    """Chooses by the path who makes and who handles a request."""

    def __init__(
        self, receive: Receiver, control: web.Server, limits: Limits, refused: Refusals, in_flight: InFlight
    ) -> None:
        super().__init__(self._handle, request_factory=self._request)
        self._receive = receive
        self._control = control
        self._limits = limits
        self._refused = refused
        self._in_flight = in_flight
        self._running = asyncio.get_running_loop()

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, self._refused, self._limits, self._running)

    def _request(
        self, message: RawRequestMessage, payload: StreamReader, protocol: web.RequestHandler,
        writer: AbstractStreamWriter, task: _Task,
    ) -> web.BaseRequest:  # fmt: skip
        if locate(message.path) is None:
            return self._control.request_factory(message, payload, protocol, writer, task)
        return web.BaseRequest(message, payload, protocol, writer, task, self._running)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        location = locate(request.raw_path)
        if location is None:
            return await self._control.request_handler(request)
        arrived_at = time.time_ns() // 1000
        defect = _head_defect(request)
        body = whole_body(request, self._limits)
        if body is None:
            with self._in_flight.at(location.run, location.destination):
                body, defect = await read_body(request, self._limits, defect)
        reply = self._receive(
            RawRequest(
                run=location.run,
                destination=location.destination,
                method=request.method,
                path=location.path,
                headers=shared_headers(request.raw_headers),
                body=body,
                arrived_at=arrived_at,
                defect=defect,
            )
        )
        if not isinstance(reply, RawReply):
            with self._in_flight.at(location.run, location.destination):
                reply = await reply
        if defect is not None and defect.status == 405:
            reply = replace(reply, headers=(*reply.headers, _ALLOW))
        return await send(request, reply, arrived_at // 1_000_000)


class _Connection(web.RequestHandler):
    """One connection: keeps account of what its parser refuses."""

    __slots__ = ("_refused",)

    def __init__(self, server: web.Server, refused: Refusals, limits: Limits, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # None turns it off, as documented
            auto_decompress=False,
            max_line_size=limits.line,
            max_field_size=limits.field,
            max_headers=limits.fields,
            lingering_time=limits.linger_seconds,
        )
        self._refused = refused

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # aiohttp's C parser does not tell the body that it was reading when the framing breaks, and offers no hook:
        # whoever awaits that body would wait until the client leaves. Its queue shows the failure.
        if self._messages and not isinstance(self._messages[-1][0], RawRequestMessage):
            self._break_bodies()

    def resume_reading(self, resume_parser: bool = True) -> None:
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
        # A client that sends several requests at once and leaves: aiohttp drops those that it had not begun with.
        for message, _ in self._messages:
            if isinstance(message, RawRequestMessage):
                reason = f"the client left before {message.method} {message.path} was read"
                self._refused.add(peer=_host(self.peername), status=_LEFT, reason=reason)
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
        refusal = self._refused.add(peer=_host(self.peername), status=refused_status(exc), reason=reason)
        body = orjson.dumps({"error": "refused", "message": f"not a readable HTTP request: {refusal.reason}"})
        response = web.Response(status=refusal.status, body=body + b"\n", content_type="application/json")
        response.force_close()
        return response


def _head_defect(request: web.BaseRequest) -> Defect | None:
    """What the head of a request shows to be wrong."""
    if request.method not in METHODS:
        return Defect(
            status=405,
            message=f"a destination does not take this method; send {_ALLOW[1]}",
            expected=_ALLOW[1],
            actual=shown(request.method),
        )
    return type_defect(request.headers.get(hdrs.CONTENT_TYPE))


def _host(peername: object) -> str:
    return str(peername[0]) if isinstance(peername, tuple) else ""
