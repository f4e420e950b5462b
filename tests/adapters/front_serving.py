"""A front on a free port that notes what reaches its receiver, and a raw client that sees every byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from aiohttp import web
from msgspec import Struct

from harness.adapters.server.front import Front
from harness.adapters.server.refusals import Refusals
from harness.adapters.server.requests import Limits, RawReply, RawRequest

Answer: TypeAlias = Callable[[RawRequest], RawReply | Awaitable[RawReply]]
PATIENCE = 10.0
"""Seconds until a test gives up; no test waits that long when it passes."""


class Reply(Struct, frozen=True, kw_only=True):
    """One HTTP answer as it came over the wire."""

    version: str
    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """One raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)

    async def reply(self, *, body: bool = True) -> Reply:
        """The next answer; `body` is False where none follows its head."""
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            line, *fields = head.rstrip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
            length = int(headers.get("content-length", "0")) if body else 0
            content = await self.reader.readexactly(length)
        version, status = line.split(" ")[:2]
        return Reply(version=version, status=int(status), headers=headers, body=content)

    async def ask(self, data: bytes) -> Reply:
        """Send bytes and take the answer."""
        self.send(data)
        return await self.reply()

    async def rest(self) -> bytes:
        """All that comes until the server closes the connection."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()


class Serving:
    """A running front with what it received."""

    def __init__(self, front: Front, arrived: asyncio.Queue[RawRequest]) -> None:
        self.front = front
        self.url = ""
        self._arrived = arrived
        self._writers: list[asyncio.StreamWriter] = []

    async def client(self) -> Client:
        """A new connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", int(self.url.rpartition(":")[2]))
        self._writers.append(writer)
        return Client(reader, writer)

    async def ask(self, data: bytes) -> Reply:
        """The answer to `data` on a new connection."""
        return await (await self.client()).ask(data)

    async def received(self) -> RawRequest:
        """The next request that the receiver was given, waiting for it."""
        async with asyncio.timeout(PATIENCE):
            return await self._arrived.get()

    @property
    def unread(self) -> int:
        """How many more requests the receiver was given."""
        return self._arrived.qsize()

    def leave(self) -> None:
        """Close all connections from the client's side."""
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    """A raw connection to the server at `url`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


def post(*fields: str, body: bytes = b"{}", target: str = "/destinations/crm", method: str = "POST") -> bytes:
    """A request with a Content-Length that is right."""
    return head(*fields, f"Content-Length: {len(body)}", target=target, method=method) + body


def head(*fields: str, target: str = "/destinations/crm", method: str = "POST") -> bytes:
    """The head of a request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: test", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def by_defect(request: RawRequest) -> RawReply:
    """What a receiver answers: the status of the defect, else 200."""
    return RawReply(status=request.defect.status if request.defect else 200, body=b'{"ok":true}')


@asynccontextmanager
async def serving(
    *,
    limits: Limits | None = None,
    answer: Answer = by_defect,
    control: web.Application | None = None,
    refused: Refusals | None = None,
) -> AsyncIterator[Serving]:
    """A front that answers with `answer`."""
    arrived: asyncio.Queue[RawRequest] = asyncio.Queue()

    def receive(request: RawRequest) -> RawReply | Awaitable[RawReply]:
        arrived.put_nowait(request)
        return answer(request)

    front = Front(
        receive=receive, control=control or web.Application(), limits=limits, refused=refused, stop_seconds=1.0
    )
    server = Serving(front, arrived)
    server.url = await front.start("127.0.0.1", 0)
    try:
        yield server
    finally:
        server.leave()
        await front.stop()
