"""The text that a failing scenario prints, word for word: it must tell a stranger what to mend.

`HARNESS_GOLDENS=write` in the environment writes the golden files anew; read what changed before you keep it.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from harness.adapters.json_files import own_schema
from harness.core.rules.catalogue import RULES
from harness.reports.text import scenario_text
from tests.scenarios.playing import play_file

HERE = Path(__file__).resolve().parent
FAILING = HERE / "failing"
BREACHES = HERE.parents[1] / "scenarios" / "breaches"
GOLDENS = HERE.parent / "goldens" / "findings"
CASES = sorted(file.name.removesuffix(".scenario.yaml") for file in FAILING.glob("*.scenario.yaml"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, so that what is printed holds no path of this machine."""
    monkeypatch.chdir(tmp_path)
    return Path()


def judge(text: str, golden: str) -> None:
    """Compare `text` with the golden file of that name, or write that file."""
    path = GOLDENS / f"{golden}.txt"
    if os.environ.get("HARNESS_GOLDENS") == "write":
        path.write_text(f"{text}\n", encoding="utf-8")
    assert f"{text}\n" == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_an_unmet_expectation_tells_what_to_mend(case: str, folder: Path) -> None:
    """The text names the place, what was expected, what was found, and the payload that comes nearest."""
    for file in (f"{case}.scenario.yaml", "stray_sender.py"):
        shutil.copy(FAILING / file, folder)
    judge(scenario_text(play_file(folder / f"{case}.scenario.yaml")), case)


@pytest.mark.parametrize("rule", list(RULES))
def test_a_breach_tells_what_to_mend(rule: str, folder: Path) -> None:
    """The text names the rule, what it says, the payload with the place in it, and how to mend it."""
    shipped = (BREACHES / f"{rule}.scenario.yaml").read_text(encoding="utf-8")
    failing = folder / f"{rule}.scenario.yaml"
    failing.write_text(re.sub(r"^expect_violations:.*\n", "", shipped, flags=re.MULTILINE), encoding="utf-8")
    judge(scenario_text(play_file(failing)), f"rule-{rule}")


def test_every_expectation_has_a_failing_scenario() -> None:
    """No kind of expectation is without a text that shows how it fails."""
    kinds = set(own_schema("scenario").document["$defs"]["expectation"]["properties"])
    texts = [path.read_text(encoding="utf-8") for path in GOLDENS.glob("*.txt")]
    assert {kind for kind in kinds if any(f"  {kind}\n" in text for text in texts)} == kinds


def test_no_golden_file_is_left_over() -> None:
    """Each golden file belongs to a scenario that is still played."""
    assert {path.stem for path in GOLDENS.glob("*.txt")} == {*CASES, *(f"rule-{rule}" for rule in RULES)}
