"""`harness mutate`: which faulty senders scenarios catch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from harness.adapters.server.server import Server
from harness.cli.exits import EXIT_FAILED, EXIT_PASSED, UsageFault, exit_code
from harness.cli.mutating import MUTANTS, Mutating, NotRight, can_be_mutated
from harness.cli.progress import Progress
from harness.cli.run_command import load_all
from harness.cli.say import print_json, print_out, say, say_error
from harness.core.kills import Kills
from harness.core.scenario.model import Scenario
from harness.reports.kills_json import kills_report, mutant_record
from harness.reports.kills_text import faults_text, kills_text
from harness.reports.text import scenario_text


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--threshold",
    type=click.FloatRange(0, 100),
    default=100.0,
    metavar="P",
    help="How many of a hundred mutants must be caught; 100 unless said.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
@click.option("--list", "listed", is_flag=True, help="List the faults, and play nothing.")
def mutate(paths: Sequence[Path], threshold: float, as_json: bool, listed: bool) -> int:
    """Run scenarios against faulty senders, and tell which each catches.

    A folder means every *.scenario.yaml below it. Scenarios that choose a fault of their own, or expect violations, are
    left out; the others must pass without a fault.
    """
    if listed:
        _print_faults(as_json)
        return EXIT_PASSED
    if not paths:
        raise UsageFault("name the scenarios to play, or ask for --list")
    scenarios = _playable(load_all(paths))
    try:
        kills = asyncio.run(_play(scenarios))
    except NotRight as error:
        say(scenario_text(error.verdict))
        say_error("mutants are tried only where the right sender passes: mend the scenario above first")
        return exit_code([error.verdict.word])
    if not kills.columns:
        raise UsageFault("nothing was played: every scenario was skipped, for want of the packages that it requires")
    say(kills_text(kills))
    if as_json:
        print_json(kills_report(kills, threshold))
    return EXIT_PASSED if kills.percent >= threshold else EXIT_FAILED


def _print_faults(as_json: bool) -> None:
    if as_json:
        print_json([mutant_record(mutant) for mutant in MUTANTS])
    else:
        print_out(faults_text(MUTANTS))


def _playable(scenarios: Sequence[Scenario]) -> list[Scenario]:
    found = [scenario for scenario in scenarios if can_be_mutated(scenario)]
    if not found:
        raise UsageFault("no scenario is left to play: each chooses a fault of its own, or expects violations")
    return found


async def _play(scenarios: Sequence[Scenario]) -> Kills:
    server = Server()
    await server.start()
    try:
        with Progress(len(scenarios) * (1 + len(MUTANTS))) as progress:
            return await Mutating(server, progress.playing).kills(scenarios)
    finally:
        await server.stop()
