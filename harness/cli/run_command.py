"""`harness run`: plays scenarios."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from harness.adapters.scenario_files import NoScenario, find_scenario_files, load_scenarios
from harness.adapters.server.server import Server
from harness.cli.exits import EXIT_USAGE, UsageFault, exit_code
from harness.cli.progress import Progress
from harness.cli.reporting import FORMATS, report_files
from harness.cli.say import print_json, say, say_error
from harness.core.documents import DocumentError, DocumentErrors
from harness.core.scenario.model import Scenario
from harness.core.schemas import prepare_explanations
from harness.core.verdict import Verdict
from harness.engage.faults import FAULTS
from harness.reports.run_json import run_report
from harness.reports.text import scenario_text, summary_text
from harness.runner import Player
from harness.senders.connections import Connections
from harness.senders.systems import make_system


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--tag", "tags", multiple=True, metavar="T", help="Play only scenarios with this tag; may be repeated.")
@click.option(
    "--report", "reports", multiple=True, metavar="FORMAT=FILE", help=f"Also write one: {', '.join(FORMATS)}."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
@click.option("--quiet", "-q", is_flag=True, help="Print only what did not pass.")
def run(paths: Sequence[Path], tags: Sequence[str], reports: Sequence[str], as_json: bool, quiet: bool) -> int:
    """Play scenarios and judge what arrived.

    A folder means every *.scenario.yaml below it. All files are read, and all that is wrong in them told, before the
    first scenario is played.
    """
    files = report_files(reports)
    scenarios = _chosen(load_all(paths), tags)
    verdicts = asyncio.run(_play(scenarios, quiet=quiet))
    say(summary_text(verdicts))
    if as_json:
        print_json(run_report(verdicts))
    for file in files:
        file.write(verdicts)
    code = exit_code([verdict.word for verdict in verdicts])
    if code == EXIT_USAGE:
        say_error("nothing was played: every scenario was skipped, for the reasons above")
    return code


def load_all(paths: Sequence[Path]) -> list[Scenario]:
    """All scenarios at `paths`; every file is read, and every fault in any of them told, before one is played."""
    try:
        files = find_scenario_files(paths)
    except NoScenario as error:
        raise UsageFault(str(error)) from None
    scenarios: list[Scenario] = []
    problems: list[DocumentError] = []
    for file in files:
        try:
            scenarios.extend(load_scenarios(file, FAULTS))
        except DocumentError as error:
            problems.append(error)
        except DocumentErrors as error:
            problems.extend(error.problems)
    if problems:
        raise DocumentErrors(problems)
    return scenarios


def _chosen(scenarios: list[Scenario], tags: Sequence[str]) -> list[Scenario]:
    chosen = [scenario for scenario in scenarios if not tags or set(tags) & set(scenario.tags)]
    if not chosen:
        known = sorted({tag for scenario in scenarios for tag in scenario.tags})
        raise UsageFault(f"no scenario has the tag {' or '.join(tags)}; known tags: {', '.join(known) or 'none'}")
    return chosen


async def _play(scenarios: Sequence[Scenario], *, quiet: bool) -> list[Verdict]:
    prepare_explanations()  # or the first refusal would wait for an import, and that against a scenario's `within`
    server = Server()
    await server.start()
    verdicts: list[Verdict] = []
    try:
        with Progress(len(scenarios)) as progress:
            async with Connections() as connections:
                player = Player(server=server, make_system=make_system(progress.sent, connections))
                for scenario in scenarios:
                    progress.playing(scenario.title)
                    verdict = await player.play(scenario)
                    verdicts.append(verdict)
                    if not quiet or verdict.word not in ("passed", "xfailed"):
                        say(scenario_text(verdict))
    finally:
        await server.stop()
    return verdicts
