"""The server: destinations, tracking API and control API on one port."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from ssl import SSLContext
from typing import TypeAlias

from aiohttp import web

from harness.adapters.clocks import FollowingClock, wall_clock
from harness.adapters.contract_files import CONTRACT_SUFFIXES, DEFAULT_CONTRACT, contract_of, load_contract
from harness.adapters.crowds import make_crowd
from harness.adapters.json_files import own_schema
from harness.adapters.ledgers import Ledgers, MemoryLedgers
from harness.adapters.server.all_runs import Runs
from harness.adapters.server.control import ControlApi
from harness.adapters.server.destination_paths import destination_routes
from harness.adapters.server.expiry import Expiry
from harness.adapters.server.forwarding import Forwarder
from harness.adapters.server.front import Front
from harness.adapters.server.happenings import happened
from harness.adapters.server.in_flight import InFlight
from harness.adapters.server.origins import same_origin
from harness.adapters.server.problems import problems
from harness.adapters.server.refusals import Refusals
from harness.adapters.server.requests import DEFAULT_RUN, Limits
from harness.adapters.server.routes import Route, definitions
from harness.adapters.server.runs import Run
from harness.adapters.server.tokens import token_demanded
from harness.adapters.server.tracking_api import TrackingApi
from harness.core.clock import Clock
from harness.core.contract import Contract
from harness.core.destinations.destination import Destination
from harness.core.documents import Document
from harness.core.instants import Duration, Instant
from harness.core.scenario.setup import Setup, parse_setup

Attach: TypeAlias = Callable[["Server", Run, Setup], Awaitable[Mapping[str, Destination]]]
"""Gives a run that is about to be set up the system that its sources feed, in place of any that it had.

