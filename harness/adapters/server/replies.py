"""Writing a reply in one piece, as the last thing that is done for a request."""

from __future__ import annotations

import re
from contextlib import suppress
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.http import HttpVersion11

from harness.adapters.server.manners import perform
from harness.adapters.server.requests import RawReply

_SMALL: Final = 1024
"""Bytes of a body that is kept as written, since most answers within a second are one and the same."""
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BODILESS: Final = (204, 304)
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}


class _Written(web.StreamResponse):
    """Tells aiohttp that the answer has left already.

    `web.Response` assembles headers anew for each answer, which costs more than parsing, checking and recording do.
    """

    def __init__(self, keep_alive: bool) -> None:
        super().__init__()
        self._open = keep_alive

    @property
    def keep_alive(self) -> bool:
        return self._open

    async def prepare(self, request: web.BaseRequest) -> None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None


_OPEN: Final = _Written(True)
_CLOSED: Final = _Written(False)


async def send(request: web.BaseRequest, reply: RawReply, second: int) -> web.StreamResponse:
    """Write `reply`, dated `second` (Unix time), and return what aiohttp wants to be told; a client may have left."""
    transport = request.transport
    if transport is None or transport.is_closing():
        return _CLOSED
    keep_alive = request.keep_alive and request.content.is_eof() and request.content.exception() is None
    modern = request.version >= HttpVersion11
    data = render(reply, second, head_only=request.method == "HEAD", modern=modern, keep_alive=keep_alive)
    if reply.manner is None:
        transport.write(data)
    elif not await perform(request, data, reply.manner):
        return _CLOSED
    if request.protocol.writing_paused:
        with suppress(ConnectionError):
            await request.writer.drain()
    return _OPEN if keep_alive else _CLOSED


def render(reply: RawReply, second: int, *, head_only: bool, modern: bool, keep_alive: bool) -> bytes:
    """The bytes of `reply`; ValueError where its status or headers cannot be sent. `modern` is HTTP/1.1."""
    make = _rendered if len(reply.body) <= _SMALL else _rendered.__wrapped__
    return make(reply, second, head_only, modern, keep_alive)


@lru_cache(maxsize=64)
def _rendered(reply: RawReply, second: int, head_only: bool, modern: bool, keep_alive: bool) -> bytes:
    head = _head(reply.status, reply.content_type, reply.headers, modern, keep_alive)
    if reply.status in _BODILESS:
        return b"%b%b\r\n" % (head, _date(second))
    body = b"" if head_only else reply.body
    return b"%b%bContent-Length: %d\r\n\r\n%b" % (head, _date(second), len(reply.body), body)


@lru_cache(maxsize=1024)
def _head(
    status: int, content_type: str, headers: tuple[tuple[str, str], ...], modern: bool, keep_alive: bool
) -> bytes:
    if not 200 <= status <= 999:
        raise ValueError(f"{status} is not a final HTTP status: reply with 200 to 999")
    lines = [f"HTTP/1.{int(modern)} {status} {_PHRASES.get(status, '')}"]
    if status not in _BODILESS:
        lines.append(_field("Content-Type", content_type))
    lines.extend(_field(name, value) for name, value in headers)
    if modern and not keep_alive:
        lines.append("Connection: close")
    if keep_alive and not modern:
        lines.append("Connection: keep-alive")
    return "".join(f"{line}\r\n" for line in lines).encode()


def _field(name: str, value: str) -> str:
    if _TOKEN.fullmatch(name) is None or any(character in value for character in "\r\n\0"):
        raise ValueError(f"a reply cannot have the header {name!r}: {value!r}: a name is a token, a value one line")
    return f"{name}: {value}"


@lru_cache(maxsize=4)
def _date(second: int) -> bytes:
    return f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
