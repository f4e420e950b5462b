"""The stream of deliveries: whole, resumable, filtered, bounded, and over when its run is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest

from harness.adapters.server.requests import Limits
from tests.adapters.front_serving import PATIENCE
from tests.server.serving import CONTROL, Served, served, track

CONFIG = {"destinations": {"crm": {"kind": "event"}, "down": {"kind": "event", "replies": 503}}}
STREAM = f"{CONTROL}/runs/default/deliveries/stream"
QUICK = Limits(heartbeat_seconds=0.01)


class Events:
    """The events of one stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def part(self) -> dict[str, str]:
        """The next event or comment, its fields by name; empty where the stream is over."""
        async with asyncio.timeout(PATIENCE):
            lines: list[str] = []
            while line := (await self.response.content.readline()).decode().rstrip("\n"):
                lines.append(line)
        return dict(line.split(": ", 1) for line in lines)

    async def event(self) -> dict[str, str]:
        """The next event, past comments."""
        while "event" not in (part := await self.part()) and part:
            pass
        return part

    async def numbers(self, count: int) -> list[int]:
        """The numbers of the next `count` deliveries."""
        return [orjson.loads((await self.event())["data"])["number"] for _ in range(count)]


@asynccontextmanager
async def streaming(it: Served, query: str = "", path: str = STREAM, **headers: str) -> AsyncIterator[Events]:
    """An open stream."""
    async with (
        aiohttp.ClientSession() as client,
        client.get(it.server.url + path + query, headers={k.replace("_", "-"): v for k, v in headers.items()}) as got,
    ):
        yield Events(got)


async def test_a_stream_begins_with_what_is_there_and_goes_on() -> None:
    """Records come in order, those from before as those from after."""
    async with served(CONFIG) as it:
        await it.send(track("a"))
        async with streaming(it) as events:
            before = await events.numbers(1)
            await it.send(track("b"))
            after = await events.event()
        record = await it.get("/runs/default/deliveries/2")
    assert events.response.headers["content-type"] == "text/event-stream"
    assert before == [1]
    assert (after["event"], orjson.loads(after["data"])) == ("delivery", record)


async def test_a_stream_goes_on_behind_the_last_event_that_came() -> None:
    """With the id of an event, a reader that was cut off misses nothing and gets nothing twice."""
    async with served(CONFIG) as it:
        for user in "abc":
            await it.send(track(user))
        async with streaming(it) as events:
            last = await events.event()
        async with streaming(it, Last_Event_ID=last["id"]) as events:
            numbers = await events.numbers(2)
    assert (orjson.loads(last["data"])["number"], numbers) == (1, [2, 3])


@pytest.mark.parametrize(
    ("query", "numbers"), [("?destination=down", [2, 4]), ("?after=3", [4]), ("?accepted=true", [1, 3])]
)
async def test_a_stream_takes_the_filters_of_the_list(query: str, numbers: list[int]) -> None:
    """Only what is asked for is sent, and what is not is passed by."""
    async with served(CONFIG) as it:
        for to in ("crm", "down", "crm", "down"):
            await it.send(track(), to=f"/destinations/{to}")
        async with streaming(it, query) as events:
            assert await events.numbers(len(numbers)) == numbers


async def test_a_reset_is_told_and_numbers_begin_anew() -> None:
    """A reader learns that what it has is gone; an id from before the reset leads to the beginning."""
    async with served(CONFIG) as it:
        await it.send(track("a"))
        async with streaming(it) as events:
            old = await events.event()
            await it.ask("POST", f"{CONTROL}/runs/default/reset")
            told = await events.event()
            await it.send(track("b"))
            numbers = await events.numbers(1)
        async with streaming(it, Last_Event_ID=old["id"]) as events:
            again = await events.event()
            numbers += await events.numbers(1)
    assert (told["event"], again["event"], numbers) == ("reset", "reset", [1, 1])


async def test_an_idle_stream_says_that_it_is_there() -> None:
    """Comments keep proxies from closing it, and show a reader that is gone."""
    async with served(CONFIG, limits=QUICK) as it, streaming(it) as events:
        parts = [await events.part() for _ in range(3)]
    assert [list(part) for part in parts] == [[""], [""], [""]]


