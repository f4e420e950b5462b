"""Scenario files as tests: one item for each scenario, and for each row of its table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.pytest_plugin.options import OPTIONS, TAGS

if TYPE_CHECKING:
    from harness.core.scenario.model import Scenario
    from harness.core.verdict import Verdict

SUFFIX = ".scenario.yaml"
NAME = "scenario"
"""What the items are called; a row of a table follows in brackets, so that `file::scenario` means all rows."""


class ScenarioFailed(Exception):
    """A scenario did not pass; the message is the finding."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Collect scenario files, unless that is turned off."""
    if file_path.name.endswith(SUFFIX) and parent.config.stash[OPTIONS].scenarios:
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


class ScenarioFile(pytest.File):
    """A scenario file."""

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each scenario in it; what is wrong in it is a collection error with its place."""
        markers = self.config.stash[TAGS]
        for scenario in self._scenarios(markers.reserved()):
            markers.register(scenario.tags)
            yield _item(self, scenario)

    def _scenarios(self, reserved_tags: frozenset[str]) -> Sequence[Scenario]:
        from harness.adapters.scenario_files import load_scenarios
        from harness.core.documents import DocumentError, DocumentErrors
        from harness.engage.faults import FAULTS

        try:
            return load_scenarios(self.path, FAULTS, reserved_tags=reserved_tags)
        except (DocumentError, DocumentErrors) as error:
            raise self.CollectError(_shortened(str(error), self.path, self.config)) from None


class ScenarioItem(pytest.Function):
    """One scenario, as a test function without a module."""

    def __init__(self, *, title: str, line: int, **options: Any) -> None:
        """Show it as `title`, at `line` of its file (counted from 0)."""
        super().__init__(**options)
        self._title = title
        self._line = line
        self.user_properties.append(("scenario", title))

    def reportinfo(self) -> tuple[Path, int, str]:
        """The scenario's place in its file, and its title."""
        return self.path, self._line, self._title

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The finding alone, where the scenario did not pass; a traceback only for a fault of the harness."""
        if isinstance(excinfo.value, ScenarioFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


def _item(file: ScenarioFile, scenario: Scenario) -> ScenarioItem:
    from harness.adapters.packages import missing_packages

    item: ScenarioItem = ScenarioItem.from_parent(
        file,
        name=NAME if scenario.row is None else f"{NAME}[{_printable(scenario.row)}]",
        callobj=_player(scenario, file.config),
        title=scenario.title,
        line=scenario.mark.line - 1,
    )
    item.extra_keyword_matches.update(scenario.title.split())
    for tag in scenario.tags:
        item.add_marker(tag)
    if missing := missing_packages(scenario):
        # As a marker, not from within: pytest then names the scenario's place, not one in here.
        item.add_marker(pytest.mark.skip(reason=missing))
    return item


def _printable(row: str) -> str:
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in row)


def _player(scenario: Scenario, config: pytest.Config) -> Callable[[Callable[[Scenario], Verdict]], None]:
    """A test function that plays `scenario`."""

    def play(_harness_play: Callable[[Scenario], Verdict]) -> None:
        verdict = _harness_play(scenario)
        if verdict.word == "passed":
            return
        from harness.reports.text import finding_text

        text = _shortened(finding_text(verdict), Path(scenario.file), config)
        if verdict.word == "skipped":
            pytest.skip(text)
        if verdict.word == "xfailed":
            pytest.xfail(text)
        raise ScenarioFailed(text)

    return play


def _shortened(text: str, path: Path, config: pytest.Config) -> str:
    """`text` with the file's path as seen from where pytest was started."""
    try:
        return text.replace(f"{path}:", f"{path.relative_to(config.invocation_params.dir)}:")
    except ValueError:
        return text
