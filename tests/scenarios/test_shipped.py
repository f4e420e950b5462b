"""The shipped scenarios: all pass, together they show all that a scenario can say, and chance has no part in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.adapters.json_files import own_schema
from harness.adapters.yaml_files import read_document
from harness.core.rules.catalogue import RULES
from harness.core.scenario.model import Scenario
from harness.core.verdict import Verdict
from harness.reports.text import scenario_text
from tests.scenarios.playing import play, scenarios_in

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
FILES = sorted(FOLDER.rglob("*.scenario.yaml"))
YAML_FILES = sorted(FOLDER.rglob("*.yaml"))
EDITOR_LINE = re.compile(r"# yaml-language-server: \$schema=(\S+)")


def shipped() -> Iterator[Any]:
    """Every shipped scenario, a row each, with an id that says which."""
    for file in FILES:
        for scenario in scenarios_in(file):
            row = f"[{scenario.row}]" if scenario.row else ""
            name = f"{file.relative_to(FOLDER).as_posix().removesuffix('.scenario.yaml')}{row}"
            yield pytest.param(scenario, id=name.encode("ascii", "replace").decode())


def names_of(path: Path) -> str:
    """The file's name within the folder of scenarios."""
    return path.relative_to(FOLDER).as_posix()


def told_apart(verdict: Verdict) -> list[str]:
    """The verdict in comparable form."""
    judgement = verdict.judgement
    return [verdict.word, *map(repr, verdict.unmet), *map(repr, judgement.violations if judgement else ())]


@pytest.mark.parametrize("scenario", list(shipped()))
def test_a_shipped_scenario_passes_and_does_so_again_in_the_same_way(scenario: Scenario) -> None:
    """It passes, and a second run records the same deliveries at the same times and comes to the same verdict."""
    first, second = play(scenario), play(scenario)
    assert first.verdict.word == "passed", scenario_text(first.verdict)
    assert first.records == second.records
    assert told_apart(first.verdict) == told_apart(second.verdict)


@pytest.mark.parametrize("rule", list(RULES))
def test_every_rule_has_a_scenario_that_breaks_it(rule: str) -> None:
    """A reader who wonders what a rule catches finds a scenario of its name that breaks it and no other."""
    (scenario,) = scenarios_in(FOLDER / "breaches" / f"{rule}.scenario.yaml")
    assert scenario.expect_violations == frozenset([rule])


@pytest.mark.parametrize("part", ["action", "expectation"])
def test_every_form_of_a_part_is_shown(part: str) -> None:
    """Whatever a scenario can do or demand, a shipped one does or demands."""
    section = {"action": "do", "expectation": "expect"}[part]
    forms = own_schema("scenario").document["$defs"][part]["properties"]
    used = {name for file in FILES for item in read_document(file).data.get(section, ()) for name in item}
    assert used == set(forms)


def test_every_setting_is_shown() -> None:
    """Every key that a scenario may have at its top is used by a shipped one."""
    used = {name for file in FILES for name in read_document(file).data}
    assert set(own_schema("scenario").document["properties"]) == used


@pytest.mark.parametrize("file", YAML_FILES, ids=names_of)
def test_the_editor_finds_the_schema(file: Path) -> None:
    """The first line names a schema by a relative path, and the file that it points at is there."""
    match = EDITOR_LINE.fullmatch(file.read_text(encoding="utf-8").splitlines()[0])
    assert match is not None
    target = file.parent / match[1]
    assert '"$schema"' in target.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", FILES, ids=names_of)
def test_a_comment_teaches_what_the_scenario_is_about(file: Path) -> None:
    """Between the editor's line and the scenario stand one to three lines for people."""
    lines = file.read_text(encoding="utf-8").splitlines()
    comment = lines[1 : lines.index("version: 1")]
    assert 1 <= len(comment) <= 3
    assert all(line.startswith("# ") for line in comment)
