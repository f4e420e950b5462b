"""Journeys in a server's set-up: what sources send lets users in, and a simulated space sends to the destinations."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.server.serving import CONTROL, Served, served

CONFIG: dict[str, Any] = {
    "destinations": {"braze": {"kind": "event"}, "ads": {"kind": "list"}},
    "journeys": {
        "bought": {
            "name": "Bought",
            "entry": {"event": "Order Completed"},
            "steps": [{"send_to_destinations": {"name": "Thank them", "to": ["braze", "ads"]}}],
        }
    },
}
ORDER = {"userId": "u1", "event": "Order Completed", "context": {"traits": {"email": "u1@example.com"}}}


async def _received(it: Served, destination: str, run: str = "default") -> list[dict[str, Any]]:
    """What one destination received, waiting for the first of it."""
    answer = await it.get(f"/runs/{run}/deliveries?destination={destination}&count=1&wait=10s")
    assert answer["complete"]
    return [payload for record in answer["deliveries"] for payload in record["payloads"]]


async def _members(it: Served) -> list[list[dict[str, Any]]]:
    return list((await it.get("/runs/default/destinations/ads/members"))["lists"].values())


async def test_a_tracked_event_flows_to_an_event_and_a_list_destination() -> None:
    """The event destination hears at once; the list when the clock is moved to its next sync."""
    async with served(CONFIG) as it:
        await it.ask("POST", "/v1/track", ORDER)
        (call,) = await _received(it, "braze")
        before = await _members(it)
        await it.put("/runs/default/clock", {"advance": "1d"})
        await _received(it, "ads")
        after = await _members(it)
        verdict = await it.get("/runs/default/verdict")
    assert (call["event"], call["userId"]) == ("Audience Entered", "u1")
    assert (before, [len(members) for members in after]) == ([], [1])
    assert verdict["verdict"] == "passed", verdict


async def test_a_moved_clock_passes_by_all_that_falls_due_on_the_way() -> None:
    """A first attempt that was not made yet, its retry and the list's sync have all come when the move is answered."""
    destinations = {**CONFIG["destinations"], "braze": {**CONFIG["destinations"]["braze"], "replies": [503, 200]}}
    async with served({**CONFIG, "destinations": destinations}) as it:
        await it.ask("POST", "/v1/track", ORDER)
        await it.put("/runs/default/clock", {"advance": "1h"})
        records = (await it.get("/runs/default/deliveries"))["deliveries"]
    assert [(record["destination"], record["attempt"]) for record in records][:2] == [("braze", 1), ("braze", 2)]
    assert [record["destination"] for record in records].count("ads") == 1


async def test_each_run_has_a_space_of_its_own() -> None:
    """What a source of one run sends lets nobody into the journeys of another."""
    async with served(CONFIG) as it:
        await it.put("/runs/other", CONFIG)
        await it.ask("POST", "/runs/other/v1/track", ORDER)
        await _received(it, "braze", "other")
        default = await it.get("/runs/default/deliveries")
    assert default["total"] == 0


async def test_a_reset_starts_the_space_anew() -> None:
    """After a reset nobody has entered yet, so the same event lets the same user in again."""
    async with served(CONFIG) as it:
        await it.ask("POST", "/v1/track", ORDER)
        await _received(it, "braze")
        await it.ask("POST", f"{CONTROL}/runs/default/reset")
        await it.ask("POST", "/v1/track", ORDER)
        again = await _received(it, "braze")
    assert len(again) == 1


async def test_the_same_set_up_again_leaves_the_space_as_it_is() -> None:
    """A repeated PUT does not forget who entered."""
    async with served(CONFIG) as it:
        system = it.server.open_run("default").sources.feeds
        await it.put("/runs/default", CONFIG)
        same = it.server.open_run("default").sources.feeds
        await it.put("/runs/default", {**CONFIG, "journeys": {}})
        none = it.server.open_run("default").sources.feeds
    assert system is not None
    assert (same, none) == (system, None)


async def test_a_closed_run_sends_nothing_more() -> None:
    """Its space stops with it, and leaves nothing running."""
    async with served() as it:
        await it.put("/runs/short", CONFIG)
        await it.ask("POST", "/runs/short/v1/track", ORDER)
        await _received(it, "braze", "short")
        await it.ask("DELETE", f"{CONTROL}/runs/short")
        left = [task for task in asyncio.all_tasks() if "follow" in repr(task.get_coro())]
    assert left == []


async def test_destinations_get_the_names_by_which_the_space_routes_to_them() -> None:
    """So the rule about routing can tell whether a call names its destination."""
    async with served(CONFIG) as it:
        state = await it.get("/runs/default")
    assert all(destination["integration"] for destination in state["destinations"].values())


async def test_declared_profiles_are_known_to_the_space() -> None:
    """A profile's traits may let it in before any source has sent anything."""
    config = {
        **CONFIG,
        "profiles": {"alex": {"userId": "u1", "email": "alex@example.com", "traits": {"plan": "pro"}}},
        "journeys": {"pro": {**CONFIG["journeys"]["bought"], "entry": {"traits": {"plan": "pro"}}}},
    }
    async with served(config) as it:
        (call,) = await _received(it, "braze")
    assert call["userId"] == "u1"
