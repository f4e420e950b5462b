"""Requests with some of their bytes changed, by a seed, and what comes back for them, read strictly."""

from __future__ import annotations

import asyncio
import gzip
import random
import re
import zlib
from collections.abc import Callable, Sequence

import orjson
from msgspec import Struct

from tests.adapters.front_serving import Client, Reply, connected, head, post
from tests.server.serving import KEY, track

JSON = "Content-Type: application/json"
LAST = head("Connection: close", target="/_harness/healthz", method="GET")
"""What is sent last on each connection: a server that reads it closes. One that takes it for a part of something else
waits for the rest of that, of which it gets a byte now and then, until it gives up."""
_NOW_AND_THEN = 0.2
ALIVE = orjson.dumps({"status": "ok"})
_CALL = orjson.dumps(track())
_LIST = orjson.dumps({"list": KEY, "add": [{"userId": "u1"}, {"email": "<b>@example.com"}]})
_ROWS = orjson.dumps([track("u1", messageId="a", properties={"plan": "pro", "seats": 3}), {"type": "delete"}])
_CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(_CALL), _CALL)
DELIVERIES = (
    post(JSON, body=_CALL),
    post(JSON, body=_LIST, target="/destinations/ads"),
    post(JSON, body=_ROWS, target="/destinations/wh"),
    post(JSON, "Content-Encoding: gzip", body=gzip.compress(_CALL)),
    post(JSON, "Content-Encoding: deflate", body=zlib.compress(_LIST), target="/destinations/ads"),
    head(JSON, "Transfer-Encoding: chunked") + _CHUNKED,
    post(JSON, "Expect: 100-continue", "Authorization: Basic eDp5", body=_CALL, method="PUT"),
    post(JSON, body=b"[]", target="http://test/destinations/nobody?q=%3Cb%3E", method="PATCH"),
    post(JSON, body=_CALL, target="/runs/nowhere/destinations/crm/below/it"),
    post("Content-Type: text/plain; charset=utf-8", "X-Signature: 00", body=_CALL, target="/destinations/signed"),
)
"""Whole requests to destinations, of each form."""
_TOKENS = (
    b"\r\n", b"\n", b"\r", b"\0", b"\xff", b" ", b"\t", b":", b"/", b"..", b"/../", b"%2e%2e%2f", b"%00", b"%", b"?",
    b"#", b"{", b"[" * 300, b"}", b'"', b"\\ud800", b"\\u0000", b"1e999", b"-" + b"9" * 400, b"null", b"<script>",
    b"${env.HOME}", b"'; DROP TABLE deliveries; --", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n",
    b"Content-Length: 1_0\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"HTTP/1.0",
    b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"X: " + b"y" * 9000 + b"\r\n", b"ffffffffffffffff\r\n",
    b"0\r\n\r\n", b"\xed\xa0\x80",
)  # fmt: skip
"""What parsers trip over."""


def mutated(whole: bytes, chance: random.Random) -> bytes:
    """`whole` with one to three changes, about half of them in its body."""
    data = bytearray(whole)
    for _ in range(chance.randint(1, 3)):
        first = data.find(b"\r\n\r\n") + 4 if chance.random() < 0.5 else 0
        at = chance.randint(min(first, len(data)), len(data))
        chance.choice(_CHANGES)(data, at, chance)
    return bytes(data)


def _flip(data: bytearray, at: int, chance: random.Random) -> None:
    data[at : at + 1] = bytes([chance.randrange(256)])


def _cut_out(data: bytearray, at: int, chance: random.Random) -> None:
    del data[at : at + chance.randint(1, 12)]


def _cut_off(data: bytearray, at: int, chance: random.Random) -> None:
    del data[at:]


def _put_in(data: bytearray, at: int, chance: random.Random) -> None:
    data[at:at] = chance.choice(_TOKENS)


def _repeat(data: bytearray, at: int, chance: random.Random) -> None:
    data[at:at] = data[at : at + chance.randint(1, 80)]


def _splice(data: bytearray, at: int, chance: random.Random) -> None:
    other = chance.choice(DELIVERIES)
    data[at:] = other[chance.randrange(len(other)) :]


_CHANGES: Sequence[Callable[[bytearray, int, random.Random], None]] = (
    _flip, _flip, _cut_out, _cut_off, _put_in, _put_in, _put_in, _repeat, _splice,
)  # fmt: skip


class Exchange(Struct, frozen=True, kw_only=True):
    """What one connection sent, and all that came back."""

    sent: bytes
    replies: tuple[Reply, ...]
    """Final ones, in their order."""
    cut: bool
    """Whether the connection was reset, so that an answer may have been lost on its way."""


async def exchanged(url: str, sent: bytes) -> Exchange:
    """Send that, and `LAST` behind it, on a connection of its own, and read until the server closes it."""
    received, cut = b"", False
    async with connected(url) as client:
        client.send(sent + LAST)
        try:
            while piece := await _piece(client):
                received += piece
        except ConnectionError:
            cut = True
    return Exchange(sent=sent, replies=tuple(_parsed(received)), cut=cut)


async def _piece(client: Client) -> bytes:
    """What comes next; empty at the end."""
    for _ in range(50):
        try:
            return await asyncio.wait_for(client.reader.read(65536), _NOW_AND_THEN)
        except TimeoutError:
            client.send(b"x")
    raise AssertionError("the server neither answers nor closes")


_HEAD = re.compile(rb"HTTP/\d\.\d (\d{3}) [^\r\n]*\r\n((?:[^\r\n:]+: [^\r\n]*\r\n)*)\r\n")


def _parsed(data: bytes) -> list[Reply]:
    """The replies in `data`, which must be nothing but whole replies."""
    replies: list[Reply] = []
    while data:
        found = _HEAD.match(data)
        assert found is not None, data
        fields = (line.split(": ", 1) for line in found[2].decode().splitlines())
        headers = {name.lower(): value for name, value in fields}
        end = found.end() + int(headers.get("content-length", "0"))
        assert end <= len(data), data
        if int(found[1]) >= 200:
            body = data[found.end() : end]
            replies.append(Reply(version=data[5:8].decode(), status=int(found[1]), headers=headers, body=body))
        data = data[end:]
    return replies
