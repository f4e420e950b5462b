"""Captures judged in several processes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from harness.adapters.capture_checking import CaptureCheck, NoCapture
from harness.adapters.capture_files import CaptureFiles
from harness.adapters.check_workers import Part, WorkerFailed, Workers
from harness.adapters.contract_files import load_contract
from harness.core.captures.captured import Defaults
from harness.core.captures.judging import CaptureJudge
from harness.core.rules.examples import JOURNEYS, KEY, event, identify, personas, track
from harness.core.rules.key_histories import OTHER_ID
from harness.reports.check_json import check_report
from harness.reports.check_text import check_text
from tests.core.rules.reading import checker_of


class Unwatched:
    """Nobody watches."""

    def opened(self, name: str) -> None:
        """Nothing."""

    def read(self, size: int) -> None:
        """Nothing."""

    def restarted(self) -> None:
        """Nothing."""


def check(jobs: int, *, shown: int | None = None, patient: bool = True) -> CaptureCheck:
    """A check that starts other processes at once, and leaves to them all that they can judge, if `patient`."""
    return CaptureCheck(
        contract=load_contract("engage-journeys"),
        contract_name="engage-journeys",
        declarations=checker_of({"journeys": JOURNEYS, "deliveries": []}).declarations,
        defaults=Defaults(),
        shown=shown,
        jobs=jobs,
        alone=0,
        patient=patient,
    )


def records() -> list[Any]:
    """Traffic of two runs and two destinations, right but for a breach of every kind now and then."""
    found: list[Any] = []
    for number in range(3000):
        user = {"userId": f"u{number % 700}", "messageId": f"m{number % 900}", "timestamp": "2026-01-05T09:00:00Z"}
        call = track(**user) if number % 3 else identify(**user)
        if number % 97 == 5:
            call = track(**user, event="Audience Exited")
        if number % 211 == 7:
            call = track(**user, context={"personas": personas(computation_id=OTHER_ID)})
        found.append(event(call, run="r" if number % 5 else "s", reply={"status": 200 if number % 7 else 503}))
        if number % 501 == 9:
            found += [{"list": KEY, "remove": [{"userId": "u"}]}, event(track(), unexpected=True), 5]
        if number % 701 == 11:
            found.append([event(track(userId="several")), track(userId="several")])
    return found


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three captures: lines with blank and broken ones among them, gzip, and a document."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.adapters.capture_files._BLOCK", 50_000)
    every = [json.dumps(record) for record in records()]
    lines = [line if number % 400 else f"\n{line[:-3]}\n" for number, line in enumerate(every, 1)]
    Path("a.ndjson").write_text("\n".join(lines))
    Path("b.ndjson.gz").write_bytes(gzip.compress("\n".join(every[:1500]).encode()))
    Path("c.json").write_text(json.dumps(records()[:20], indent=1))
    return ["a.ndjson", "b.ndjson.gz", "c.json"]


@pytest.mark.parametrize("shown", [None, 20])
def test_several_processes_find_the_same(files: list[str], shown: int | None) -> None:
    """The report of three processes, for machines and for people, is that of one, to the byte, whoever judged what."""
    reports = []
    for jobs, patient in ((1, False), (3, True), (3, False)):
        with CaptureFiles(files) as captures:
            verdict = check(jobs, shown=shown, patient=patient).verdict(captures, Unwatched())
            evidence = check(jobs).evidence(captures, verdict)
        reports.append((json.dumps(check_report(verdict)), check_text(verdict, evidence)))
    assert reports[0] == reports[1] == reports[2]
    assert len(verdict.counts) > 5


UNEVEN = [
    json.dumps({"deliveries": [event(track(userId="first")), event(track(userId="second"))]}),
    json.dumps({"deliveries": [event(track(userId="one"))]}).replace("del", "\\u0064el"),
    '{"log": {"entries": []}}',
    '{"request": {"url": "http://h", "method": "GET"}}',
]


@pytest.mark.parametrize("line", UNEVEN, ids=["a page", "a page of one", "an empty HAR", "an entry of a HAR"])
def test_several_processes_number_what_is_behind_an_uneven_line(
    line: str, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that tells of more or fewer deliveries than one, wherever it stands, changes no number in the report."""
    monkeypatch.setattr("harness.adapters.capture_files._BLOCK", 5_000)
    lines = [json.dumps(each) for each in records() if isinstance(each, dict)]
    Path("uneven.ndjson").write_text("\n".join([*lines[:100], line, *lines[100:200]]))
    found = []
    for jobs in (1, 2):
        with CaptureFiles(["uneven.ndjson"]) as captures:
            found.append(json.dumps(check_report(check(jobs).verdict(captures, Unwatched()))))
    assert found[0] == found[1]


def test_a_page_that_others_read_may_not_be_the_last(tmp_path: Path) -> None:
    """A page after which others must come is no whole capture, wherever it stands and whoever read it."""
    lines = [json.dumps(event(track()))] * 3
    page = json.dumps({"deliveries": [event(track())], "next": 7})
    (tmp_path / "page.ndjson").write_text("\n".join([*lines, page, *lines]))
    with CaptureFiles([str(tmp_path / "page.ndjson")]) as captures, pytest.raises(NoCapture, match="the others were"):
        check(2).verdict(captures, Unwatched())


def test_a_file_that_others_read_may_be_no_capture(tmp_path: Path) -> None:
    """A file in which nothing has a known form is refused, whoever read it."""
    (tmp_path / "no.ndjson").write_text('{"verdict": "passed"}\n' * 3)
    with CaptureFiles([str(tmp_path / "no.ndjson")]) as captures, pytest.raises(NoCapture, match="this is no capture"):
        check(2).verdict(captures, Unwatched())


def fails() -> CaptureJudge:
    """A judge that cannot be made."""
    raise ValueError("no such contract")


def test_a_worker_that_fails_says_why() -> None:
    """What goes wrong in another process is told with its traceback."""
    with Workers(1, fails, Defaults()) as workers, pytest.raises(WorkerFailed, match="no such contract"):
        _give_all(workers)


def _give_all(workers: Workers) -> None:
    for _ in range(100):
        workers.offer(Part(file="a", line=1, number=0, count=1, lines=[b"x" * 100_000]), patient=True)
    list(workers.results())
