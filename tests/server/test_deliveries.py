"""The list of deliveries: filtered, paged, waited for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.server.serving import CONTROL, KEY, Served, served, track

CONFIG = {
    "destinations": {
        "crm": {"kind": "event", "calls": ["track", "identify"]},
        "down": {"kind": "event", "replies": 503},
        "ads": {"kind": "list"},
    }
}
KNOWN = (
    "known: accepted, after, before, count, destination, event, key, limit, order, rule, search, settled, "
    "status, type, unexpected, user, wait"
)
LIST = "/runs/default/deliveries"


async def _fill(it: Served) -> None:
    """Five deliveries: two good ones, a refused one, an unknown one, a list entry."""
    await it.send(track("a"))
    await it.send(track("b", event="Audience Exited"))
    await it.send(track("c"), to="/destinations/down")
    await it.send({}, to="/destinations/nobody")
    await it.send({"list": KEY, "add": [{"email": "d@example.com"}]}, to="/destinations/ads")


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("destination=crm", [1, 2]),
        ("rule=entry-only", [2]),
        ("type=track", [1, 2, 3]),
        ("event=Audience+Exited", [2]),
        ("user=a", [1]),
        ("user=d%40example.com", [5]),
        (f"key={KEY}", [1, 2, 3, 5]),
        ("status=503", [3]),
        ("accepted=false", [3, 4]),
        ("unexpected=true", [4]),
        ("destination=crm&event=Audience+Entered", [1]),
        ("after=3", [4, 5]),
        ("after=99", []),
        ("limit=2", [1, 2]),
        ("limit=2&after=2&type=track", [3]),
    ],
)
async def test_filters_narrow_the_list(query: str, numbers: list[int]) -> None:
    """Each filter lists what it says, and several list what all of them say."""
    async with served(CONFIG) as it:
        await _fill(it)
        answer = await it.get(f"{LIST}?{query}")
    assert [record["number"] for record in answer["deliveries"]] == numbers


async def test_pages_follow_each_other_without_gaps() -> None:
    """`next` of one page is `after` of the following one, until it is null."""
    async with served(CONFIG) as it:
        await _fill(it)
        pages: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            pages.append(await it.get(f"{LIST}?limit=2&after={after}"))
            after = pages[-1]["next"]
    assert [[record["number"] for record in page["deliveries"]] for page in pages] == [[1, 2], [3, 4], [5]]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        (
            "destinaton=crm",
            f"did you mean 'destination'? {KNOWN}",
        ),
        (
            "quux=1",
            f"unknown query parameter 'quux'; {KNOWN}",
        ),
        ("rule=entry-onyl", "unknown rule 'entry-onyl'; did you mean 'entry-only'?"),
        ("rule=once-per-entri&count=1&wait=60s", "unknown rule 'once-per-entri'; did you mean 'once-per-entry'?"),
        ("accepted=yes", "true or false"),
        ("status=ok", "status"),
        ("wait=5", "number and a unit"),
        ("limit=many", "limit"),
    ],
)
async def test_a_query_that_cannot_be_read_is_a_400(query: str, detail: str) -> None:
    """A parameter that is unknown or has no such value is named, with what it takes."""
    async with served(CONFIG) as it:
        answer = await it.ask("GET", f"{CONTROL}{LIST}?{query}")
    assert answer.status == 400
    assert detail in answer.json["detail"]


async def test_one_delivery_is_shown_by_its_number() -> None:
    """A number that exists is shown whole; others are a 404."""
    async with served(CONFIG) as it:
        await it.send(track("a"))
        found = await it.get(f"{LIST}/1")
        missing = [await it.ask("GET", f"{CONTROL}{LIST}/{number}") for number in ("0", "2", "9" * 30)]
    assert (found["number"], [answer.status for answer in missing]) == (1, [404, 404, 404])


async def test_a_wait_ends_as_soon_as_the_count_is_reached() -> None:
    """The answer comes with the delivery that was waited for, long before the time is over."""
    async with served(CONFIG) as it:
        asked = asyncio.create_task(it.get(f"{LIST}?destination=crm&count=2&wait=60s"))
        await it.send(track("a"))
        await it.send(track("x"), to="/destinations/down")
        assert not asked.done()
        await it.send(track("b"))
        answer = await asyncio.wait_for(asked, 10)
    assert (answer["complete"], answer["total"]) == (True, 2)


async def test_a_wait_that_is_over_answers_with_what_there_is() -> None:
    """Time-out is no error: the list says that it is not complete."""
    async with served(CONFIG) as it:
        await it.send(track("a"))
        answer = await it.get(f"{LIST}?count=2&wait=10ms")
    assert (answer["complete"], answer["total"]) == (False, 1)


async def test_a_count_that_is_there_already_is_not_waited_for() -> None:
    """Where the count is reached, and where there is no `wait`, the answer comes at once."""
    async with served(CONFIG) as it:
        await it.send(track("a"))
        enough = await it.get(f"{LIST}?count=1&wait=60s")
        short = await it.get(f"{LIST}?count=2")
    assert (enough["complete"], short["complete"]) == (True, False)


async def test_a_request_whose_body_is_still_coming_counts_once_it_is_recorded() -> None:
    """A delivery that is on its way when the wait begins ends it when it is whole."""
    async with served(CONFIG) as it, it.connection() as client:
        client.send(b"POST /destinations/crm HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{")
        asked = asyncio.create_task(it.get(f"{LIST}?count=1&wait=60s"))
        await it.get("/runs")
        assert not asked.done()
        client.send(b"}")
        answer = await asyncio.wait_for(asked, 10)
    assert answer["complete"]


async def test_a_wait_goes_on_over_a_reset() -> None:
    """What came before a reset is not counted for those who still wait."""
    async with served(CONFIG) as it:
        asked = asyncio.create_task(it.get(f"{LIST}?count=2&wait=60s"))
        await it.send(track("a"))
        await it.ask("POST", f"{CONTROL}/runs/default/reset")
        await it.send(track("b"))
        assert not asked.done()
        await it.send(track("c"))
        answer = await asyncio.wait_for(asked, 10)
    assert [record["payloads"][0]["userId"] for record in answer["deliveries"]] == ["b", "c"]


async def test_a_wait_ends_with_its_run() -> None:
    """Whoever waits in a run that is closed is told at once that no more will come."""
    async with served() as it:
        await it.put("/runs/short", CONFIG)
        asked = asyncio.create_task(it.get("/runs/short/deliveries?count=1&wait=60s"))
        while not it.server.open_run("short").waited_for:  # noqa: ASYNC110  # only a property tells
            await asyncio.sleep(0)
        await it.ask("DELETE", f"{CONTROL}/runs/short")
        answer = await asyncio.wait_for(asked, 10)
    assert not answer["complete"]


async def test_a_rule_over_the_history_lists_the_deliveries_that_prove_its_breach() -> None:
    """Each of them was right by itself; together with the other filters, `after` and paging it is a filter like any."""
    async with served(CONFIG) as it:
        await it.send(track("a"))
        await it.send(track("b"))
        before = await it.get(f"{LIST}?rule=once-per-entry")
        await it.send(track("a", messageId="another"))
        numbers = [
            [record["number"] for record in (await it.get(f"{LIST}?rule={query}"))["deliveries"]]
            for query in ("once-per-entry", "once-per-entry&after=1", "once-per-entry&destination=ads", "key-stable")
        ]
    assert (before["total"], numbers) == (0, [[1, 3], [3], [], []])


async def test_a_breach_of_a_rule_over_the_history_can_be_waited_for() -> None:
    """The wait ends with the delivery that makes an earlier one part of a breach."""
    async with served(CONFIG) as it:
        await it.send(track("a"))
        asked = asyncio.create_task(it.get(f"{LIST}?rule=once-per-entry&count=2&wait=60s"))
        await it.send(track("b"))
        assert not asked.done()
        await it.send(track("a", messageId="another"))
        answer = await asyncio.wait_for(asked, 10)
    assert [record["number"] for record in answer["deliveries"]] == [1, 3]
