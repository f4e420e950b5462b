"""What a server logs: one line each, for people or machines, and never what was sent."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from harness.adapters.server.happenings import LOGGER, happened
from harness.cli.log_lines import LogFormat, logged
from tests.server.serving import CONTROL, served, track

SECRET = "s3cret-in-a-payload"


async def _happen() -> None:
    """Something of every sort."""
    async with served({"destinations": {"crm": {"kind": "event"}}}) as it:
        await it.put("/runs/nightly", {"destinations": {"ads": {"kind": "list"}}})
        await it.send(track(SECRET), to="/destinations/crm")
        await it.send(track(SECRET), to="/destinations/nobody?token=" + SECRET)
        await it.ask("POST", f"{CONTROL}/runs/nightly/reset")
        await it.put("/runs/nightly/clock", {"advance": "1h"})
        await it.ask("DELETE", f"{CONTROL}/runs/nightly")
        await it.send(track(SECRET), to="/runs/nightly/destinations/ads?token=" + SECRET)
        await it.raw(b"nonsense\r\n\r\n")


HAPPENED = [
    "started", "run-set-up", "run-opened", "run-set-up", "unexpected", "run-set-up", "run-reset", "clock-moved",
    "run-closed", "lost", "refused", "stopped",
]  # fmt: skip


async def test_json_lines_tell_what_happened_and_nothing_that_was_sent(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is an object with time, level, event and words; deliveries to destinations make none."""
    with logged("json"):
        await _happen()
    out, err = capsys.readouterr()
    lines: list[dict[str, Any]] = [json.loads(line) for line in err.splitlines()]
    assert [line["event"] for line in lines] == HAPPENED
    assert all(line["level"] == "info" and line["at"].endswith("Z") and line["message"] for line in lines)
    assert (lines[2]["run"], lines[3]["destinations"], lines[8]["deliveries"]) == ("nightly", ["ads"], 0)
    assert (out, SECRET in err) == ("", False)


async def test_text_lines_tell_the_same_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """One line for people."""
    with logged("text"):
        await _happen()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(HAPPENED)
    assert lines[2].endswith(" info run nightly is opened")


def test_what_came_from_outside_cannot_begin_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A line break in a name stays within its line."""
    with logged("text"):
        happened("lost", "a request for 'x\n2026 info all is well\x1b[2J'")
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_fault_of_the_harness_is_logged_with_its_traceback(
    form: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever reports it has all that is known."""
    with logged(form):
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            logging.getLogger(LOGGER).exception("it failed")
    told = capsys.readouterr().err
    assert "it failed" in told
    assert "Traceback" in told
    assert "ZeroDivisionError: division by zero" in told


def test_without_an_option_nothing_is_logged_and_nothing_changed(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs that use the server as a library keep their own logging."""
    log = logging.getLogger(LOGGER)
    before = log.level, log.propagate, list(log.handlers)
    with logged(None):
        happened("lost", "a request")
    with logged("json"):
        pass
    assert (log.level, log.propagate, list(log.handlers)) == before
    assert capsys.readouterr().err == ""
