"""Plays scenarios as the command does, and keeps what they left in the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from harness.adapters.scenario_files import load_scenarios
from harness.adapters.server.runs import Run
from harness.adapters.server.server import Server
from harness.core.clock import Clock
from harness.core.records import delivery_record
from harness.core.scenario.model import Scenario
from harness.core.verdict import Verdict
from harness.engage.faults import FAULTS
from harness.runner import Player
from harness.senders.systems import make_system


class Played(Struct, frozen=True, kw_only=True):
    """A scenario's verdict, and the deliveries of its run as records without what no two runs share."""

    verdict: Verdict
    records: Sequence[dict[str, Any]]


class _KeepingServer(Server):
    """A server that still has its runs when they are closed."""

    def __init__(self) -> None:
        self.kept: list[Run] = []
        super().__init__()

    def open_run(self, name: str, clock: Clock | None = None) -> Run:
        """The run, as ever, and kept."""
        run = super().open_run(name, clock)
        self.kept.append(run)
        return run


def scenarios_in(path: Path) -> list[Scenario]:
    """The scenarios of one file, a row each."""
    return load_scenarios(path, FAULTS)


def play(scenario: Scenario) -> Played:
    """Play `scenario` on a server of its own."""
    return asyncio.run(_play(scenario))


def play_file(path: Path) -> Verdict:
    """The verdict on the only scenario in the file."""
    (scenario,) = scenarios_in(path)
    return play(scenario).verdict


async def _play(scenario: Scenario) -> Played:
    server = _KeepingServer()
    await server.start()
    try:
        verdict = await Player(server=server, make_system=make_system()).play(scenario)
    finally:
        await server.stop()
    deliveries = server.kept[-1].ledger.deliveries()
    return Played(verdict=verdict, records=[_lasting(delivery_record(delivery)) for delivery in deliveries])


def _lasting(record: dict[str, Any]) -> dict[str, Any]:
    """A record without the run's name, the server's port and the wall clock."""
    request = record["request"]
    headers = {name: value for name, value in request["headers"].items() if name != "host"}
    path = request["path"].partition("/destinations/")[2]
    rest = {name: value for name, value in record.items() if name not in ("run", "arrived_at")}
    return {**rest, "request": {**request, "path": path, "headers": headers}}
