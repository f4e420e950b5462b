"""Connection faults and slow replies, as a raw socket sees them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest

from tests.adapters.front_serving import Client, head, post
from tests.server.serving import Served, served, track

LARGE = 1_000_000
BODY = orjson.dumps(track())
REQUEST = post("Content-Type: application/json", body=BODY)


@asynccontextmanager
async def asked(replies: Any, request: bytes = REQUEST) -> AsyncIterator[tuple[Served, Client]]:
    """A server whose `crm` answers `replies`, and a raw client that has sent it a request."""
    config = {"destinations": {"crm": {"kind": "event", "replies": replies}}}
    async with served(config) as it, it.connection() as client:
        client.send(request)
        yield it, client


async def the_record(it: Served) -> Mapping[str, Any]:
    """The only delivery."""
    (record,) = (await it.get("/runs/default/deliveries"))["deliveries"]
    found: Mapping[str, Any] = record
    return found


async def test_reset() -> None:
    """The connection is reset, and nothing comes."""
    async with asked("reset") as (it, client):
        with pytest.raises(ConnectionResetError):
            await client.rest()
        assert (await the_record(it))["reply"] == {"fault": "reset"}


async def test_empty() -> None:
    """The connection ends in order, and nothing comes."""
    async with asked("empty") as (it, client):
        assert await client.rest() == b""
        assert (await the_record(it))["reply"] == {"fault": "empty"}


async def test_garbage() -> None:
    """What comes is no HTTP."""
    async with asked("garbage") as (it, client):
        came = await client.rest()
        assert came
        assert not came.startswith(b"HTTP/")
        assert (await the_record(it))["reply"] == {"fault": "garbage"}


async def test_malformed_chunk() -> None:
    """A good head and a good chunk come, and then one whose length is no number."""
    async with asked("malformed_chunk") as (it, client):
        top, _, chunks = (await client.rest()).partition(b"\r\n\r\n")
        assert top.startswith(b"HTTP/1.1 200 OK\r\n")
        length, first, broken = chunks.split(b"\r\n")[:3]
        assert (int(length, 16), len(first)) == (8, 8)
        with pytest.raises(ValueError, match="invalid literal"):
            int(broken, 16)
        assert (await the_record(it))["reply"] == {"fault": "malformed_chunk"}


@pytest.mark.parametrize("fault", ["garbage", "malformed_chunk"])
async def test_a_client_library_takes_it_for_a_failure(fault: str) -> None:
    """What a raw socket sees is an error to whoever speaks HTTP."""
    async with served({"destinations": {"crm": {"kind": "event", "replies": fault}}}) as it:
        with pytest.raises(aiohttp.ClientError):
            await it.send(track())


async def test_hang() -> None:
    """Nothing comes while others are answered; the delivery is recorded; the server stops without waiting for it."""
    async with asked("hang") as (it, client):
        nothing = asyncio.create_task(client.rest())
        while not (await it.get("/runs/default/deliveries"))["deliveries"]:
            pass
        assert (await the_record(it))["reply"] == {"fault": "hang"}
        assert not nothing.done()
        began = time.monotonic()
        await it.server.stop()
        with pytest.raises(ConnectionResetError):
            await nothing
        assert time.monotonic() - began < 4  # it would wait five seconds for what is being answered


async def test_a_client_that_gives_up_ends_a_hanging_reply() -> None:
    """Nobody is waited with who has left."""
    async with asked("hang") as (it, client):
        while not (await it.get("/runs/default/deliveries"))["deliveries"]:
            pass
        client.writer.close()
        await client.writer.wait_closed()
        assert (await it.ask("GET", "/_harness/healthz")).status == 200


async def test_latency_and_keep_alive() -> None:
    """The reply comes no sooner, and the connection can be used again."""
    async with asked([{"latency": "60ms", "status": 202}, 200]) as (it, client):
        began = time.monotonic()
        assert (await client.reply()).status == 202
        assert time.monotonic() - began >= 0.05
        assert (await client.ask(REQUEST)).status == 200
        first, _ = (await it.get("/runs/default/deliveries"))["deliveries"]
        assert first["reply"] == {"status": 202, "latency": "60ms"}


async def test_dribble() -> None:
    """The reply comes in pieces: the first that comes is not all of it."""
    async with asked({"status": 200, "body": "x" * 4000, "dribble": "100ms"}) as (it, client):
        first = await client.reader.read(100_000)
        assert 0 < len(first) < 4000
        assert (await the_record(it))["reply"] == {"status": 200, "dribble": "100ms"}


async def test_a_dribbled_reply_is_whole_in_the_end() -> None:
    """Slow is not broken: a patient client reads the whole answer, and asks again."""
    async with asked([{"body": "x" * 4000, "dribble": "40ms"}, 200]) as (_, client):
        reply = await client.reply()
        assert (reply.status, reply.body, reply.headers["content-type"]) == (
            200,
            b"x" * 4000,
            "text/plain; charset=utf-8",
        )
        assert (await client.ask(REQUEST)).status == 200


async def test_close_while_reading() -> None:
    """Half of a large body is read, then the connection is reset while the client still writes."""
    announced = head("Content-Type: application/json", f"Content-Length: {LARGE}")
    async with asked("close_while_reading", announced + b"x" * (LARGE * 6 // 10)) as (it, client):
        with pytest.raises(ConnectionError):
            await client.rest()
        record = await the_record(it)
    assert record["reply"] == {"fault": "close_while_reading"}
    assert len(record["request"]["body"]) == LARGE // 2
    assert (record["payloads"], record["violations"]) == ([], [])


async def test_close_while_reading_what_came_at_once() -> None:
    """A body that came whole is read by half all the same."""
    async with asked("close_while_reading") as (it, client):
        with pytest.raises(ConnectionResetError):
            await client.rest()
        assert (await the_record(it))["request"]["body"] == BODY[: len(BODY) // 2].decode()


@pytest.mark.parametrize("large", [False, True])
async def test_closing_early_can_stop(large: bool) -> None:
    """Counted per arrival, the next request is read whole and judged."""
    payload = track() | ({"padding": "x" * LARGE} if large else {})
    replies = {"sequence": ["close_while_reading", 202], "per": "arrival"}
    async with served({"destinations": {"crm": {"kind": "event", "replies": replies}}}) as it:
        with pytest.raises(aiohttp.ClientError):
            await it.send(payload)
        again = await it.send(payload)
        records = (await it.get("/runs/default/deliveries"))["deliveries"]
    assert again.status == 202
    assert [len(record["payloads"]) for record in records] == [0, 1]


async def test_a_client_that_waits_to_be_asked_for_its_body_is_cut_too() -> None:
    """With `Expect: 100-continue`, the body comes only once it is asked for."""
    announced = head("Content-Type: application/json", "Content-Length: 1000", "Expect: 100-continue")
    async with asked("close_while_reading", announced) as (it, client):
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"x" * 600)
        with pytest.raises(ConnectionError):
            await client.rest()
        assert len((await the_record(it))["request"]["body"]) == 500


async def test_faults_have_latency() -> None:
    """A connection may be reset after a while."""
    async with asked({"fault": "reset", "latency": "60ms"}) as (it, client):
        began = time.monotonic()
        with pytest.raises(ConnectionResetError):
            await client.rest()
        assert time.monotonic() - began >= 0.05
        assert (await the_record(it))["reply"] == {"fault": "reset", "latency": "60ms"}