async def test_a_stream_ends_with_its_run() -> None:
    """A reader is told that no more will come, and the connection ends."""
    async with served(CONFIG) as it:
        await it.put("/runs/r", CONFIG)
        async with streaming(it, path=f"{CONTROL}/runs/r/deliveries/stream") as events:
            await events.part()
            await it.ask("DELETE", f"{CONTROL}/runs/r")
            last, nothing = await events.event(), await events.part()
    assert (last["event"], orjson.loads(last["data"]), nothing) == ("end", {"run": "r"}, {})


async def test_a_stream_ends_with_the_server() -> None:
    """A server that is stopped does not wait for its readers."""
    async with served(CONFIG) as it, streaming(it) as events:
        await events.part()
        async with asyncio.timeout(3):
            await it.server.stop()
            last = await events.event()
    assert last["event"] == "end"


async def test_a_reader_that_takes_nothing_is_cut_off() -> None:
    """Whoever does not read what it is sent is let go, and holds up nobody."""
    async with served(CONFIG, limits=Limits(stall_seconds=0.05)) as it, it.connection() as client:
        for _ in range(20):
            await it.send({**track(), "filling": "x" * 500_000})
        client.send(f"GET {STREAM} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
        async with asyncio.timeout(PATIENCE):
            while b"harness_streams 0.0" in (await it.ask("GET", "/_harness/metrics")).body:
                pass
            while b"harness_streams 1.0" in (await it.ask("GET", "/_harness/metrics")).body:
                pass
        got = await client.rest()
    assert got.startswith(b"HTTP/1.1 200")
    assert b"event: end" not in got


ORIGINS: list[tuple[str, int]] = [("http://evil.example", 403), ("null", 403), ("http://[", 403), ("", 403)]


@pytest.mark.parametrize(("origin", "status"), ORIGINS)
async def test_a_page_of_another_site_gets_no_stream_and_changes_nothing(origin: str, status: int) -> None:
    """The `Origin` of a stream, and of each change, must be the server's own."""
    async with served(CONFIG) as it:
        answers = [
            await it.ask("GET", STREAM, headers={"Origin": origin}),
            await it.ask("POST", f"{CONTROL}/runs/default/reset", headers={"Origin": origin}),
        ]
    assert [answer.status for answer in answers] == [status, status]


async def test_a_page_of_the_server_itself_gets_a_stream() -> None:
    """The server's own origin is let in."""
    async with served(CONFIG) as it, streaming(it, Origin=it.server.url) as events:
        assert events.response.status == 200


@pytest.mark.parametrize(
    ("query", "headers", "told"),
    [
        ("?rule=once-per-entry", {}, "judges a history"),
        ("?limit=5", {}, "unknown query parameter 'limit'"),
        ("", {"Last-Event-ID": "12"}, "no id of an event"),
        ("?status=x", {}, "whole number"),
    ],
)
async def test_what_cannot_be_streamed_is_a_400(query: str, headers: dict[str, str], told: str) -> None:
    """The problem is told before the stream begins."""
    async with served(CONFIG) as it:
        answer = await it.ask("GET", STREAM + query, headers=headers)
    assert (answer.status, told in answer.json["detail"]) == (400, True)


async def test_streams_are_bounded_in_number() -> None:
    """More readers than there is room for are told to come back; room is made when one leaves."""
    async with served(CONFIG) as it:
        (stream,) = [part for part in it.server.routes if part.path.endswith("/stream")]
        owner: Any = stream.handler.__self__  # type: ignore[union-attr]
        owner.open = 100
        full = await it.ask("GET", STREAM)
        owner.open = 99
        async with streaming(it) as events:
            last = events.response.status
    assert (full.status, last, "streams are open" in full.json["title"]) == (503, 200, True)


async def test_head_of_a_stream_is_answered_at_once() -> None:
    """Nobody waits for a body that will not come."""
    async with served(CONFIG) as it:
        answer = await it.ask("HEAD", STREAM)
    assert (answer.status, answer.body) == (200, b"")
