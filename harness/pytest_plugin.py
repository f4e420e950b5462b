"""The pytest plugin: every `*.scenario.yaml` is a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

SUFFIX = ".scenario.yaml"


class ScenarioFailed(Exception):
    """A scenario did not pass; the message is the finding."""


class ScenarioFile(pytest.File):
    """A scenario file; one item for each of its scenarios."""

    def collect(self) -> Iterator[pytest.Item]:
        """Read the file, and give an item for each row of its table."""
        from harness.adapters.scenario_files import load_scenarios
        from harness.engage.faults import FAULTS

        for scenario in load_scenarios(self.path, FAULTS):
            yield ScenarioItem.from_parent(self, name=scenario.row or "scenario", scenario=scenario)


class ScenarioItem(pytest.Item):
    """One scenario."""

    def __init__(self, *, scenario: object, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.scenario = scenario

    def runtest(self) -> None:
        """Play it."""
        import asyncio

        from harness.adapters.server.server import Server
        from harness.cli.systems import make_system
        from harness.reports.text import finding_text
        from harness.runner import Player

        async def play() -> None:
            server = Server()
            await server.start()
            try:
                verdict = await Player(server=server, make_system=make_system()).play(self.scenario)  # type: ignore[arg-type]
            finally:
                await server.stop()
            if verdict.word != "passed":
                raise ScenarioFailed(finding_text(verdict))

        asyncio.run(play())


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Collect scenario files."""
    return ScenarioFile.from_parent(parent, path=file_path) if file_path.name.endswith(SUFFIX) else None
