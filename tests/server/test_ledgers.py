"""A server with a durable or a bounded ledger: what is answered, what is remembered, and what the verdict says."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.adapters.ledgers import MemoryLedgers
from harness.adapters.sqlite_ledger.ledgers import SqliteLedgers
from harness.core.keeping import Bounds
from harness.core.ledger_urls import InSqlite
from tests.adapters.front_serving import post
from tests.server.serving import KEY, served, track

CONFIG = {"destinations": {"crm": {"kind": "event", "replies": [503, 503, 200]}, "ads": {"kind": "list"}}}
PLAIN = {"destinations": {"crm": {"kind": "event"}}}


def durable(folder: Path, *, patience: float = 0) -> SqliteLedgers:
    """The ledgers in the file of a folder."""
    return SqliteLedgers(InSqlite(path=str(folder / "ledger.db")), patience=patience)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """While another program holds the file."""
    other = sqlite3.connect(folder / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def test_a_server_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    """Numbers, attempts of messages and members of lists are those of the file."""
    member = {"list": KEY, "add": [{"userId": "u1"}]}
    async with served(CONFIG, ledgers=durable(tmp_path)) as it:
        first = [(await it.send(track())).status, (await it.send(member, "/destinations/ads")).status]
    async with served(CONFIG, ledgers=durable(tmp_path)) as it:
        second = [(await it.send(track())).status, (await it.send(track())).status]
        listed = (await it.get("/runs/default/deliveries"))["deliveries"]
        members = await it.get("/runs/default/destinations/ads/members")
    assert (first, second) == ([503, 200], [503, 200])
    assert [(each["number"], each["attempt"]) for each in listed] == [(1, 1), (2, 1), (3, 2), (4, 3)]
    assert members == {"lists": {KEY: [{"userId": "u1"}]}}


async def test_a_verdict_covers_what_an_earlier_server_recorded(tmp_path: Path) -> None:
    """Breaches are judged over the whole file, also at destinations that are set up no longer."""
    async with served(CONFIG, ledgers=durable(tmp_path)) as it:
        await it.send(track(event="Audience Exited"))
    async with served({"destinations": {"other": {"kind": "event"}}}, ledgers=durable(tmp_path)) as it:
        verdict = await it.get("/runs/default/verdict")
    assert [violation["rule"] for violation in verdict["violations"]] == ["entry-only"]


async def test_a_wait_sees_a_delivery_once_it_is_committed(tmp_path: Path) -> None:
    """A long poll is answered with what came meanwhile."""
    async with served(PLAIN, ledgers=durable(tmp_path)) as it:
        waiting = asyncio.create_task(it.get("/runs/default/deliveries?count=2&wait=10s"))
        await it.send(track("a"))
        await it.send(track("b"))
        assert [each["number"] for each in (await waiting)["deliveries"]] == [1, 2]


async def test_what_is_sent_ahead_is_answered_in_order(tmp_path: Path) -> None:
    """A client that does not wait for its answers gets one for each request, in their order."""
    requests = [post("Content-Type: application/json", body=b'{"n": %d}' % n, target=f"/destinations/{to}")
                for n, to in enumerate(["crm", "nobody", "crm", "nobody", "crm"])]  # fmt: skip
    async with served(PLAIN, ledgers=durable(tmp_path)) as it, it.connection() as client:
        client.send(b"".join(requests))
        statuses = [(await client.reply()).status for _ in requests]
        recorded = (await it.get("/runs/default"))["deliveries"]
    assert (statuses, recorded) == ([200, 404, 200, 404, 200], 5)


async def test_what_cannot_be_committed_is_answered_503_and_fails_the_verdict(tmp_path: Path) -> None:
    """A sender is told to come again; when the file can be written, the delivery is there with that answer."""
    async with served(PLAIN, ledgers=durable(tmp_path)) as it:
        with locked(tmp_path):
            refused = await it.send(track("a"))
            meanwhile = await it.get("/runs/default/verdict")
        accepted = await it.send(track("a"))
        listed = (await it.get("/runs/default/deliveries"))["deliveries"]
        verdict = await it.get("/runs/default/verdict")
    assert (refused.status, accepted.status) == (503, 200)
    assert "another process has locked the file" in refused.json["error"]
    assert [(each["number"], each["attempt"]) for each in listed] == [(1, 1), (2, 2)]
    for each in (meanwhile, verdict):
        assert (each["verdict"], each["counts"]["dropped"]) == ("failed", 1)
        assert "not kept: 1 delivery (number 1)" in each["failures"][0]


async def test_nobody_is_a_member_whose_adding_was_not_kept(tmp_path: Path) -> None:
    """What is answered 503 changes no list."""
    member = {"list": KEY, "add": [{"userId": "u1"}]}
    async with served(CONFIG, ledgers=durable(tmp_path)) as it:
        with locked(tmp_path):
            await it.send(member, "/destinations/ads")
        assert await it.get("/runs/default/destinations/ads/members") == {"lists": {}}


async def test_a_short_lock_is_waited_for(tmp_path: Path) -> None:
    """Deliveries that come while another program writes are answered once it is done."""
    async with served(PLAIN, ledgers=durable(tmp_path, patience=20)) as it:
        with locked(tmp_path):
            sending = asyncio.create_task(it.send(track()))
            for _ in range(3):
                await it.get("/runs/default")
            assert not sending.done()
        assert (await sending).status == 200
        assert (await it.get("/runs/default/verdict"))["verdict"] == "passed"


async def test_a_reset_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """It changes nothing, and names the file."""
    async with served(PLAIN, ledgers=durable(tmp_path)) as it:
        await it.send(track())
        with locked(tmp_path):
            refused = await it.ask("POST", "/_harness/v1/runs/default/reset")
        still = (await it.get("/runs/default"))["deliveries"]
        done = await it.ask("POST", "/_harness/v1/runs/default/reset")
        after = (await it.get("/runs/default"))["deliveries"]
    assert (refused.status, still, done.status, after) == (503, 1, 200, 0)
    assert "another process has locked the file" in refused.json["detail"]


async def test_a_bounded_run_that_dropped_something_does_not_pass() -> None:
    """The verdict says how many are gone, and which; a reset makes it whole again."""
    async with served(PLAIN, ledgers=MemoryLedgers(Bounds(max=2))) as it:
        for user in "abcd":
            await it.send(track(user))
        verdict = await it.get("/runs/default/verdict")
        one, gone = [await it.ask("GET", f"/_harness/v1/runs/default/deliveries/{number}") for number in (3, 2)]
        await it.ask("POST", "/_harness/v1/runs/default/reset")
        after = await it.get("/runs/default/verdict")
    assert (verdict["verdict"], verdict["counts"]["dropped"], verdict["counts"]["deliveries"]) == ("failed", 2, 2)
    (failure,) = verdict["failures"]
    assert failure.startswith("dropped: 2 deliveries (numbers 1 to 2), since the ledger keeps no more (max=2)")
    assert (one.json["number"], gone.status, after["verdict"]) == (3, 404, "passed")


@pytest.mark.parametrize("name", ["default", "nightly"])
async def test_runs_of_one_file_are_apart(tmp_path: Path, name: str) -> None:
    """A run that is closed is forgotten, and one of its name begins anew; others stay."""
    async with served(PLAIN, ledgers=durable(tmp_path)) as it:
        await it.put("/runs/nightly", PLAIN)
        for path in ("/destinations/crm", "/runs/nightly/destinations/crm"):
            await it.send(track(), path)
        await it.ask("DELETE", "/_harness/v1/runs/nightly")
        await it.put("/runs/nightly", PLAIN)
        assert (await it.get(f"/runs/{name}"))["deliveries"] == (1 if name == "default" else 0)


@pytest.mark.parametrize("replies", ["reset", "hang", {"latency": "20ms", "status": 202}, {"dribble": "20ms"}])
async def test_what_is_not_just_written_is_committed_first(tmp_path: Path, replies: Any) -> None:
    """Faults and slow replies are given as they are from memory, and are in the file."""
    config = {"destinations": {"crm": {"kind": "event", "replies": [replies, 200]}}}
    async with served(config, ledgers=durable(tmp_path)) as it, it.connection() as client:
        client.send(post("Content-Type: application/json", body=b"{}", target="/destinations/crm"))
        if replies == "reset":
            with pytest.raises(ConnectionResetError):
                await client.rest()
        elif replies != "hang":
            assert (await client.reply()).status == replies.get("status", 200)
        (record,) = (await it.get("/runs/default/deliveries?count=1&wait=10s"))["deliveries"]
    assert record["reply"] == ({"fault": replies} if isinstance(replies, str) else {"status": 200, **replies})
