"""A client that keeps many connections busy, without pipelining, as fast as one process can.

    python -m benchmarks.http_load URL REQUESTS CONNECTIONS

It posts track calls, no two alike, to `/destinations/events` below URL and prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import Any
from urllib.parse import urlsplit

KEY = "j_o_win_back__new_subscribed_users_dje83"
PAYLOAD: dict[str, Any] = {
    "type": "track",
    "messageId": "personas_@@@@@@@@@@@@@@@@@@@@@@@@@@@",
    "userId": "u@@@@@@@@@@@@@@@@@@@@@@@@@@@",
    "event": "Audience Entered",
    "properties": {KEY: "true"},
    "context": {
        "personas": {
            "computation_class": "audience",
            "computation_id": "aud_23WNzkzsTS3ydnKz5H71SEhMxls",
            "computation_key": KEY,
            "namespace": "spa_w5akhv1XwnGj5j2HVT6NWX",
            "space_id": "spa_w5akhv1XwnGj5j2HVT6NWX",
        },
        "traits": {"email": "alex@example.com"},
    },
    "timestamp": "2026-11-21T10:00:00.123Z",
}
PLACEHOLDER = b"@" * 27
LENGTHS = 100
"""How many lengths the bodies have, as those of users with names and emails of their own would: a server may know the
head of a request from an earlier one, but for that."""


class Connection(asyncio.Protocol):
    """One keep-alive connection: the next request leaves when the answer to the last one is whole."""

    LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

    def __init__(self, load: Load) -> None:
        self.load = load
        self.received = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.send()

    def send(self) -> None:
        """Send the next request, or leave if there is none."""
        assert self.transport is not None
        request = self.load.next_request()
        if request is None:
            self.transport.close()
        else:
            self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take one answer, whole or in pieces."""
        self.received = data = self.received + data
        end = data.find(b"\r\n\r\n")
        length = self.LENGTH.search(data, 0, end) if end >= 0 else None
        if length is None or len(data) < end + 4 + int(length[1]):
            return
        self.received = b""
        self.load.answered(data.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")))
        if data.startswith(b"HTTP/1.0") or b"\r\nconnection: close" in data[:end].lower():
            assert self.transport is not None
            self.transport.close()
        else:
            self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Open another connection where the server answers but once on each."""
        if self.load.left > 0:
            self.load.connect()


class Load:
    """A bounded number of requests over several connections."""

    def __init__(self, url: str, requests: int, connections: int) -> None:
        self.address = urlsplit(url)
        self.left = self.unanswered = requests
        self.connections = connections
        self.failed = 0
        self.done = asyncio.Event()
        self.tasks: set[asyncio.Task[Any]] = set()
        self.parts = [self._parts(length) for length in range(LENGTHS)]

    def _parts(self, length: int) -> list[bytes]:
        """What all requests have in common whose payload has a name of that length in it."""
        body = json.dumps({**PAYLOAD, "context": {**PAYLOAD["context"], "traits": {"name": "n" * length}}}).encode()
        head = (
            f"POST /destinations/events HTTP/1.1\r\nHost: {self.address.netloc}\r\nUser-Agent: Segment.io/1.0\r\n"
            f"Accept: */*\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return (head.encode() + body).split(PLACEHOLDER)

    def next_request(self) -> bytes | None:
        """A request that no other one equals, or None at the end."""
        if self.left <= 0:
            return None
        self.left -= 1
        return (b"%027d" % (time.time_ns() + self.left)).join(self.parts[self.left % LENGTHS])

    def answered(self, well: bool) -> None:
        """Count an answer."""
        self.failed += not well
        self.unanswered -= 1
        if self.unanswered == 0:
            self.done.set()

    def connect(self) -> None:
        """Open one more connection."""
        loop = asyncio.get_running_loop()
        host, port = self.address.hostname or "127.0.0.1", self.address.port or 80
        task = loop.create_task(loop.create_connection(lambda: Connection(self), host, port))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def run(self) -> float:
        """Send all of them; the seconds that it took."""
        started = time.perf_counter()
        for _ in range(self.connections):
            self.connect()
        async with asyncio.timeout(120):
            await self.done.wait()
        return time.perf_counter() - started


def send_load(url: str, requests: int, connections: int) -> None:
    """Warm up with a tenth, measure, and print the figures as one line of JSON."""

    async def main() -> None:
        warm_up = Load(url, max(connections, requests // 10), connections)
        sent = warm_up.left + requests
        await warm_up.run()
        load = Load(url, requests, connections)
        seconds = await load.run()
        figures = {"rate": requests / seconds, "sent": sent, "failed": warm_up.failed + load.failed}
        print(json.dumps(figures), flush=True)

    asyncio.run(main())


if __name__ == "__main__":
    send_load(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
