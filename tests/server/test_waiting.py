"""Waits count what is still in flight, and can wait until nothing new comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from msgspec import Struct

from tests.adapters.front_serving import PATIENCE, Client, head
from tests.server.endpoints import endpoint
from tests.server.serving import Served, served, track

LIST = "/runs/default/deliveries"
DESTINATIONS = {"crm": {"kind": "event"}, "ads": {"kind": "list"}}


class Slow(Struct, frozen=True, kw_only=True):
    """A server with a destination whose endpoint answers when it is told to."""

    it: Served
    asked: asyncio.Event
    release: asyncio.Event


@asynccontextmanager
async def slow() -> AsyncIterator[Slow]:
    """Such a server."""
    asked, release = asyncio.Event(), asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.Response:
        asked.set()
        await release.wait()
        return web.Response(status=202)

    async with endpoint(answer) as url:
        config = {"destinations": {**DESTINATIONS, "slow": {"kind": "event", "url": url}}}
        async with served(config) as it:
            yield Slow(it=it, asked=asked, release=release)


async def _ask(it: Served, query: str) -> Any:
    async with asyncio.timeout(PATIENCE):
        return await it.get(f"{LIST}?{query}")


@pytest.mark.parametrize("query", ["count=1&wait=60s", "wait=60s", "settled=1ms&wait=60s", "destination=slow&wait=60s"])
async def test_a_wait_does_not_end_while_what_could_match_is_being_answered(query: str) -> None:
    """A request that waits for its answer is part of what is waited for, though a count is reached without it."""
    async with slow() as on:
        await on.it.send(track("a"))
        sent = asyncio.create_task(on.it.send(track("b"), to="/destinations/slow"))
        await asyncio.wait_for(on.asked.wait(), PATIENCE)
        asked = asyncio.create_task(_ask(on.it, query))
        await on.it.send(track("c"))
        early = asked.done()
        on.release.set()
        answer, _ = await asked, await sent
    assert not early
    assert (answer["complete"], answer["in_flight"]) == (True, 0)
    assert "slow" in [delivery["destination"] for delivery in answer["deliveries"]]


async def test_a_wait_for_one_destination_does_not_count_what_is_in_flight_to_another() -> None:
    """What is on its way elsewhere cannot be what is asked for."""
    async with slow() as on:
        await on.it.send(track("a"))
        sent = asyncio.create_task(on.it.send(track("b"), to="/destinations/slow"))
        await asyncio.wait_for(on.asked.wait(), PATIENCE)
        answer = await _ask(on.it, "destination=crm&count=1&wait=60s")
        on.release.set()
        await sent
    assert (answer["complete"], answer["in_flight"]) == (True, 0)


async def test_without_a_wait_what_is_in_flight_is_told() -> None:
    """The answer comes at once, and says that it is not all."""
    async with slow() as on:
        sent = asyncio.create_task(on.it.send(track("b"), to="/destinations/slow"))
        await asyncio.wait_for(on.asked.wait(), PATIENCE)
        answer = await _ask(on.it, "")
        state = await on.it.get("/runs/default")
        on.release.set()
        await sent
        after = await on.it.get("/runs/default")
    assert (answer["complete"], answer["in_flight"], state["in_flight"], after["in_flight"]) == (False, 1, 1, 0)


async def _begin(client: Client, it: Served) -> None:
    """Send the head of a request and half its body, and return once the server has read them."""
    client.send(head("Content-Type: application/json", "Content-Length: 20") + b'{"type": ')
    async with asyncio.timeout(PATIENCE):
        while (await it.get("/runs/default"))["in_flight"] == 0:
            pass


async def test_a_body_that_is_still_coming_is_in_flight() -> None:
    """From its head on, a request is waited for, until it is recorded."""
    async with served({"destinations": DESTINATIONS}) as it, it.connection() as client:
        await _begin(client, it)
        asked = asyncio.create_task(_ask(it, "wait=60s"))
        await it.get("/runs")
        early = asked.done()
        client.send(b'"track"}   ')
        answer = await asked
    assert (early, answer["total"], answer["complete"]) == (False, 1, True)


async def test_a_request_that_breaks_off_is_in_flight_no_longer() -> None:
    """A client that leaves holds nobody up: what came of its request is recorded."""
    async with served({"destinations": DESTINATIONS}) as it:
        async with it.connection() as client:
            await _begin(client, it)
            asked = asyncio.create_task(_ask(it, "wait=60s"))
        answer = await asked
    assert (answer["complete"], answer["in_flight"]) == (True, 0)


async def test_settled_waits_until_nothing_new_comes() -> None:
    """Each delivery that is asked for begins the quiet time anew; others do not."""
    async with served({"destinations": DESTINATIONS}) as it:
        asked = asyncio.create_task(_ask(it, "destination=crm&settled=200ms&wait=60s"))
        for number in range(5):
            await it.send(track(str(number)))
        answer = await asked
    assert (answer["total"], answer["complete"]) == (5, True)


async def test_what_does_not_settle_in_time_is_not_complete() -> None:
    """A quiet time that is longer than the wait cannot be over."""
    async with served({"destinations": DESTINATIONS}) as it:
        answer = await _ask(it, "settled=60s&wait=10ms")
    assert answer["complete"] is False


async def test_a_request_that_ends_without_a_record_ends_the_wait_too() -> None:
    """Where a request fails before it is recorded, nobody waits for it any longer."""
    async with served({"destinations": DESTINATIONS}) as it:
        with it.server.in_flight.at("default", "crm"):
            asked = asyncio.create_task(_ask(it, "wait=60s"))
            async with asyncio.timeout(PATIENCE):
                while not it.server.open_run("default").waited_for:
                    await it.get("/refused")
        answer = await asked
    assert (answer["complete"], answer["total"]) == (True, 0)


async def test_the_quiet_time_begins_with_the_last_delivery() -> None:
    """What came half-way through it puts the end off, by as much as it came late."""
    now = asyncio.get_running_loop().time
    async with served({"destinations": DESTINATIONS}) as it:
        started = now()
        asked = asyncio.create_task(_ask(it, "settled=200ms&wait=60s"))
        while now() < started + 0.1:
            await it.get("/refused")
        last = now()
        await it.send(track("a"))
        answer = await asked
        waited = now() - last
    assert (answer["total"], waited >= 0.2) == (1, True)
