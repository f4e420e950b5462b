"""What replies take on a run's clock that stands still: the simulated space hears of them when their time has come."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from harness.adapters.clocks import VirtualClock
from harness.adapters.contract_files import load_contract
from harness.adapters.server.runs import Run
from harness.adapters.server.server import Server
from harness.core.behaviours import behaviour
from harness.core.clock import Charges
from harness.core.declarations import Declarations
from harness.core.destinations.destination import Destination
from harness.core.instants import MINUTE, SECOND, Duration
from harness.core.systems import Address
from harness.engage.space import Space
from harness.senders.engage import EngageSystem
from tests.engage.spaces import ALEX, SAM, STEP
from tests.senders.receiver import publish


class Stage:
    """A run with two destinations, and a space that sends to them."""

    def __init__(self, server: Server, run: Run) -> None:
        self.run = run
        self.space = Space(start=run.clock.now())
        self.system = EngageSystem(clock=run.clock, space=self.space)
        self.start = run.clock.now()
        self.addresses = [
            Address(name=name, kind="event", url=server.destination_url(run, name)) for name in run.destinations
        ]

    @property
    def at(self) -> list[tuple[str, Duration]]:
        """Where each delivery went, and how long after the beginning."""
        return [(each.destination, each.arrival.received_at - self.start) for each in self.run.ledger.deliveries()]


@asynccontextmanager
async def stage(**replies: Any) -> AsyncIterator[Stage]:
    """A stage whose destinations answer like this, and on which two people have entered."""
    server = Server()
    await server.start()
    run = server.open_run("test", VirtualClock())
    known = {name: Destination(name=name, behaviour=behaviour(written)) for name, written in replies.items()}
    run.configure(load_contract("engage-journeys"), known, Declarations())
    it = Stage(server, run)
    try:
        await publish(it.system, *it.addresses)
        for profile in (ALEX, SAM):
            await it.system.enter("winback", STEP, profile)
        yield it
    finally:
        await it.system.stop()
        await server.stop()


async def test_waiting_takes_no_real_time() -> None:
    """A hundred hours of hanging and latency are over at once."""
    began = time.monotonic()
    async with stage(crm=[*["hang"] * 8, {"latency": "9s"}]) as it:
        await it.system.settle()
        assert it.space.overview("crm").delivered == 2
    assert time.monotonic() - began < 30


async def test_a_reply_that_hangs_is_a_time_out_after_ten_seconds() -> None:
    """The next attempt comes a back-off after these, and the failure has the name that the documents give it."""
    async with stage(crm="hang") as it:
        await it.system.settle()
        assert it.space.overview("crm").failed == {"ETIMEDOUT": 2}
        first, second, retried = it.at[:3]
    assert (first, second) == (("crm", 0), ("crm", 0))
    assert 10 * SECOND + MINUTE // 2 <= retried[1] <= 10 * SECOND + MINUTE


@pytest.mark.parametrize(("latency", "attempts"), [("9999ms", 1), ("10s", 2), ("1h", 2)])
async def test_a_reply_is_late_from_ten_seconds_on(latency: str, attempts: int) -> None:
    """What comes within them is taken; what comes later was sent for nothing."""
    async with stage(crm=[{"latency": latency}, 200]) as it:
        await it.system.settle()
        assert len(it.at) == 2 * attempts
        assert it.space.overview("crm").delivered == 2


async def test_latency_and_dribbling_add_up() -> None:
    """A reply whose end comes too late is too late."""
    async with stage(crm=[{"latency": "6s", "dribble": "6s"}, 200]) as it:
        await it.system.settle()
        assert len(it.at) == 4


async def test_nobody_waits_for_somebody_else() -> None:
    """While one destination keeps the space waiting, the others hear of everything in time."""
    async with stage(slow="hang", crm=[{"status": 503, "latency": "1s"}, 200]) as it:
        await it.system.advance(3 * MINUTE)
        told = {name: [at for where, at in it.at if where == name] for name in ("slow", "crm")}
    assert told["slow"][:2] == told["crm"][:2] == [0, 0]
    assert all(SECOND + MINUTE // 2 <= at <= SECOND + MINUTE for at in told["crm"][2:])
    assert len(told["crm"]) == 4


async def test_a_fault_after_a_while_is_heard_of_after_a_while() -> None:
    """A connection that is reset after three seconds is tried again three seconds later than another."""
    async with stage(crm=[{"fault": "reset", "latency": "3s"}, 200]) as it:
        await it.system.advance(0)
        assert it.space.overview("crm").pending == 2
        await it.system.settle()
        assert it.at[2][1] >= 3 * SECOND + MINUTE // 2


def test_charges_tell_who_still_waits() -> None:
    """Up to the patience, and not to it; what is charged is never more."""
    charges = Charges(patience=10)
    assert [(charges.charge(taken), charges.charged) for taken in (0, 9, 10, 11, None)] == [
        (True, 0),
        (True, 9),
        (False, 10),
        (False, 10),
        (False, 10),
    ]
