"""The command as a whole: help, names, start-up, and what becomes of its own faults."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from typing import Any

import click
import pytest

from harness import __version__
from harness.cli import explain_command
from harness.cli.main import harness as group
from harness.cli.say import say, say_error
from tests.cli.running import Command

HEAVY = ("aiohttp", "faker", "jsonschema", "jsonschema_rs", "orjson", "rich", "yaml")


def fresh(*arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own."""
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, **settings)


def imported_by(program: str) -> set[str]:
    """The heavy libraries that are loaded once `program` has run."""
    done = fresh("-c", f"import sys\n{program}\nprint(*[name for name in {HEAVY} if name in sys.modules])")
    assert done.returncode == 0, done.stderr
    return {*done.stdout.splitlines()[-1].split()}


def test_help_names_every_command(harness: Command) -> None:
    """`--help` shows each command with its sentence, on standard output."""
    done = harness("--help")
    assert done.code == 0
    for name in ("run", "serve", "check", "validate", "explain", "schema", "init"):
        assert f"\n  {name} " in done.out


@pytest.mark.parametrize("name", group.list_commands(click.Context(group)))
def test_a_command_is_summed_up_in_its_own_words(harness: Command, name: str) -> None:
    """The line of `--help`, which is written beside the lazy group, opens the command's own help."""
    command = group.get_command(click.Context(group), name)
    assert command is not None
    assert command.callback is not None
    assert (inspect.getdoc(command.callback) or "").splitlines()[0] == group.summaries[name]
    assert group.summaries[name] in harness(name, "--help").out


def test_without_a_command_there_is_help(harness: Command) -> None:
    """`harness` alone is a wrong usage that is helped with."""
    done = harness()
    assert (done.code, done.out) == (2, "")
    assert "Commands:" in done.err


def test_the_version_is_printed(harness: Command) -> None:
    """`--version` prints one line."""
    assert harness("--version").out == f"harness, version {__version__}\n"


def test_help_imports_nothing_heavy() -> None:
    """Whoever asks for help waits for no library but click."""
    assert imported_by("from harness.cli.main import harness\nharness(['--help'], standalone_mode=False)") == set()


def test_a_server_imports_only_what_it_uses() -> None:
    """Serving loads neither made-up people, nor the explaining engine, nor terminal graphics."""
    assert imported_by("import harness.cli.serve_command") & {"faker", "jsonschema", "rich"} == set()


def fail(*_: object) -> None:
    """Stands for a fault of the harness."""
    raise ZeroDivisionError("a fault")


def test_a_fault_of_the_harness_is_one_message(harness: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expected exits 3 in words, without a traceback."""
    monkeypatch.setattr(explain_command, "rules_text", fail)
    done = harness("explain")
    text = (
        "error: the harness itself failed: ZeroDivisionError: a fault\n"
        "  help: this is a fault of the harness; HARNESS_DEBUG=1 shows its traceback, for the report\n"
    )
    assert (done.code, done.out, done.err) == (3, "", text)


def test_a_traceback_is_shown_where_it_is_asked_for(harness: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--debug` and `HARNESS_DEBUG=1` show where the harness failed; `HARNESS_DEBUG=0` does not."""
    monkeypatch.setattr(explain_command, "rules_text", fail)
    assert 'raise ZeroDivisionError("a fault")' in harness("--debug", "explain").err
    monkeypatch.setenv("HARNESS_DEBUG", "1")
    assert 'raise ZeroDivisionError("a fault")' in harness("explain").err
    monkeypatch.setenv("HARNESS_DEBUG", "0")
    assert "Traceback" not in harness("explain").err


def test_a_reader_who_leaves_changes_nothing(harness: Command) -> None:
    """Where standard output is closed early, the exit code stays, and nobody is told of a broken pipe."""
    reading, writing = os.pipe()
    os.close(reading)
    capture = harness.write("a.ndjson", "oops\n")
    command = [sys.executable, "-m", "harness", "check", "--json", capture]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


class Terminal:
    """A standard error that claims to be a terminal."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.written = ""

    def isatty(self) -> bool:
        """It does claim so."""
        return True

    def write(self, text: str) -> int:
        """Keep what is written."""
        self.written += text
        return len(text)

    def flush(self) -> None:
        """Nothing waits."""


def shown(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """What a terminal shows of a verdict and of an error."""
    terminal = Terminal()
    for name in ("NO_COLOR", "TERM", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", terminal)
    say("FAILED  x")
    say_error("y")
    return terminal.written


def test_a_terminal_shows_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, verdicts and errors stand out."""
    assert "\x1b[" in shown(monkeypatch)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_refused(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    """NO_COLOR, and a terminal that has none, get plain text."""
    assert shown(monkeypatch, **environment) == "FAILED  x\nerror: y\n"
