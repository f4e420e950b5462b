"""`harness run`: what it prints, writes and returns."""

from __future__ import annotations

import json

import pytest

from harness.cli import run_command
from tests.cli.running import Command

SCENARIO = """\
version: 1
scenario: One entry is told
tags: [smoke]
destinations:
  crm: {kind: event}
profiles:
  alex: {userId: u1}
journeys:
  j:
    name: Win-back
    steps:
      - send_to_destinations: {name: New users, to: [crm]}
do:
  - enter: {journey: j, step: New users, profiles: [alex]}
expect:
  - received: {to: crm, count: 1}
"""
WRONG = SCENARIO.replace("count: 1", "count: 2").replace("smoke", "other")
REFUSED = SCENARIO.replace("{kind: event}", '{kind: event, url: "http://127.0.0.1:1/"}')
SKIPPED = SCENARIO + "requires: [no_such_package]\n"
SUMMARY = "1 passed; 1 payload in 1 delivery were recorded and judged"


@pytest.fixture(autouse=True)
def _scenarios(harness: Command) -> None:
    harness.write("right/a.scenario.yaml", SCENARIO)
    harness.write("wrong/b.scenario.yaml", WRONG)


@pytest.mark.parametrize(
    ("files", "code", "words"),
    [
        (["right"], 0, ["PASSED"]),
        (["right", "wrong"], 1, ["PASSED", "FAILED"]),
        (["refused", "wrong"], 3, ["ERRORED", "FAILED"]),
        (["skipped"], 2, ["SKIPPED"]),
        (["skipped", "right"], 0, ["SKIPPED", "PASSED"]),
    ],
)
def test_the_exit_code_is_that_of_the_worst(harness: Command, files: list[str], code: int, words: list[str]) -> None:
    """3 goes before 1 before 0, and a run in which everything is skipped played nothing."""
    harness.write("refused/c.scenario.yaml", REFUSED)
    harness.write("skipped/d.scenario.yaml", SKIPPED)
    done = harness("run", *files)
    told = [line.split()[0] for line in done.err.splitlines() if line[:1].isupper()]
    assert (done.code, told, done.out) == (code, words, "")


def test_a_wrong_file_goes_before_all_else(harness: Command) -> None:
    """Where one file is wrong, nothing is played, and every fault in every file is told."""
    harness.write("wrong/c.scenario.yaml", "version: 2")
    harness.write("wrong/d.scenario.yaml", SCENARIO.replace("to: [crm]", "to: [crn]"))
    done = harness("run", "right", "wrong")
    assert done.code == 2
    assert "PASSED" not in done.err
    assert "wrong/c.scenario.yaml:1:10:" in done.err
    assert "unknown destination 'crn'; did you mean 'crm'?" in done.err


def test_json_is_one_object(harness: Command) -> None:
    """`--json` prints one object on standard output; people read the same on standard error."""
    done = harness("run", "--json", "right")
    (scenario,) = done.json["scenarios"]
    assert done.json["verdict"] == "passed"
    assert (scenario["file"], scenario["line"], scenario["name"]) == ("right/a.scenario.yaml", 2, "One entry is told")
    assert scenario["counts"] == {"deliveries": 1, "payloads": 1, "accepted": 1, "unexpected": 0}
    assert done.err.startswith("PASSED  right/a.scenario.yaml:2  One entry is told")


def test_quiet_tells_only_what_did_not_pass(harness: Command) -> None:
    """`--quiet` leaves out the scenarios that passed."""
    done = harness("run", "--quiet", "right", "wrong")
    assert "right/a.scenario.yaml" not in done.err
    assert done.err.startswith("FAILED  wrong/b.scenario.yaml:2")


def test_tags_choose(harness: Command) -> None:
    """`--tag` plays what has one of the tags."""
    assert harness("run", ".", "--tag", "smoke").code == 0
    assert harness("run", ".", "--tag", "smoke", "--tag", "other").code == 1


def test_a_tag_that_nothing_has_is_refused(harness: Command) -> None:
    """A tag that matches nothing exits 2 and names those that there are."""
    done = harness("run", ".", "--tag", "smok")
    assert (done.code, done.err) == (2, "error: no scenario has the tag smok; known tags: other, smoke\n")


def test_reports_are_written(harness: Command) -> None:
    """Each `--report` writes a file, in a folder that is made for it."""
    done = harness("run", ".", "--report", "json=out/r.json", "--report", "text=out/r.txt")
    report = json.loads((harness.folder / "out/r.json").read_text("utf-8"))
    assert (done.code, report["verdict"]) == (1, "failed")
    assert (harness.folder / "out/r.txt").read_text("utf-8") == done.err


@pytest.mark.parametrize(
    ("reports", "message"),
    [
        (["jsn=a"], "--report jsn=a: unknown format 'jsn'; did you mean 'json'?"),
        (["json"], "--report json: write FORMAT=FILE, such as json=report.json"),
        (["json="], "--report json=: write FORMAT=FILE, such as json=report.json"),
        (["json=right"], "--report json=right: right is a folder; name a file in it"),
        (["json=a", "text=a"], "--report: two reports go to a; give each a file of its own"),
        (["json=right/a.scenario.yaml/r"], "the report right/a.scenario.yaml/r cannot be written: "),
    ],
)
def test_a_report_that_cannot_be_written_is_refused(harness: Command, reports: list[str], message: str) -> None:
    """What is wrong with a report is told before anything is played."""
    done = harness("run", ".", *(f"--report={report}" for report in reports))
    assert done.code == 2
    assert done.err.startswith(f"error: {message}")
    assert "PASSED" not in done.err


def test_an_interrupted_run_exits_3(harness: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+C ends a run with one word, and no verdict."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_command, "make_system", interrupt)
    done = harness("run", "right")
    assert done.code == 3
    assert done.err.splitlines()[-1] == "error: interrupted"


def test_what_explains_refusals_is_loaded_before_the_first_scenario(
    harness: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No scenario's time goes by while something is imported; where that fails, nothing is played."""

    def fail() -> None:
        raise ImportError("a broken installation")

    monkeypatch.setattr(run_command, "prepare_explanations", fail)
    done = harness("run", ".")
    assert (done.code, "a broken installation" in done.err, "PASSED" in done.err) == (3, True, False)
