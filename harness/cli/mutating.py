"""Plays scenarios against faulty senders, for `harness mutate`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from harness.adapters.server.server import Server
from harness.core.contract import Contract
from harness.core.instants import MINUTE
from harness.core.kills import Column, Kills, Mutant, Sign
from harness.core.scenario.model import Scenario, Settle
from harness.core.verdict import Verdict
from harness.engage.faults import FAULTS
from harness.runner import Player
from harness.senders.connections import Connections
from harness.senders.traced import TracedSystems

MUTANTS = tuple(Mutant(name=each.name, sentence=each.sentence, rule=each.rule) for each in FAULTS.values())


_PATIENCE = 2 * MINUTE
"""How long a mutant may take to send all that it has, in real time."""


class NotRight(Exception):
    """A scenario does not pass, or cannot be played; its verdict says why."""

    def __init__(self, verdict: Verdict) -> None:
        """Keep the verdict."""
        super().__init__(verdict.title)
        self.verdict = verdict


def can_be_mutated(scenario: Scenario) -> bool:
    """Whether `scenario` is about right traffic of the simulated space; without a journey, that sends nothing."""
    right = scenario.system.fault is None and scenario.expect_violations is None
    return scenario.system.name == "engage" and right and bool(scenario.journeys)


class Mutating:
    """Plays scenarios on one server, each with every fault; `playing` is told of each play which scenario it is."""

    def __init__(self, server: Server, playing: Callable[[str], None]) -> None:
        """Play on `server`, which is running."""
        self._connections = Connections()
        self._systems = TracedSystems(self._connections)
        self._player = Player(server=server, make_system=self._systems)
        self._playing = playing

    async def kills(self, scenarios: Sequence[Scenario]) -> Kills:
        """The kill table; NotRight where one of them does not pass without a fault."""
        async with self._connections:
            columns = [column for scenario in scenarios if (column := await self._column(scenario)) is not None]
        rules = dict.fromkeys(rule for scenario in scenarios for rule in scenario.contract.severities)
        return Kills(mutants=MUTANTS, columns=columns, rules=tuple(rules))

    async def _column(self, scenario: Scenario) -> Column | None:
        """What `scenario` makes of all mutants; None where it is skipped."""
        self._playing(scenario.title)
        right = await self._player.play(scenario)
        if right.word == "skipped":
            return None
        if right.word != "passed":
            raise NotRight(right)
        trace = self._systems.trace
        signs = [await self._sign(scenario, mutant, trace) for mutant in MUTANTS]
        return Column(file=scenario.file, line=scenario.mark.line, title=scenario.title, signs=signs)

    async def _sign(self, scenario: Scenario, mutant: Mutant, right: bytes) -> Sign:
        bent = _patient(replace(scenario, system=replace(scenario.system, fault=mutant.name)))
        self._playing(scenario.title)
        if mutant.rule is not None:
            bent = replace(bent, expectations=())
        verdict = await self._player.play(bent)
        if verdict.word == "errored":
            raise NotRight(replace(verdict, title=f"{verdict.title}, with the fault {mutant.name}"))
        if self._systems.trace == right:
            return Sign.SAME
        if mutant.rule is None:
            return Sign.EXPECTATION if verdict.unmet else Sign.MISSED
        return Sign.RULE if _broke(verdict, mutant.rule, scenario.contract) else Sign.MISSED


def _patient(scenario: Scenario) -> Scenario:
    """`scenario` with time for what a fault makes the space send more of: how fast that goes is not judged here."""
    actions = [replace(each, within=_PATIENCE) if isinstance(each, Settle) else each for each in scenario.actions]
    return replace(scenario, actions=(*actions, Settle(mark=scenario.mark, within=_PATIENCE)))


def _broke(verdict: Verdict, rule: str, contract: Contract) -> bool:
    """Whether the rule was broken as severely as the contract takes it: a rule that only warns catches by warning."""
    severity = contract.severities.get(rule)
    found = verdict.judgement.violations if verdict.judgement is not None else ()
    return any(each.rule == rule and each.severity == severity for each in found)
