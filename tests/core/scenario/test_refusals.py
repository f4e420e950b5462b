"""What is wrong in a scenario is told before anything is sent: one located error, with what to write instead.

`HARNESS_GOLDENS=write` in the environment writes the expected texts anew; read what changed before you keep it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from harness.adapters.scenario_files import load_scenarios
from harness.core.documents import DocumentError, DocumentErrors
from harness.engage.faults import FAULTS

CASES = Path(__file__).resolve().parents[2] / "cases" / "refused_scenarios"
NAMES = sorted(file.name.removesuffix(".scenario.yaml") for file in CASES.glob("*.scenario.yaml"))


def refusal(path: Path) -> DocumentError:
    """The one error about the scenario file at `path`."""
    try:
        load_scenarios(path, FAULTS)
    except DocumentErrors as errors:
        (only,) = errors.problems
        return only
    except DocumentError as error:
        return error
    pytest.fail("nothing was found wrong")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_wrong_is_told_in_place(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One error names file, line and column, what is wrong there, and how to mend it."""
    monkeypatch.chdir(tmp_path)
    for file in (CASES / f"{name}.scenario.yaml", *CASES.glob("*.fragment.yaml")):
        shutil.copy(file, tmp_path)
    text = f"{refusal(Path(f'{name}.scenario.yaml'))}\n"
    expected = CASES / f"{name}.txt"
    if os.environ.get("HARNESS_GOLDENS") == "write":
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


def test_a_missing_fragment_is_like_no_scenario(tmp_path: Path) -> None:
    """Files that could be included are named; scenarios, and the file itself, are not."""
    lines = "version: 1\nscenario: S\ninclude: [shared.yaml]\ndestinations: {}\ndo: []\n"
    for name in ("shared.scenario.yaml", "share.txt", "own.yaml"):
        (tmp_path / name).write_text(lines)
    with pytest.raises(DocumentError) as refused:
        load_scenarios(tmp_path / "own.yaml", FAULTS)
    assert refused.value.message == "there is no file 'shared.yaml'"
    (tmp_path / "sharde.yaml").touch()
    with pytest.raises(DocumentError, match=r"there is no file 'shared\.yaml'; did you mean 'sharde\.yaml'\?"):
        load_scenarios(tmp_path / "own.yaml", FAULTS)


def test_each_expected_text_has_its_scenario() -> None:
    """No expected text is left over from a case that is gone."""
    assert {file.stem for file in CASES.glob("*.txt")} == {*NAMES}
