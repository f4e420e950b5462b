"""The server in the thread of its caller."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import aiohttp
import pytest

from harness.adapters.server.inline import InlineServer


@pytest.fixture
def server() -> Iterator[InlineServer]:
    """A server that was started."""
    server = InlineServer()
    server.start()
    yield server
    server.stop()


async def _failure() -> None:
    raise LookupError("as told")


def test_it_answers_while_it_is_called(server: InlineServer) -> None:
    """What a call sends to the server is answered in the same thread, which nobody else has to run."""

    async def asked() -> tuple[int, str]:
        async with aiohttp.ClientSession() as client, client.get(f"{server.server.url}/_harness/healthz") as answer:
            return answer.status, threading.current_thread().name

    before = threading.active_count()
    assert server.call(asked) == (200, threading.current_thread().name)
    assert threading.active_count() == before


def test_what_a_coroutine_raises_reaches_the_caller(server: InlineServer) -> None:
    """The next call is none the worse for it."""
    with pytest.raises(LookupError, match="as told"):
        server.call(_failure)
    with pytest.raises(LookupError, match="as told"):
        server.call(_failure)


def test_what_came_between_two_calls_is_answered_in_the_next(server: InlineServer) -> None:
    """A request that nobody ran the server for is not lost."""
    where = urlsplit(server.server.url)

    async def answer() -> bytes:
        return await asyncio.get_running_loop().sock_recv(client, 100)

    with socket.create_connection((where.hostname, where.port), timeout=10) as client:
        client.sendall(b"GET /_harness/healthz HTTP/1.1\r\nHost: harness\r\n\r\n")
        client.setblocking(False)
        assert server.call(answer).startswith(b"HTTP/1.1 200 ")


def test_the_event_loop_of_its_thread_stays(server: InlineServer) -> None:
    """Others in the thread, such as plugins for asynchronous tests, may rely on a loop of their own."""
    own = asyncio.new_event_loop()
    asyncio.set_event_loop(own)
    try:
        with pytest.raises(LookupError):
            server.call(_failure)
        assert asyncio.get_event_loop() is own
    finally:
        asyncio.set_event_loop(None)
        own.close()


def test_nobody_listens_after_it_was_stopped() -> None:
    """Connections are refused from then on."""
    server = InlineServer()
    where = urlsplit(server.start())
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((where.hostname, where.port), timeout=10)
