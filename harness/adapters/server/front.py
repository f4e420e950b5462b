"""The one port of the server: destination paths go to a receiver, all else to the control application."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from ssl import SSLContext
from typing import Any, Final, TypeAlias, cast

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.streams import StreamReader
from msgspec.structs import replace

from harness.adapters.server.bodies import read_body, read_half, shown, type_defect
from harness.adapters.server.connection import Begun, Connection
from harness.adapters.server.heads import Heads
from harness.adapters.server.in_flight import InFlight
from harness.adapters.server.refusals import Refusals
from harness.adapters.server.replies import send
from harness.adapters.server.requests import (
    METHODS,
    Limits,
    Location,
    RawReply,
    RawRequest,
    Receiver,
    locate,
    shared_headers,
)
from harness.core.delivery import Defect

_Task: TypeAlias = "asyncio.Task[None]"
_CutsShort: TypeAlias = "Callable[[str, str], bool]"
"""Whether a destination, named by its run and its own name, closes the connection before the request is read."""
_ALLOW: Final = ("Allow", ", ".join(METHODS))


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
        cuts_short: _CutsShort | None = None,
        in_flight: InFlight | None = None,
        stop_seconds: float = 5.0,
    ) -> None:
        self._receive = receive
        self._control = control
        self._limits = limits or Limits()
        self._cuts_short = cuts_short
        self._stop_seconds = stop_seconds
        self._runner: _Runner | None = None
        self.refused = refused or Refusals()
        self._in_flight = in_flight or InFlight()

    async def start(self, host: str, port: int, tls: SSLContext | None = None) -> str:
        """Listen, with `tls` where given, and return the URL with the port that it got; OSError where it got none."""
        # Only the runner of an application hands out its handler and its request factory.
        control = web.AppRunner(self._control, access_log=None)
        await control.setup()
        web_server = cast("web.Server", control.server)
        server = _Server(self._receive, web_server, self._limits, self.refused, self._in_flight, self._cuts_short)
        runner = _Runner(server, self._control, shutdown_timeout=self._stop_seconds)
        await runner.setup()
        site = web.TCPSite(runner, host, port, backlog=1024, ssl_context=tls)
        try:
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        return f"http{'s' if tls else ''}://{f'[{host}]' if ':' in host else host}:{site.port}"

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
        self,
        receive: Receiver,
        control: web.Server,
        limits: Limits,
        refused: Refusals,
        in_flight: InFlight,
        cuts_short: _CutsShort | None,
    ) -> None:
        super().__init__(self._handle, request_factory=self._request)
        self._receive = receive
        self._control = control
        self._limits = limits
        self._refused = refused
        self._cuts_short = cuts_short
        self._in_flight = in_flight
        self._heads = Heads()
        self._running = asyncio.get_running_loop()

    def __call__(self) -> web.RequestHandler:
        return Connection(
            self,
            receive=self._receive,
            refused=self._refused,
            in_flight=self._in_flight,
            heads=self._heads,
            limits=self._limits,
            loop=self._running,
        )

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
        begun = cast("Connection", request.protocol).take_begun()
        with self._in_flight.at(location.run, location.destination):
            reply = await self._received(request, location, arrived_at) if begun is None else await _settled(begun)
        return await send(request, reply, arrived_at // 1_000_000)

    async def _received(self, request: web.BaseRequest, location: Location, arrived_at: int) -> RawReply:
        """The reply to a request of which nothing was looked at before."""
        defect = _head_defect(request)
        half = defect is None and self._cuts_short is not None and self._cuts_short(*location[:2])
        if half:
            body = await read_half(request, self._limits)
        else:
            body, defect = await read_body(request, self._limits, defect)
        reply = await _settled(
            self._receive(
                RawRequest(
                    run=location.run,
                    destination=location.destination,
                    method=request.method,
                    path=location.path,
                    headers=shared_headers(request.raw_headers),
                    body=body,
                    arrived_at=arrived_at,
                    defect=defect,
                    half=half,
                )
            )
        )
        if defect is not None and defect.status == 405:
            return replace(reply, headers=(*reply.headers, _ALLOW))
        return reply


async def _settled(begun: Begun) -> RawReply:
    if isinstance(begun, Exception):
        raise begun
    return begun if isinstance(begun, RawReply) else await begun


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
