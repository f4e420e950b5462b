"""Runs that nobody uses are closed, by a clock that tests move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from harness.adapters.clocks import wall_clock
from harness.adapters.server.server import Server
from harness.core.instants import HOUR, MINUTE, Duration, Instant
from tests.adapters.front_serving import PATIENCE
from tests.server.serving import CONTROL, Served, serving, track

CRM = {"destinations": {"crm": {"kind": "event"}}}


class Later:
    """The wall clock, as much ahead as it was told."""

    def __init__(self) -> None:
        self.ahead: Duration = 0

    def __call__(self) -> Instant:
        """The time, as it would be."""
        return wall_clock() + self.ahead


@asynccontextmanager
async def expiring(default: Duration | None = None) -> AsyncIterator[tuple[Served, Later]]:
    """A server whose runs live for `default`, and the clock that measures it."""
    later = Later()
    async with serving(Server(now=later, expires_after=default)) as it:
        yield it, later


async def _runs(it: Served) -> list[str]:
    await it.server.expire()
    return [run["run"] for run in (await it.get("/runs"))["runs"]]


async def test_a_run_that_is_idle_for_its_time_is_closed_and_what_comes_later_is_lost() -> None:
    """Its senders are told 410 and why, and what they sent is listed."""
    async with expiring() as (it, later):
        await it.put("/runs/short", {**CRM, "expires_after": "1h"})
        later.ahead += HOUR
        runs = await _runs(it)
        answer = await it.send(track(), to="/runs/short/destinations/crm")
        lost = await it.get("/lost")
    assert (runs, answer.status) == (["default"], 410)
    assert answer.json["error"] == "the run 'short' has expired: it was idle for 1h"
    assert [each["run"] for each in lost["lost"]] == ["short"]


async def test_what_comes_late_for_an_expired_run_fails_no_other() -> None:
    """A straggler is known to be the expired run's own."""
    async with expiring() as (it, later):
        await it.put("/runs/short", {**CRM, "expires_after": "1h"})
        later.ahead += HOUR
        await it.server.expire()
        await it.send(track(), to="/runs/short/destinations/crm")
        verdict = await it.get("/runs/default/verdict")
    assert verdict["verdict"] == "passed"


async def test_asking_for_a_run_keeps_it_alive() -> None:
    """The time begins anew with each request about it."""
    async with expiring() as (it, later):
        await it.put("/runs/short", {"expires_after": "1h"})
        for _ in range(3):
            later.ahead += HOUR - MINUTE
            await it.get("/runs/short/clock")
        assert await _runs(it) == ["default", "short"]


async def test_a_delivery_keeps_a_run_alive() -> None:
    """The time begins anew with each delivery to it; here, with one that came an hour after it was opened."""
    async with expiring() as (it, later):
        later.ahead = -HOUR
        await it.put("/runs/short", {**CRM, "expires_after": "1h"})
        later.ahead = 0
        await it.send(track(), to="/runs/short/destinations/crm")
        assert await _runs(it) == ["default", "short"]


async def test_a_run_that_is_waited_for_does_not_expire() -> None:
    """Whoever waits, or reads its stream, uses it."""
    async with expiring() as (it, later):
        await it.put("/runs/short", {**CRM, "expires_after": "1h"})
        waiting = asyncio.create_task(it.get("/runs/short/deliveries?count=1&wait=60s"))
        run = it.server.open_run("short")
        async with asyncio.timeout(PATIENCE):
            while not run.waited_for:
                await it.get("/refused")
        later.ahead += 2 * HOUR
        runs = await _runs(it)
        await it.send(track(), to="/runs/short/destinations/crm")
        await waiting
    assert runs == ["default", "short"]


async def test_the_server_says_how_long_runs_live_that_do_not_say_it_themselves() -> None:
    """A run's own word goes first, null for ever included; the default run has no end."""
    async with expiring(HOUR) as (it, later):
        told = [
            (await it.put(f"/runs/{name}", body))["expires_after"]
            for name, body in (("plain", {}), ("own", {"expires_after": "3h"}), ("ever", {"expires_after": None}))
        ]
        default = (await it.put("/runs/default", {}))["expires_after"]
        later.ahead += 2 * HOUR
        runs = await _runs(it)
    assert (told, default) == (["1h", "3h", None], None)
    assert runs == ["default", "ever", "own"]


async def test_a_server_looks_by_itself() -> None:
    """Nobody has to ask for runs to be closed."""
    async with expiring() as (it, later):
        await it.put("/runs/short", {"expires_after": "1h"})
        later.ahead += HOUR
        async with asyncio.timeout(PATIENCE):
            while len((await it.get("/runs"))["runs"]) > 1:
                pass


@pytest.mark.parametrize(
    ("name", "written", "told"),
    [
        ("r", "soon", "not a duration"),
        ("r", "0s", "no time to live"),
        ("r", 5, "no time to live"),
        ("default", "1h", "always there"),
    ],
)
async def test_a_time_to_live_that_cannot_be_is_a_400(name: str, written: object, told: str) -> None:
    """The run is not opened."""
    async with expiring() as (it, _):
        answer = await it.ask("PUT", f"{CONTROL}/runs/{name}", {"expires_after": written})
        runs = await _runs(it)
    assert (answer.status, told in answer.json["detail"], runs) == (400, True, ["default"])
