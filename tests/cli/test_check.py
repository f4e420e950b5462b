"""`harness check`: captured traffic, judged."""

from __future__ import annotations

import gzip
import json

from harness.core.rules.catalogue import RULES
from harness.core.rules.examples import COMPUTATION_ID, KEY, event, listed, personas, track
from tests.cli.running import Command

JOURNEYS = """\
journeys:
  first_purchase:
    name: First purchase
    exit: {after: 7d}
    steps:
      - send_to_destinations: {name: Opened email, to: [crm]}
"""
EXITED = event(track(event="Audience Exited", properties={KEY: "false"}))

FAILED = f"""\
a.ndjson:3  rule entry-only: event must be "Audience Entered"
  says      {RULES["entry-only"].sentence}
  expected  "Audience Entered"
  actual    "Audience Exited"
  at        $.event, payload 0
  remedy    {RULES["entry-only"].remedy}

a.ndjson:4  rule malformed-body: the body is not JSON: unexpected character, expected a JSON value: line 1 column 1 \
(char 0)
  says      {RULES["malformed-body"].sentence}
  expected  a JSON object or array
  actual    oops
  at        $
  remedy    {RULES["malformed-body"].remedy}

b.ndjson:1  rule key-unique (warning): the key {KEY} stands for more than one step
  says      {RULES["key-unique"].sentence}
  expected  {COMPUTATION_ID}
  actual    {COMPUTATION_ID[:-1]}t
  at        $.context.personas.computation_id, payload 0
  earlier   a.ndjson:1
  remedy    {RULES["key-unique"].remedy}

FAILED  3 payloads in 4 deliveries judged by engage-journeys@2024: 2 errors, 1 warning
  errors: 1 entry-only, 1 malformed-body
  warnings: 1 key-unique
"""


def failing_files(harness: Command) -> tuple[str, str]:
    """Two captures with two errors and a warning."""
    wrong = track(event="Audience Exited", userId="u2", messageId="m2")
    other = personas(computation_id=COMPUTATION_ID[:-1] + "t")
    third = track(userId="u3", messageId="m3", context={"personas": other})
    lines = [json.dumps(event(track())), "", json.dumps(event(wrong)), "oops"]
    return harness.write("a.ndjson", "\n".join(lines) + "\n"), harness.write("b.ndjson", [event(third)])


def test_right_traffic_passes(harness: Command) -> None:
    """A capture without a breach says so in one line and exits 0."""
    done = harness("check", harness.write("a.ndjson", [event(track()), listed("add", {"userId": "u1"})]))
    text = "PASSED  2 payloads in 2 deliveries judged by engage-journeys@2024: 0 errors, 0 warnings\n"
    assert (done.code, done.out, done.err) == (0, "", text)


def test_each_violation_is_told_with_its_place(harness: Command) -> None:
    """The text report names file, line, rule, expected, actual, path and remedy of each violation, over all files."""
    done = harness("check", *failing_files(harness))
    assert (done.code, done.out, done.err) == (1, "", FAILED)


def test_json_is_one_object(harness: Command) -> None:
    """`--json` prints the verdict, the counts and every violation with its line; people still read nothing else."""
    done = harness("check", "--json", *failing_files(harness))
    report = done.json
    violations = report.pop("violations")
    assert report == {"verdict": "failed", "contract": "engage-journeys@2024", "deliveries": 4, "payloads": 3}
    assert violations[0] == {
        "rule": "entry-only",
        "severity": "error",
        "payload": 0,
        "path": "$.event",
        "message": 'event must be "Audience Entered"',
        "expected": '"Audience Entered"',
        "actual": '"Audience Exited"',
        "file": "a.ndjson",
        "line": 3,
        "deliveries": [2],
    }
    assert [(each["rule"], each["file"], each["line"]) for each in violations[1:]] == [
        ("malformed-body", "a.ndjson", 4),
        ("key-unique", "b.ndjson", 1),
    ]
    assert (done.code, done.err) == (1, "")


def test_standard_input_is_read(harness: Command) -> None:
    """`-` is standard input, and lines of it are told by that name."""
    done = harness("check", "--json", "-", stdin=b"\noops\n")
    (violation,) = done.json["violations"]
    assert (violation["file"], violation["line"]) == ("-", 2)


