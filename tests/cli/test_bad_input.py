"""Bad input to commands: each gives one clear error with place and remedy, and exits 2, before anything is sent."""

from __future__ import annotations

import gzip
import json
import os
import socket
from pathlib import Path

import pytest

from harness.core.rules.examples import event, track
from tests.cli.running import Command
from tests.cli.test_run import SCENARIO

SCENARIOS = [
    ("version: 1", "version: 2", "a.scenario.yaml:1:10: version must be 1, not 2"),
    ("expect:", "expct:", "a.scenario.yaml:15:1: unknown key 'expct'; did you mean 'expect'?"),
    ("kind: event", "kind: evnt", "a.scenario.yaml:5:15: "),
    ("step: New users", "step: New user", "a.scenario.yaml:14:31: unknown step 'New user'; did you mean 'New users'?"),
    ("profiles: [alex]", "profiles: [alx]", "a.scenario.yaml:14:53: unknown profile 'alx'; did you mean 'alex'?"),
    ("tags:", "contract: engage-journys\ntags:", "a.scenario.yaml:3:11: unknown contract 'engage-journys'; did you"),
    ("tags:", "contract: engage-journeys@2025\ntags:", "a.scenario.yaml:3:11: engage-journeys has no version '2025'; "),
    ("tags:", "expect_violations: [entry]\ntags:", "a.scenario.yaml:3:21: unknown rule 'entry'; did you mean 'entry-"),
    ("expect:", "  - advance: 5\nexpect:", "a.scenario.yaml:15:14: "),
    ("expect:", "  - advance: 5 lightyears\nexpect:", "a.scenario.yaml:15:14: "),
    ("tags: [smoke]", "tags: [smoke", "a.scenario.yaml:4:13: a list in [ ] goes on wrongly here"),
]


@pytest.mark.parametrize("command", ["run", "validate"])
@pytest.mark.parametrize(("right", "wrong", "message"), SCENARIOS, ids=[wrong for _, wrong, _ in SCENARIOS])
def test_a_wrong_scenario_is_told(harness: Command, command: str, right: str, wrong: str, message: str) -> None:
    """Playing and validating tell the same error, with file, line and column."""
    done = harness(command, "-q", harness.write("a.scenario.yaml", SCENARIO.replace(right, wrong, 1)))
    assert done.code == 2
    assert done.err.startswith(f"error: {message}")
    assert done.err.count("error:") == 1


@pytest.mark.parametrize("command", ["run", "validate"])
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.scenario.yaml", b"", "a.scenario.yaml:1:1: "),
        ("a.scenario.yaml", b"version: \xff", "a.scenario.yaml:1:10: the byte 0xff is not UTF-8"),
        ("a.scenario.yaml", b"- 1\n", "a.scenario.yaml:1:1: "),
    ],
)
def test_a_file_that_is_no_scenario_is_told(
    harness: Command, command: str, name: str, content: bytes, message: str
) -> None:
    """Empty files, files in another encoding and files of another form are errors, never skipped."""
    done = harness(command, harness.write(name, content))
    assert done.code == 2
    assert done.err.startswith(f"error: {message}")


def test_an_empty_folder_is_told(harness: Command) -> None:
    """A folder without a scenario holds nothing to play or to validate."""
    (harness.folder / "empty").mkdir()
    played, validated = harness("run", "empty"), harness("validate", "empty")
    assert (played.code, validated.code) == (2, 2)
    assert played.err == (
        "error: empty: no file below it ends in .scenario.yaml; `harness init` writes one to start from\n"
    )
    assert validated.err == "error: empty: no file below it is a *.scenario.yaml or a contract.yaml\n"


def test_a_missing_file_is_told(harness: Command) -> None:
    """Every command that reads a file names the one that is not there."""
    harness.write("right.yaml", "")
    done = [
        harness("run", "a.scenario.yaml"),
        harness("validate", "rigth.yaml"),
        harness("check", "rigth.yaml"),
        harness("check", "right.yaml", "--journeys", "rigth.yaml"),
        harness("serve", "--config", "rigth.yaml"),
    ]
    assert [each.code for each in done] == [2] * 5
    assert done[0].err == "error: a.scenario.yaml: there is no such file or folder\n"
    assert ["there is no such file; did you mean 'right.yaml'?" in each.err for each in done[1:]] == [True] * 4


def test_a_file_that_cannot_be_read_is_told(harness: Command) -> None:
    """What the operating system says of a file is passed on."""
    name = "a" * 300
    assert harness("check", name).err == f"error: {name}: it cannot be read: File name too long\n"


