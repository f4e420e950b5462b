"""Which connections are let in, and which are turned away."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import web

from harness.adapters.server.head_watch import HeadWatch
from harness.adapters.server.refusals import Refusals
from harness.adapters.server.replies import render
from harness.adapters.server.requests import Limits


class Admitted(web.RequestHandler):
    """A connection that is turned away where there are too many already, or where what it begins does not come."""

    __slots__ = ("_head", "_limits", "_refused")

    def __init__(self, server: web.Server, *, refused: Refusals, limits: Limits, **options: Any) -> None:
        super().__init__(server, **options)
        self._refused = refused
        self._limits = limits
        self._head = HeadWatch(self._loop, limits.head_seconds, self._head_is_late)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let a client in, or turn it away."""
        super().connection_made(transport)
        most = self._limits.connections
        if most is not None and self._manager is not None and len(self._manager.connections) > most:
            self._turn_away(503, f"the server has {most} connections already; close some, or allow it more")

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wait for nothing more."""
        self._head.end()
        super().connection_lost(exc)

    def _head_is_late(self) -> None:
        """Refuse what never became a request."""
        self._turn_away(408, f"the head of a request was not there within {self._limits.head_seconds:g} seconds")

    def _turn_away(self, status: int, reason: str) -> None:
        """Count a request that nobody will read, tell its client so, and close the connection."""
        if self.transport is None:
            return
        reply = self._refused.answer(peer=host_of(self.peername), status=status, reason=reason)
        self.transport.write(render(reply, int(time.time()), head_only=False, modern=True, keep_alive=False))
        self.force_close()


def host_of(peername: object) -> str:
    """The address of a peer; empty where it is not known."""
    return str(peername[0]) if isinstance(peername, tuple) else ""