def test_gzip_is_read(harness: Command) -> None:
    """A capture may be gzip, by file or by standard input."""
    packed = gzip.compress(json.dumps(event(track())).encode())
    assert harness("check", harness.write("a.ndjson.gz", packed)).code == 0
    assert harness("check", "-", stdin=packed).code == 0


def test_declared_journeys_change_what_is_right(harness: Command) -> None:
    """An exit breaks the contract until `--journeys` declares it."""
    capture = harness.write("a.ndjson", [event(track(messageId="m1", timestamp="2026-11-01T00:00:00Z")), EXITED])
    assert harness("check", capture).code == 1
    done = harness("check", capture, "--journeys", harness.write("journeys.yaml", JOURNEYS))
    assert (done.code, done.err.split()[0]) == (0, "PASSED")


def test_kind_and_destination_fill_in_what_a_record_lacks(harness: Command) -> None:
    """Bare calls are judged as sent to one destination of the kind that is asked for."""
    calls = harness.write("a.ndjson", [track(), track(messageId="m2")])
    assert harness("check", calls).code == 0
    named = harness("check", calls, "--destination", "crm", "--json").json
    assert [(v["rule"], v["severity"]) for v in named["violations"]] == [("once-per-entry", "error")]
    stray = harness.write("b.ndjson", [{"type": "track", "event": "Order Completed", "userId": "u1"}])
    listed = harness("check", stray, "--kind", "list", "--json").json
    assert [violation["rule"] for violation in listed["violations"]] == ["destination-kind"]


def test_another_version_that_accuses_less_is_named_first(harness: Command) -> None:
    """Without `--contract`, standard error first says which contract fits better; with it, nothing is said."""
    capture = harness.write("a.ndjson", [event(track(context=None))])
    note = (
        "note: this looks like engage-journeys@2023: it would find 0 errors in the first 1 delivery where "
        "engage-journeys@2024 finds 1; to judge by it, give --contract engage-journeys@2023\n"
    )
    assert harness("check", capture).err.startswith(note)
    assert harness("check", capture, "--json").err.startswith(note)
    assert "note:" not in harness("check", capture, "--contract", "engage-journeys@2024").err
    assert harness("check", capture, "--contract", "engage-journeys@2023").code == 0


def test_violations_beyond_the_first_are_counted(harness: Command) -> None:
    """The text report shows the first twenty violations and counts all; JSON lists all."""
    wrong = [event(track(event="Wrong", userId=f"u{n}", messageId=f"m{n}")) for n in range(25)]
    capture = harness.write("a.ndjson", wrong)
    text = harness("check", capture).err
    assert text.count("rule entry-only") == 20
    assert "and 5 more violations; --json lists them all\n" in text
    assert text.endswith("25 errors, 0 warnings\n  errors: 25 entry-only\n")
    assert len(harness("check", capture, "--json").json["violations"]) == 25


def test_deliveries_that_went_nowhere_fail(harness: Command) -> None:
    """A record of an unknown destination fails the capture, and is counted apart."""
    capture = harness.write("a.ndjson", [{"destination": "crn", "kind": None, "unexpected": True, "payloads": []}])
    done = harness("check", capture, "--json")
    assert (done.code, done.json["verdict"], done.json["unexpected"]) == (1, "failed", 1)
    assert "  1 delivery went to destinations that do not exist\n" in harness("check", capture).err


def test_quiet_says_nothing_where_all_is_right(harness: Command) -> None:
    """`--quiet` leaves only what is wrong."""
    assert harness("check", "-q", harness.write("a.ndjson", [event(track())])).err == ""
    assert "entry-only" in harness("check", "-q", harness.write("b.ndjson", [event(track(event="Wrong"))])).err


def test_an_empty_capture_is_an_error(harness: Command) -> None:
    """Nothing to judge exits 2, in words and in JSON."""
    done = harness("check", "--json", harness.write("a.ndjson", "\n\n"))
    assert (done.code, done.json["verdict"], done.json["deliveries"]) == (2, "errored", 0)
    assert done.err.startswith("error: there was nothing to judge: the input holds no delivery")
