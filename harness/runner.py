"""Plays scenarios: system under test + server + clock -> verdict."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Protocol, assert_never

from msgspec import Struct
from msgspec.structs import replace

from harness.adapters.client_code import ClientFailed, run_client
from harness.adapters.clocks import VirtualClock
from harness.adapters.packages import missing_packages
from harness.adapters.posting import NotPosted, Poster
from harness.adapters.server.list_views import list_views
from harness.adapters.server.runs import Run
from harness.adapters.server.server import Server
from harness.core.clock import Clock, going_by
from harness.core.concluding import conclude
from harness.core.destinations.destination import Destination
from harness.core.documents import Mark
from harness.core.instants import SECOND, Duration, format_duration
from harness.core.profiles import Profile
from harness.core.scenario.evidence import Evidence
from harness.core.scenario.expecting import nothing_judged, received_unmet, unmet_expectations
from harness.core.scenario.model import (
    DEFAULT_WITHIN,
    Action,
    Advance,
    Client,
    Deliver,
    Enter,
    Identify,
    Leave,
    Publish,
    Received,
    RowsAre,
    Scenario,
    Settle,
    SystemChoice,
    Track,
    UnexpectedAllowed,
)
from harness.core.systems import Address, Source, System, SystemFailed
from harness.core.verdict import Verdict, Word
from harness.core.warehouses.results import Queries

_RUNS = itertools.count(1)
_OWN_ACTIONS = frozenset({"deliver", "client", "settle"})
"""Actions that need nothing of the system but what every system does."""

_FEW = 1_000
"""Of so many deliveries or fewer, a verdict keeps the payloads, which it reads several times."""


class DrivenSystem(System, Source, Protocol):
    """A system under test that sources feed."""


MakeSystem = Callable[[SystemChoice, Clock], DrivenSystem]


class Player(Struct, frozen=True, kw_only=True):
    """Plays scenarios, one at a time, on a server that is running."""

    server: Server
    make_system: MakeSystem
    run_name: str | None = None
    """The name of the run, opened anew for each scenario; None gives each a name of its own."""

    async def play(self, scenario: Scenario) -> Verdict:
        """The verdict on `scenario`: whatever happens in it, this returns one."""
        missing = missing_packages(scenario)
        if missing:
            return _without_run(scenario, "skipped", missing)
        if self.run_name is not None:
            await self.server.close_run(self.run_name)
        run = self.server.open_run(self.run_name or self._free_name(), VirtualClock())
        try:
            failure = await self._played(scenario, run)
            queries = {} if failure else await run.warehouses.found(_queries(scenario))
            return _verdict(scenario, run, self.server.missed(run), failure, queries)
        finally:
            await self.server.close_run(run.name)

    def _free_name(self) -> str:
        return next(name for number in _RUNS if self.server.runs.get(name := f"s{number}") is None)

    async def _played(self, scenario: Scenario, run: Run) -> str | None:
        """Why the playing of `scenario` broke off; None where it did not."""
        try:
            async with AsyncExitStack() as open_things:
                system = self.make_system(scenario.system, run.clock)
                open_things.push_async_callback(system.stop)
                poster = await open_things.enter_async_context(Poster())
                await _Play(scenario, self.server, run, system, poster).play()
        except _BrokeOff as error:
            return str(error)
        except Exception as error:  # noqa: BLE001  # one scenario that cannot be played must not end all others
            return f"{scenario.mark}: {_words(error)}"
        return None


class _BrokeOff(Exception):
    """A scenario cannot be played to its end; the message says where and why."""


@contextmanager
def _located(mark: Mark, what: str) -> Iterator[None]:
    """Say of what breaks off where it was, and in doing what."""
    try:
        yield
    except Exception as error:
        raise _BrokeOff(f"{mark}: {what}: {_words(error)}") from error


def _words(error: Exception) -> str:
    """What an exception says; those that were not meant for people are told apart by their type."""
    meant = isinstance(error, SystemFailed | ClientFailed | NotPosted)
    return str(error) if meant else f"{type(error).__name__}: {error}"


class _Play:
    """The playing of one scenario in one run."""

    def __init__(self, scenario: Scenario, server: Server, run: Run, system: DrivenSystem, poster: Poster) -> None:
        self._scenario = scenario
        self._server = server
        self._run = run
        self._system = system
        self._poster = poster

    async def play(self) -> None:
        """Set up, do all actions, and wait until everything that they set off is done."""
        with _located(self._scenario.mark, "set-up"):
            await self._set_up()
        for action in self._scenario.actions:
            name = type(action).__name__.lower()
            with _located(action.mark, name):
                self._refuse_unable(name)
                await self._perform(action)
        with _located(self._scenario.mark, "waiting for the end"):
            await self._finish()

    def _refuse_unable(self, action: str) -> None:
        """Raise SystemFailed where `action` is not the runner's own and the system cannot do it."""
        can = self._system.can
        if action not in _OWN_ACTIONS and action not in can:
            known = ", ".join(sorted(can)) or "nothing"
            raise SystemFailed(f"the system under test cannot `{action}`; it can: {known}")

    async def _finish(self) -> None:
        if not self._scenario.actions or not isinstance(self._scenario.actions[-1], Settle):
            await self._settle(DEFAULT_WITHIN)
        by_hand = any(isinstance(action, Deliver) for action in self._scenario.actions)
        self._run.settled = "settle" in self._system.can and not by_hand
        for expectation in self._scenario.expectations:
            if isinstance(expectation, Received) and expectation.within is not None:
                await self._wait_for(expectation, expectation.within)
        await self._run.warehouses.loaded()
        if self._run.troubles:
            raise SystemFailed("; ".join(self._run.troubles))

    async def _set_up(self) -> None:
        destinations = {each.name: self._with_integration(each) for each in self._scenario.destinations.values()}
        self._run.configure(self._scenario.contract, destinations, self._scenario.declarations())
        self._run.sources.feeds = self._system
        for journey in self._scenario.journeys:
            await self._publish(journey)

    async def _publish(self, journey_id: str) -> None:
        """Publish the journey, or its next version."""
        journey, destinations = self._scenario.journeys[journey_id], self._run.destinations
        names = {name for step in journey.steps for name in step.to}
        await self._system.publish(journey, {name: self._address(destinations[name]) for name in sorted(names)})

    def _with_integration(self, destination: Destination) -> Destination:
        """`destination` with the name by which the system routes to it, where it declares none."""
        if destination.integration is not None:
            return destination
        return replace(destination, integration=self._system.integration(self._address(destination)))

    def _address(self, destination: Destination) -> Address:
        return Address(
            name=destination.name,
            kind=destination.kind,
            url=self._server.destination_url(self._run, destination.name),
            calls=destination.calls,
            integration=destination.integration,
            auth=destination.auth,
            signature=destination.signature,
        )

    async def _perform(self, action: Action) -> None:
        match action:
            case Enter() | Leave() | Track() | Identify():
                for profile in action.profiles:
                    await self._let(action, profile)
            case Publish():
                await self._publish(action.journey)
            case Advance():
                await self._system.advance(action.duration)
            case Settle():
                await self._settle(action.within)
            case Deliver():
                await self._deliver(action)
            case Client():
                await self._run_client(action)
            case _:
                assert_never(action)

    async def _deliver(self, action: Deliver) -> None:
        """Post what `action` says, behind everything that the system had to send until now."""
        if "advance" in self._system.can:
            await self._system.advance(0)
        url = self._server.destination_url(self._run, action.to)
        with going_by(self._run.clock, DEFAULT_WITHIN):
            await self._poster.post(url, action.body, action.headers)

    async def _let(self, action: Enter | Leave | Track | Identify, profile: Profile) -> None:
        """Let one profile do what `action` says."""
        match action:
            case Enter():
                await self._system.enter(action.journey, action.step, profile)
            case Leave():
                await self._system.leave(action.journey, action.step, profile)
            case Track():
                await self._system.track(profile, action.event, action.properties)
            case Identify():
                await self._system.identify(profile, {**profile.traits, **action.traits})
            case _:
                assert_never(action)

    async def _run_client(self, action: Client) -> None:
        file = Path(self._scenario.file).parent / action.file
        host = self._server.source_url(self._run)
        await run_client(file, action.function, host=host, write_key=action.source, seconds=action.within / SECOND)

    async def _settle(self, within: Duration) -> None:
        try:
            async with asyncio.timeout(within / SECOND):
                await self._system.settle()
        except TimeoutError:
            raise SystemFailed(
                f"the system under test did not settle within {format_duration(within)} of real time: "
                "give `settle: {within: …}` more, or find out what it still sends"
            ) from None

    async def _wait_for(self, expectation: Received, within: Duration) -> None:
        """Return when `expectation` is met, or when the time for it is over."""
        declarations = self._run.checker.declarations
        try:
            async with asyncio.timeout(within / SECOND):
                while list(received_unmet(expectation, Evidence(self._run.ledger.deliveries(), declarations))):
                    await self._run.changed()
        except TimeoutError:
            return


