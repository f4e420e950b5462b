"""What the clients do where connections break: streams go on, requests are sent again, nonsense is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
import pytest

from harness.client import ApiError, AsyncClient, Client, Unreachable
from harness.core.delivery import Arrival, Delivery, Respond
from harness.core.records import delivery_record
from tests.client.test_client import got

Answers = Callable[[int, str], bytes]
"""What to write to the n-th request, given its head; the connection is closed behind it."""
BOTH = pytest.mark.parametrize("kind", [Client, AsyncClient])


@asynccontextmanager
async def scripted(answer: Answers | None, *, keep: bool = False) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that answers as it is told to, or not at all, and the heads of the requests that came."""
    heads: list[str] = []
    serving: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
                if answer is None:
                    continue
                writer.write(answer(len(heads), heads[-1]))
                if not keep or len(heads) == 1:
                    break
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
        await asyncio.wait_for(asyncio.gather(*filter(None, serving)), 10)


def whole(body: bytes, *fields: str, status: str = "200 OK") -> bytes:
    """An answer with that body."""
    head = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""))
    return head.encode() + body


def events(*parts: bytes) -> bytes:
    """The beginning of a stream."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + b"".join(parts)


def delivered(number: int) -> bytes:
    """The event of a delivery."""
    arrival = Arrival("crm", "POST", "/destinations/crm", (), b"{}", 0, 0)
    record = delivery_record(Delivery(number, "r", "crm", "event", 1, arrival, (), (), Respond(status=200)))
    return b"id: a.0:%d\nevent: delivery\ndata: %b\n\n" % (number, orjson.dumps(record))


END = b'event: end\ndata: {"run": "r"}\n\n'


async def asked(client: Any, ask: Callable[[Any], Any]) -> Any:
    """What a method of either client returns; a synchronous one in a thread, or the server could not answer."""
    if isinstance(client, AsyncClient):
        try:
            return await got(ask(client))
        finally:
            await client.close()
    with client:
        return await asyncio.to_thread(lambda: _listed(ask(client)))


def _listed(value: Any) -> Any:
    return list(value) if hasattr(value, "__next__") else value


@BOTH
async def test_a_stream_that_breaks_goes_on_behind_its_last_event(kind: Any) -> None:
    """The reader notices nothing: no delivery is missing, and none comes twice."""
    parts = {1: events(delivered(1), delivered(2)[:-5]), 2: events(b": hello\n\n", delivered(2), END)}
    async with scripted(lambda count, _: parts[count]) as (url, heads):
        found = await asked(kind(url), lambda client: client.run("r").stream())
    assert [each.number for each in found] == [1, 2]
    assert "last-event-id: a.0:1" in heads[1].lower()


@BOTH
async def test_a_stream_that_never_comes_back_is_given_up(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many attempts the reader is told."""
    monkeypatch.setattr("harness.client.synchronous.PAUSE_SECONDS", 0.001)
    monkeypatch.setattr("harness.client.asynchronous.PAUSE_SECONDS", 0.001)
    async with scripted(lambda *_: b"") as (url, heads):
        with pytest.raises(Unreachable, match="no harness answers"):
            await asked(kind(url), lambda client: client.run("r").stream())
    assert len(heads) >= 6


@BOTH
async def test_a_stream_that_is_refused_is_not_tried_again(kind: Any) -> None:
    """A problem is no accident."""
    problem = orjson.dumps({"status": 404, "title": "there is no run", "detail": "open it"})
    async with scripted(lambda *_: whole(problem, status="404 Not Found")) as (url, heads):
        with pytest.raises(ApiError, match="404: there is no run"):
            await asked(kind(url), lambda client: client.run("r").stream())
    assert len(heads) == 1


@BOTH
@pytest.mark.parametrize("status", ["200 OK", "502 Bad Gateway"])
async def test_an_answer_that_is_not_of_the_harness_is_told(kind: Any, status: str) -> None:
    """Something else listens there: its words are shown."""
    async with scripted(lambda *_: whole(b"<h1>It works!</h1>", status=status)) as (url, _):
        with pytest.raises(ApiError, match=r"not one of the harness.*It works"):
            await asked(kind(url), lambda client: client.lost())


@BOTH
async def test_a_connection_that_was_closed_meanwhile_is_opened_again(kind: Any) -> None:
    """A server may close what is idle at any time; the next request does not fail for that."""
    nothing = orjson.dumps({"count": 0, "refused": [], "lost": []})

    def twice(client: Any) -> Any:
        if isinstance(client, AsyncClient):
            return _twice(client)
        return client.lost(), client.refused()

    async def _twice(client: AsyncClient) -> Any:
        return await client.lost(), await client.refused()

    async with scripted(lambda *_: whole(nothing), keep=True) as (url, heads):
        assert await asked(kind(url), twice) == ((), ())
    assert len(heads) == 2


@BOTH
async def test_an_answer_that_does_not_come_is_given_up(kind: Any) -> None:
    """No program waits for ever."""
    async with scripted(None) as (url, _):
        with pytest.raises(Unreachable, match=r"no answer within 0\.05 s"):
            await asked(kind(url, timeout=0.05), lambda client: client.lost())


@BOTH
async def test_headers_go_with_each_request(kind: Any) -> None:
    """A proxy before the server may want to be told who asks."""
    nothing = orjson.dumps({"lost": []})
    async with scripted(lambda *_: whole(nothing)) as (url, heads):
        await asked(kind(url, headers={"X-Who": "me"}), lambda client: client.lost())
    assert "x-who: me" in heads[0].lower()
