"""Gives replies that are not just written: late, slowly, or as a fault of the connection."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, Protocol, assert_never, cast

from aiohttp import web

from harness.adapters.server.requests import Manner
from harness.core.delivery import FaultName
from harness.core.instants import SECOND

_NO_LINGER: Final = struct.pack("ii", 1, 0)
_GARBAGE: Final = b"\x00\xff\x00this is not HTTP\xff\x00\xff"
_MALFORMED_CHUNK: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'8\r\n{"succes\r\nthis is no length of a chunk\r\n'
)
_PIECES: Final = 20


class Waiting(Protocol):
    """The connection, as far as somebody waits with its reply."""

    async def stays(self, seconds: float | None) -> bool:
        """Whether the client is still there after so many seconds; None: returns once it is not."""
        ...


async def perform(request: web.BaseRequest, data: bytes, manner: Manner) -> bool:
    """Give the reply whose bytes are `data` in that manner; whether the connection can go on."""
    transport, connection = request.transport, cast("Waiting", request.protocol)
    if transport is None or (manner.wait and not await connection.stays(manner.wait / SECOND)):
        return False
    if manner.fault is not None:
        await _fail(transport, connection, manner.fault)
        return False
    if not manner.dribble:
        transport.write(data)
        return True
    for piece in _pieces(data):
        if not await connection.stays(manner.dribble / SECOND / _PIECES):
            return False
        transport.write(piece)
    return True


def _pieces(data: bytes) -> Iterator[bytes]:
    """`data` in twenty pieces, of which those of short data may be empty."""
    for index in range(_PIECES):
        yield data[len(data) * index // _PIECES : len(data) * (index + 1) // _PIECES]


async def _fail(transport: asyncio.Transport, connection: Waiting, fault: FaultName) -> None:
    match fault:
        case "reset" | "close_while_reading":
            reset(transport)
        case "empty":
            transport.close()
        case "garbage":
            transport.write(_GARBAGE)
            transport.close()
        case "malformed_chunk":
            transport.write(_MALFORMED_CHUNK)
            transport.close()
        case "hang":
            await connection.stays(None)
            reset(transport)
        case _:
            assert_never(fault)


def reset(transport: asyncio.Transport) -> None:
    """Cut the connection so that the client sees a reset and not an orderly end."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):  # a client that gave up has closed it already
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
