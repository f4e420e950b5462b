"""Plays scenarios: system under test + server + clock -> verdict."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, assert_never

from harness.adapters.client_code import ClientFailed, run_client
from harness.adapters.clocks import VirtualClock
from harness.adapters.posting import Poster
from harness.adapters.server.runs import Run
from harness.adapters.server.server import Server
from harness.core.clock import Clock
from harness.core.delivery import Delivery
from harness.core.destinations.destination import Destination
from harness.core.instants import SECOND, Duration, format_duration
from harness.core.judging import Judgement
from harness.core.scenario.evidence import Evidence
from harness.core.scenario.expecting import received_unmet, unmet_expectations
from harness.core.scenario.model import (
    DEFAULT_WITHIN,
    Action,
    Advance,
    Client,
    Deliver,
    Enter,
    Identify,
    Leave,
    Received,
    Scenario,
    Settle,
    SystemChoice,
    Track,
    UnexpectedAllowed,
)
from harness.core.systems import Address, Source, System, SystemFailed
from harness.core.verdict import Unmet, Verdict, Word

_RUNS = itertools.count(1)


class DrivenSystem(System, Source, Protocol):
    """A system under test that sources feed."""


MakeSystem = Callable[[SystemChoice, Clock], DrivenSystem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """Plays scenarios, one at a time, on a server that is running."""

    server: Server
    make_system: MakeSystem

    async def play(self, scenario: Scenario) -> Verdict:
        """The verdict on `scenario`: whatever happens in it, this returns one."""
        missing = [name for name in scenario.requires if not _is_installed(name)]
        if missing:
            return _without_run(scenario, "skipped", f"it needs the Python package {', '.join(missing)}: install it")
        run = self.server.open_run(f"s{next(_RUNS)}", VirtualClock())
        system = self.make_system(scenario.system, run.clock)
        lost = self.server.refusals.count + self.server.runs.lost_count
        try:
            async with Poster() as poster:
                await _Play(scenario, self.server, run, system, poster).play()
        except (SystemFailed, ClientFailed) as error:
            return _without_run(scenario, "errored", str(error))
        finally:
            await system.stop()
            self.server.runs.close(run.name)
        return _verdict(scenario, run, self.server.refusals.count + self.server.runs.lost_count - lost)


class _Play:
    """The playing of one scenario in one run."""

    def __init__(
        self, scenario: Scenario, server: Server, run: Run, system: DrivenSystem, poster: Poster
    ) -> None:
        self._scenario = scenario
        self._server = server
        self._run = run
        self._system = system
        self._poster = poster

    async def play(self) -> None:
        """Set up, do all actions, and wait until everything that they set off is done."""
        await self._set_up()
        for action in self._scenario.actions:
            await self._perform(action)
        if not self._scenario.actions or not isinstance(self._scenario.actions[-1], Settle):
            await self._settle(DEFAULT_WITHIN)
        for expectation in self._scenario.expectations:
            if isinstance(expectation, Received) and expectation.within is not None:
                await self._wait_for(expectation, expectation.within)
        if self._run.unreachable:
            raise SystemFailed("; ".join(f"{name}: {why}" for name, why in self._run.unreachable.items()))

    async def _set_up(self) -> None:
        destinations = {each.name: self._with_integration(each) for each in self._scenario.destinations.values()}
        self._run.configure(self._scenario.contract, destinations, self._scenario.declarations())
        self._run.sources.feeds = self._system
        for journey in self._scenario.journeys.values():
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
        )

    async def _perform(self, action: Action) -> None:
        system = self._system
        match action:
            case Enter():
                for profile in action.profiles:
                    await system.enter(action.journey, action.step, profile)
            case Leave():
                for profile in action.profiles:
                    await system.leave(action.journey, action.step, profile)
            case Track():
                for profile in action.profiles:
                    await system.track(profile, action.event, action.properties)
            case Identify():
                for profile in action.profiles:
                    await system.identify(profile, {**profile.traits, **action.traits})
            case Advance():
                await system.advance(action.duration)
            case Settle():
                await self._settle(action.within)
            case Deliver():
                url = self._server.destination_url(self._run, action.to)
                await self._poster.post(url, action.body, action.headers)
            case Client():
                await self._run_client(action)
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


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def _without_run(scenario: Scenario, word: Word, why: str) -> Verdict:
    return Verdict(word=word, file=scenario.file, mark=scenario.mark, title=scenario.title, failures=(why,))


def _verdict(scenario: Scenario, run: Run, lost: int) -> Verdict:
    judgement = run.judge()
    deliveries = run.ledger.deliveries()
    unmet = [
        *unmet_expectations(scenario.expectations, Evidence(deliveries, run.checker.declarations)),
        *_unmet_violations(scenario, judgement),
        *_unexpected(scenario, judgement, lost),
    ]
    shown = judgement.violations
    failed = bool(unmet) or (scenario.expect_violations is None and bool(judgement.errors))
    return Verdict(
        word="failed" if failed else "passed",
        file=scenario.file,
        mark=scenario.mark,
        title=scenario.title,
        judgement=judgement,
        unmet=unmet,
        violations=shown,
        evidence=_evidence(judgement, deliveries),
        lost=lost,
    )


def _evidence(judgement: Judgement, deliveries: Sequence[Delivery]) -> Mapping[int, Delivery]:
    return {number: deliveries[number - 1] for v in judgement.violations for number in v.deliveries}


def _unmet_violations(scenario: Scenario, judgement: Judgement) -> list[Unmet]:
    """Where violations are expected: those that did not show."""
    if scenario.expect_violations is None:
        return []
    broken = {violation.rule for violation in judgement.errors}
    if broken == scenario.expect_violations:
        return []
    return [
        Unmet(
            mark=scenario.mark,
            expectation="expect_violations",
            expected=f"exactly these rules broken: {', '.join(sorted(scenario.expect_violations))}",
            actual=", ".join(sorted(broken)) or "none broken",
        )
    ]


def _unexpected(scenario: Scenario, judgement: Judgement, lost: int) -> list[Unmet]:
    if any(isinstance(each, UnexpectedAllowed) for each in scenario.expectations):
        return []
    if not judgement.unexpected and not lost:
        return []
    actual = f"{judgement.unexpected} to unknown destinations, {lost} that could not be read or were for no run"
    return [
        Unmet(mark=scenario.mark, expectation="unexpected", expected="no unexpected delivery", actual=actual)
    ]