CAPTURES = [
    (
        ["a.ndjson", "--contract", "engage-journys"],
        "unknown contract 'engage-journys'; did you mean 'engage-journeys'?",
    ),
    (["a.ndjson", "--contract", "engage-journeys@1"], "engage-journeys has no version '1'; known: 2023, 2024"),
    (["a.ndjson", "a.ndjson"], "a.ndjson: given twice, so that every delivery would be a second one; give it once"),
    (["folder"], "folder: this is a folder; name the files in it"),
    (["a.ndjson", "--journeys", "none.yaml"], "none.yaml:1:1: the file declares no journeys"),
    (["a.ndjson", "--journeys", "odd.yaml"], "odd.yaml:3:5: unknown key 'step'; did you mean 'steps'?"),
]


@pytest.mark.parametrize(("arguments", "message"), CAPTURES, ids=[" ".join(each) for each, _ in CAPTURES])
def test_a_wrong_check_is_told(harness: Command, arguments: list[str], message: str) -> None:
    """What cannot be judged is told before anything is."""
    (harness.folder / "folder").mkdir()
    harness.write("a.ndjson", [event(track())])
    harness.write("none.yaml", "version: 1\n")
    harness.write("odd.yaml", "journeys:\n  j:\n    step: []\n    name: J\n    steps: []\n")
    done = harness("check", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {message}")


def test_broken_gzip_is_told(harness: Command) -> None:
    """A packed capture that breaks off is named, with the last line that could be read."""
    packed = gzip.compress(json.dumps(event(track())).encode() + b"\n" + os.urandom(50_000))
    done = harness("check", harness.write("a.gz", packed[:-5000]))
    assert done.code == 2
    assert done.err.startswith("error: a.gz: the gzip data breaks off or is damaged after line ")


@pytest.mark.parametrize(
    "line",
    [b"\xff\xfe", b'{"type": "tr\x00ck"}', b"[" * 5000, b'{"a": NaN}', b'"text"', b"null", b"[1]", b'"\\ud800"'],
    ids=["not UTF-8", "NUL", "deep", "NaN", "text", "null", "number", "half a character"],
)
def test_odd_lines_are_violations(harness: Command, line: bytes) -> None:
    """Whatever stands on a line, it is a violation there, and the lines around it are judged."""
    good = json.dumps(event(track())).encode()
    done = harness("check", "--json", harness.write("a.ndjson", b"\n".join([good, line, good])))
    assert (done.code, done.json["deliveries"], done.json["payloads"]) == (1, 3, 2)
    assert [(each["rule"], each["line"]) for each in done.json["violations"]] == [("malformed-body", 2)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chek"], "No such command 'chek'; did you mean 'check'?"),
        (["run"], "Missing argument 'PATHS...'."),
        (["run", ".", "--tags", "x"], "No such option '--tags'. Did you mean '--tag'?"),
        (
            ["check", "a", "--kind", "evnt"],
            "Invalid value for '--kind': 'evnt' is not one of 'event', 'list', 'source', 'warehouse', 'webhook'.",
        ),
        (["serve", "--port", "70000"], "Invalid value for '--port': 70000 is not in the range 0<=x<=65535."),
    ],
)
def test_a_wrong_usage_is_told(harness: Command, arguments: list[str], message: str) -> None:
    """Unknown commands, options and values exit 2 and name what was meant."""
    done = harness(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == f"Error: {message}"


def test_a_port_in_use_is_told(harness: Command) -> None:
    """A port that another process has is named, with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = harness("serve", "--port", str(port))
    assert done.code == 2
    assert done.err.startswith(f"error: cannot listen at 127.0.0.1:{port}: ")
    assert done.err.endswith("choose another --port, or 0 for any\n")


def test_a_wrong_config_is_told(harness: Command) -> None:
    """A server with a wrong configuration does not start."""
    config = harness.write("c.yaml", "version: 1\ncontract: engage\ndestinations:\n  crm: {kind: event}\n")
    done = harness("serve", "--port", "0", "--config", config)
    assert done.code == 2
    assert done.err.startswith("error: c.yaml:2:11: unknown contract 'engage'")


def test_a_destination_that_refuses_is_told(harness: Command) -> None:
    """Where the endpoint under test cannot be reached, that is its failure: exit 3, and the destination is named."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    endpoint = f'{{kind: event, url: "http://127.0.0.1:{port}/"}}'
    done = harness("run", harness.write("a.scenario.yaml", SCENARIO.replace("{kind: event}", endpoint)))
    assert done.code == 3
    assert "crm" in done.err
    assert f"127.0.0.1:{port}" in done.err


def test_a_folder_is_no_scenario_file(harness: Command, tmp_path: Path) -> None:
    """A folder that is named like a scenario is looked into, not read."""
    (tmp_path / "a.scenario.yaml").mkdir()
    assert harness("run", "a.scenario.yaml").code == 2