Returns the destinations as that system names them; raises SystemFailed before it changes anything.
"""


class Server:
    """One server object: nothing of it is global, and any number can run in one process."""

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        attach: Attach | None = None,
        expires_after: Duration | None = None,
        ledgers: Ledgers | None = None,
        token: str | None = None,
        now: Callable[[], Instant] = wall_clock,
    ) -> None:
        """Set up, with a `default` run that has no destinations yet; `attach` is called for each run set up whole.

        Runs that are opened over HTTP, and do not say how long they live, are closed once they are idle for
        `expires_after`; idleness is measured by `now`.
        `ledgers` keep what comes, in memory unless given; they are closed with the server.
        `token` is what the control API demands; None: nothing.
        """
        self._ledgers = ledgers or MemoryLedgers()
        self.limits = limits or Limits()
        self.expires_after = expires_after
        self.now = now
        self.runs = Runs()
        self.refusals = Refusals()
        self.url = ""
        """Where it listens, once started."""
        self._forwarder = Forwarder()
        self._attach = attach
        self._setting_up = asyncio.Lock()
        self.in_flight = InFlight(self._left)
        self._expiry = Expiry(self)
        self.routes: list[Route] = [
            *ControlApi(self, read_setup).routes(),
            *destination_routes(),
            *TrackingApi(self.runs, self.limits).routes(),
        ]
        """All that it serves, destinations included."""
        self._front = Front(
            receive=self.runs.receive,
            control=self._application(token),
            limits=self.limits,
            refused=self.refusals,
            in_flight=self.in_flight,
            cuts_short=self._cuts_short,
        )
        self.open_run(DEFAULT_RUN)

    def open_run(self, name: str, clock: Clock | None = None) -> Run:
        """The run of that name, opened where there is none; its clock follows the wall clock unless given."""
        return self.runs.open(name, lambda: self._new_run(name, clock or FollowingClock()))

    def _cuts_short(self, name: str, destination: str) -> bool:
        run = self.runs.get(name)
        return run is not None and run.cuts_short(destination)

    def _new_run(self, name: str, clock: Clock) -> Run:
        run = Run(name, load_contract(DEFAULT_CONTRACT), clock, self._forwarder, self._ledgers.of(name))
        run.refused_before, run.asked_at = self.refusals.count, self.now()
        if name != DEFAULT_RUN:
            happened("run-opened", f"run {name} is opened", run=name)
        return run

    async def set_up(self, run: Run, setup: Setup, contract: Contract) -> None:
        """Configure `run`, and attach the system that its journeys need; what is set up so already stays untouched.

        Raises SystemFailed, having changed nothing, where no system can play the journeys.
        """
        async with self._setting_up:
            if run.setup != setup or run.checker.contract is not contract:
                await self._set_up(run, setup, contract)

    async def _set_up(self, run: Run, setup: Setup, contract: Contract) -> None:
        destinations = setup.destinations if self._attach is None else await self._attach(self, run, setup)
        run.configure(contract, destinations, setup.declarations())
        run.setup = setup
        happened(
            "run-set-up",
            f"run {run.name} is set up",
            run=run.name,
            contract=contract.id,
            destinations=list(destinations),
        )

    async def reset(self, run: Run) -> None:
        """Forget what `run` recorded, and start its system anew."""
        async with self._setting_up:
            if run.setup is not None:
                await self._set_up(run, run.setup, run.checker.contract)
            run.reset()
            run.refused_before, run.strays_before = self.refusals.count, self.runs.stray_count
            happened("run-reset", f"run {run.name} is reset", run=run.name)

    async def close_run(self, name: str, how: str = "is closed") -> None:
        """Close the run of that name, and stop its system; what still comes for it is answered 410."""
        run = self.runs.get(name)
        if run is not None and run.stop_system is not None:
            await run.stop_system()  # first, or what it still sends would be lost
        if run is not None and self.runs.get(name) is run:
            self.runs.close(name, how)
            await run.warehouses.close()
            run.ledger.close()  # last, since the warehouses load the rest from it
            happened("run-closed", f"run {name} {how}", run=name, deliveries=run.count)

    async def expire(self) -> None:
        """Close the runs that nothing came for, and that nobody asked for, for as long as they live."""
        await self._expiry.expire()

    def _left(self, name: str) -> None:
        """Let those who wait in a run know that a request is in flight no longer."""
        run = self.runs.get(name)
        if run is not None and run.waited_for:
            run.nudge()

    def missed(self, run: Run) -> int:
        """Requests since `run` began that nothing could read, or for runs that never were: they may have been for it.

        Those for runs that were closed are not among them: they came too late for those, and for no other.
        """
        return self.refusals.count - run.refused_before + self.runs.stray_count - run.strays_before

    def forget_refused(self) -> None:
        """Forget what nothing could read."""
        self.refusals.clear()
        for run in self.runs:
            run.refused_before = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0, tls: SSLContext | None = None) -> str:
        """Listen, with `tls` where given, and return the URL; OSError where host or port cannot be had."""
        self.url = await self._front.start(host, port, tls)
        for run in self.runs:
            run.resume()
        self._expiry.start()
        happened("started", f"listening at {self.url}", url=self.url)
        return self.url

    async def stop(self) -> None:
        """Listen no more, having answered what is being answered."""
        await self._expiry.stop()
        for run in self.runs:
            run.release()
        self._ledgers.flush()
        await self._front.stop()
        for run in self.runs:
            await run.warehouses.close()
        await self._forwarder.close()
        self._ledgers.close()
        happened("stopped", "stopped")

    def destination_url(self, run: Run, name: str) -> str:
        """Where the destination of that name listens."""
        prefix = "" if run.name == DEFAULT_RUN else f"/runs/{run.name}"
        return f"{self.url}{prefix}/destinations/{name}"

    def source_url(self, run: Run) -> str:
        """The host that a client library of `run` is given; it appends `/v1/…` itself."""
        return self.url if run.name == DEFAULT_RUN else f"{self.url}/runs/{run.name}"

    def _application(self, token: str | None = None) -> web.Application:
        app = web.Application(middlewares=[problems, *([] if token is None else [token_demanded(token)]), same_origin])
        app.add_routes(definitions(self.routes))
        return app


def read_setup(document: Document) -> tuple[Setup, Contract]:
    """What the body of a request sets up; its contract is one of those that are shipped, never a path."""
    setup = parse_setup(document, own_schema("config"), make_crowd)
    family = (setup.contract or "").partition("@")[0]
    if "/" in family or family.endswith(CONTRACT_SUFFIXES):
        message = f"{family[:80]!r} is a path: a server reads no file that a request names"
        raise document.at_value(("contract",), message, "name a shipped contract, or give the path to `serve --config`")
    for name, destination in setup.destinations.items():
        if destination.warehouse is not None and destination.warehouse.path:
            message = "a server opens no file that a request names"
            at = ("destinations", name, "url")
            raise document.at_value(at, message, "write sqlite: for memory, or give the path to `serve --config`")
    return setup, contract_of(document, Path())