def _without_run(scenario: Scenario, word: Word, *why: str) -> Verdict:
    return Verdict(word=word, file=scenario.file, mark=scenario.mark, title=scenario.title, failures=why)


def _queries(scenario: Scenario) -> list[tuple[str, str]]:
    return [(each.of, each.sql) for each in scenario.expectations if isinstance(each, RowsAre)]


def _verdict(scenario: Scenario, run: Run, lost: int, failure: str | None, queries: Queries) -> Verdict:
    """The verdict on what the run recorded; where playing broke off by `failure`, with what is known until then."""
    deliveries = run.ledger.deliveries()
    if len(deliveries) <= _FEW:
        deliveries = [replace(each, payloads=tuple(each.payloads)) for each in deliveries]
    evidence = Evidence(deliveries, run.checker.declarations, queries, list_views(run))
    unmet = [] if failure else unmet_expectations(scenario.expectations, evidence)
    if not (failure or deliveries or lost):
        unmet.extend(nothing_judged(scenario))
    subject = _without_run(scenario, "passed")
    verdict = conclude(
        replace(subject, unmet=unmet, lost=lost, expects_nothing=scenario.expects_nothing),
        run.judge(deliveries),
        deliveries,
        expect_violations=scenario.expect_violations,
        losses=run.ledger.losses(),
        violations_mark=scenario.violations_mark,
        unexpected_allowed=any(isinstance(each, UnexpectedAllowed) for each in scenario.expectations),
    )
    # Expectations that speak of what was never played would only hide the reason.
    return verdict if failure is None else replace(verdict, word="errored", failures=(failure,), unmet=())
