"""The shipped scenarios catch every faulty sender, and none of them is there for nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from harness.adapters.server.server import Server
from harness.cli.mutating import Mutating, can_be_mutated
from harness.core.kills import Kills
from harness.reports.kills_text import kills_text
from tests.scenarios.playing import scenarios_in

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"


async def table() -> Kills:
    """The kill table of all shipped scenarios."""
    scenarios = [each for file in sorted(FOLDER.rglob("*.scenario.yaml")) for each in scenarios_in(file)]
    server = Server()
    await server.start()
    try:
        return await Mutating(server, lambda _: None).kills([each for each in scenarios if can_be_mutated(each)])
    finally:
        await server.stop()


@pytest.mark.long
def test_every_mutant_is_caught_and_every_scenario_catches_one() -> None:
    """Each fault is caught, by its rule where it has one; each rule catches one, and so does each scenario."""
    kills = asyncio.run(table())
    text = kills_text(kills)
    assert len(kills.mutants) >= 40
    assert kills.slipped == [], text
    assert kills.unexercised == [], text
    assert [column for column in kills.columns if not column.caught] == [], text
