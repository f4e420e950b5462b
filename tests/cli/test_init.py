"""`harness init`: files that work as they are written."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
import yaml

from tests.cli.running import Command

FILES = [
    "winback.scenario.yaml",
    "destinations.yaml",
    "journeys-ci.yaml",
    "schemas/scenario.schema.json",
    "schemas/config.schema.json",
    "schemas/fragment.schema.json",
]


def test_a_starter_is_written(harness: Command) -> None:
    """All files are written and named, and what to do next is said."""
    done = harness("init", "qa")
    assert done.code == 0
    assert done.err == "".join(f"written  qa/{name}\n" for name in FILES) + "next: harness run qa\n"
    assert [name for name in FILES if not (harness.folder / "qa" / name).is_file()] == []


def test_the_starter_passes(harness: Command) -> None:
    """What was written can be played and validated at once."""
    harness("init")
    assert harness("run", ".").code == 0
    done = harness("validate", ".", "destinations.yaml")
    assert (done.code, "warning" in done.err) == (0, False)


def test_the_config_serves(harness: Command) -> None:
    """The server starts with the starter's configuration, says when it is ready, and stops when told to."""
    harness("init")
    command = [sys.executable, "-m", "harness", "serve", "--config", "destinations.yaml", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, ready["type"]) == (0, "ready")
    assert f"{ready['url']}/destinations/unstable" in err


def test_the_workflow_runs_what_was_written(harness: Command) -> None:
    """The CI snippet is YAML whose commands name the folder and work."""
    harness("init", "qa/journeys")
    workflow = yaml.safe_load((harness.folder / "qa/journeys/journeys-ci.yaml").read_text("utf-8"))
    commands = [step["run"].split() for step in workflow["jobs"]["contract"]["steps"] if "run" in step]
    assert commands.pop(0) == ["pip", "install", "journey-harness"]
    assert [harness(*command[1:]).code for command in commands] == [0, 0]
    assert json.loads((harness.folder / "journeys.json").read_text("utf-8"))["verdict"] == "passed"


@pytest.mark.parametrize("name", ["winback.scenario.yaml", "destinations.yaml"])
def test_the_editor_line_points_at_a_file(harness: Command, name: str) -> None:
    """The schema that an editor is told to use stands beside the file."""
    harness("init")
    target = (harness.folder / name).read_text("utf-8").split("$schema=")[1].split("\n")[0]
    assert (harness.folder / target).is_file()


def test_what_is_there_stays(harness: Command) -> None:
    """A file that exists is kept and named; the others are written."""
    harness.write("destinations.yaml", "mine")
    done = harness("init")
    assert done.code == 0
    assert done.err.splitlines()[1] == "kept     destinations.yaml"
    assert (harness.folder / "destinations.yaml").read_text("utf-8") == "mine"


def test_where_all_is_there_nothing_was_done(harness: Command) -> None:
    """A second time there is nothing left to write, which is an error."""
    harness("init")
    done = harness("init")
    text = "error: nothing was written: all files are in . already; remove those that you want anew"
    assert (done.code, done.err.splitlines()[-1]) == (2, text)


def test_a_file_is_no_folder(harness: Command) -> None:
    """Where the folder cannot be made, the error says so."""
    harness.write("taken", "")
    done = harness("init", "taken")
    assert done.code == 2
    assert done.err.startswith("error: taken/winback.scenario.yaml: it cannot be written: ")
