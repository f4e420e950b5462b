"""Plays scenarios written in a test, with a system that does as it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from harness.adapters.scenario_files import load_scenarios
from harness.adapters.server.server import Server
from harness.core.clock import Clock
from harness.core.journeys import Journey
from harness.core.profiles import Profile
from harness.core.scenario.model import Scenario, SystemChoice
from harness.core.systems import Address
from harness.engage.faults import FAULTS
from harness.runner import MakeSystem, Player
from harness.senders.systems import make_system

PARTS = """
version: 1
scenario: A scenario of a test
profiles: {alex: {userId: u1, email: alex@example.com}}
destinations: {crm: {kind: event}}
journeys:
  j:
    name: J
    entry: {event: Order Completed}
    steps:
      - send_to_destinations: {name: S, to: [crm]}
"""
ENTER = "do:\n  - enter: {journey: j, step: S, profiles: alex}\n"
ENTER_LINE = 12


class System:
    """A system under test that does nothing; tests make one method of it do something else."""

    can = frozenset({"publish", "enter", "leave", "track", "identify", "advance", "settle"})

    def __init__(self) -> None:
        self.addresses: dict[str, Address] = {}
        self.stopped = 0

    def integration(self, address: Address) -> str | None:
        """None."""
        return None

    def ingest(self, call: Mapping[str, Any], write_key: str) -> None:
        """Take it."""

    async def publish(self, journey: Journey, destinations: Mapping[str, Address]) -> Mapping[str, str]:
        """Note the addresses."""
        self.addresses.update(destinations)
        return {}

    async def enter(self, journey: str, step: str, profile: Profile) -> None:
        """Nothing."""

    async def leave(self, journey: str, step: str, profile: Profile) -> None:
        """Nothing."""

    async def track(self, profile: Profile, event: str, properties: Mapping[str, Any]) -> None:
        """Nothing."""

    async def identify(self, profile: Profile, traits: Mapping[str, Any]) -> None:
        """Nothing."""

    async def advance(self, duration: int) -> None:
        """Nothing."""

    async def settle(self) -> None:
        """Nothing."""

    async def stop(self) -> None:
        """Count it."""
        self.stopped += 1


def written(folder: Path, text: str, parts: str = PARTS) -> Scenario:
    """The scenario that `parts` and `text` write, in a file of `folder`."""
    file = folder / "test.scenario.yaml"
    file.write_text(parts.lstrip() + text)
    (scenario,) = load_scenarios(file, FAULTS)
    return scenario


def always(system: System) -> MakeSystem:
    """Makes that system, whatever a scenario chooses."""

    def make(choice: SystemChoice, clock: Clock) -> System:
        return system

    return make


@asynccontextmanager
async def playing(system: System | None = None) -> AsyncIterator[Player]:
    """A player on a server of its own; `system` is under test, else a simulated space."""
    server = Server()
    await server.start()
    try:
        yield Player(server=server, make_system=make_system() if system is None else always(system))
    finally:
        await server.stop()
