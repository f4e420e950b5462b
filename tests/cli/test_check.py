"""`harness check`: captured traffic, judged."""

from __future__ import annotations

import gzip
import json

import pytest

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
PERSONAS = personas()
SHOWN = f"context: {json.dumps({'personas': PERSONAS})}"[:109].removeprefix("context: ") + "…"

FAILED = f"""\
a.ndjson:3  rule entry-only: event must be "Audience Entered"
  says      {RULES["entry-only"].sentence}
  expected  "Audience Entered"
  actual    "Audience Exited"
  at        $.event of delivery 2 to crm
            type: "track"
          > event: "Audience Exited"
            userId: "u2"
            messageId: "m2"
            properties: {{"{KEY}": "true"}}
            context: {SHOWN}
  remedy    {RULES["entry-only"].remedy}

a.ndjson:4  rule malformed-body: the body is not JSON: unexpected character, expected a JSON value: line 1 column 1 \
(char 0)
  says      {RULES["malformed-body"].sentence}
  expected  a JSON object or array
  actual    oops
  at        the body of delivery 3
  remedy    {RULES["malformed-body"].remedy}

b.ndjson:1  rule key-unique (warning): the key {KEY} stands for more than one step
  says      {RULES["key-unique"].sentence}
  expected  {COMPUTATION_ID}
  actual    {COMPUTATION_ID[:-1]}t
  at        $.context.personas.computation_id of delivery 4 to crm
            type: "track"
            event: "Audience Entered"
            userId: "u3"
            messageId: "m3"
            properties: {{"{KEY}": "true"}}
            context:
              personas:
                computation_class: "audience"
          >     computation_id: "{COMPUTATION_ID[:-1]}t"
                computation_key: "{KEY}"
                namespace: "{PERSONAS["namespace"]}"
                space_id: "{PERSONAS["space_id"]}"
  earlier   delivery 1 to crm, a.ndjson:1
            type: "track"
            event: "Audience Entered"
            userId: "u1"
            messageId: "{track()["messageId"]}"
            properties: {{"{KEY}": "true"}}
            context:
              personas:
                computation_class: "audience"
          >     computation_id: "{COMPUTATION_ID}"
                computation_key: "{KEY}"
                namespace: "{PERSONAS["namespace"]}"
                space_id: "{PERSONAS["space_id"]}"
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
    """The text report names place, rule, expected, actual and remedy of each violation, and shows what proves it."""
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


def test_whether_one_destination_got_both_is_known_only_where_it_is_named(harness: Command) -> None:
    """Two contents under one messageId, or an attempt after a final refusal, may be of two destinations: a warning."""
    calls = [track(), track(userId="u2")]
    bare = harness("check", harness.write("a.ndjson", calls), "--json").json
    assert [(v["rule"], v["severity"]) for v in bare["violations"]] == [("message-id-unique", "warning")]
    named = harness("check", harness.write("a.ndjson", calls), "--destination", "crm", "--json").json
    assert [(v["rule"], v["severity"]) for v in named["violations"]] == [("message-id-unique", "error")]
    refused = {"kind": "event", "payload": track(), "received_at": "2026-11-21T10:00:00Z", "reply": {"status": 400}}
    again = {"kind": "event", "payload": track(), "received_at": "2026-11-21T10:01:00Z"}
    tried = harness("check", harness.write("b.ndjson", [refused, again]), "--json").json
    assert [(v["rule"], v["severity"]) for v in tried["violations"]] == [("retry-policy", "warning")]


def test_another_version_that_accuses_of_nothing_is_named_first(harness: Command) -> None:
    """Without `--contract`, standard error first says which contract fits better; with it, nothing is said."""
    capture = harness.write("a.ndjson", [event(track(context=None))])
    note = (
        "note: this looks like engage-journeys@2023: it finds no error in the payloads of the first 1 delivery, where "
        "engage-journeys@2024 finds 1; to judge by it, give --contract engage-journeys@2023\n"
    )
    assert harness("check", capture).err.startswith(note)
    assert harness("check", capture, "--json").err.startswith(note)
    assert "note:" not in harness("check", capture, "--contract", "engage-journeys@2024").err
    assert harness("check", capture, "--contract", "engage-journeys@2023").code == 0


def test_another_version_that_accuses_of_less_is_named_without_advice(harness: Command) -> None:
    """Where another contract finds fewer errors, but some, that is said, and nobody is told to judge by it."""
    worse = harness.write("b.ndjson", [event(track(context=None, event="Wrong"))])
    note = (
        "note: engage-journeys@2023 would accuse the payloads of the first 1 delivery of less: 1 where "
        "engage-journeys@2024 finds 2; `harness contracts detect` tells more\n"
    )
    assert harness("check", worse).err.startswith(note)


def test_violations_beyond_the_first_are_counted(harness: Command) -> None:
    """The text report shows the first twenty violations and counts all; JSON lists all."""
    wrong = [event(track(event="Wrong", userId=f"u{n}", messageId=f"m{n}")) for n in range(25)]
    capture = harness.write("a.ndjson", wrong)
    text = harness("check", capture).err
    assert text.count("rule entry-only") == 20
    assert "and 5 more violations; --json lists them all\n" in text
    assert text.endswith("25 errors, 0 warnings\n  errors: 25 entry-only\n")
    assert len(harness("check", capture, "--json").json["violations"]) == 25


BATCH = {
    "batch": [{"type": "track", "event": "Order Completed", "messageId": "m1"}, {"type": "identify", "userId": "u1"}],
    "context": {"library": {"name": "analytics-python"}},
    "sentAt": "2026-11-21T10:00:00Z",
}


def exchanged(url: str, body: object) -> dict[str, object]:
    """A HAR of one request."""
    request = {"method": "POST", "url": url, "headers": [], "postData": {"text": json.dumps(body)}}
    entry = {"startedDateTime": "2026-11-21T10:00:00Z", "request": request, "response": {"status": 200}}
    return {"log": {"entries": [entry]}}


@pytest.mark.parametrize(
    "capture",
    [
        BATCH,
        {"payload": BATCH},
        {"request": {"body": json.dumps(BATCH)}, "destination": "crm"},
        exchanged("https://api.example.com/v1/batch", BATCH),
    ],
    ids=["bare", "payload", "body", "HAR"],
)
def test_a_batch_of_a_client_library_is_judged_call_by_call(harness: Command, capture: dict[str, object]) -> None:
    """Each call of a batch is a payload, with what the batch says for all of them."""
    done = harness("check", harness.write("a.ndjson", [capture]), "--contract", "segment-spec", "--json").json
    assert done["payloads"] == 2
    assert [(each["rule"], each["payload"]) for each in done["violations"]] == [("identity", 0)]


def test_the_path_of_a_client_librarys_call_is_its_type(harness: Command) -> None:
    """Segment's API takes a call without `type` at a path that tells it, and so does a HAR of that."""
    har = harness.write("a.har", [exchanged("https://api.example.com/v1/track", {"event": "Order", "userId": "u1"})])
    assert harness("check", har, "--contract", "segment-spec").code == 0


def test_payloads_to_sources_are_told_apart(harness: Command) -> None:
    """Of what a client library sends to a source, only how it is sent again is judged, and the report says so."""
    done = harness("check", harness.write("a.ndjson", [BATCH, BATCH]), "--kind", "source")
    assert done.err.endswith("\n  4 payloads to sources: only how they were sent again is judged\n")


def test_an_archive_tells_what_was_answered_as_a_record_does(harness: Command) -> None:
    """`Retry-After` and the time that an answer took count in a HAR as they do in records."""

    def tried(*answers: dict[str, object]) -> list[str]:
        entries = []
        for minute, answer in enumerate(answers):
            text = json.dumps(track())
            request = {"method": "POST", "url": "http://h/destinations/crm", "headers": [], "postData": {"text": text}}
            entries.append({"startedDateTime": f"2026-11-21T10:0{minute}:00Z", "request": request, **answer})
        har = harness.write("a.har", json.dumps({"log": {"entries": entries}}))
        return [violation["rule"] for violation in harness("check", har, "--json").json["violations"]]

    taken: dict[str, object] = {"response": {"status": 200, "headers": []}}
    told: dict[str, object] = {"response": {"status": 503, "headers": [{"name": "Retry-After", "value": "600"}]}}
    assert tried(told, taken) == ["retry-policy"]
    refused: dict[str, object] = {"response": {"status": 400, "headers": []}}
    assert tried(refused, taken) == ["retry-policy"]
    assert tried({**refused, "time": 30000}, taken) == []


def test_without_the_rule_on_changed_retries_an_id_that_is_used_again_is_told(harness: Command) -> None:
    """A retry with other content is the breach of one rule, and, where that is off, of the other."""
    contract = "name: ours\ntitle: Ours\ndefault_version: '1'\nrules: {retry-same-message: off}\nversions:\n"
    harness.write("ours.yaml", contract + "  '1': {sources: [us], extends: engage-journeys}\n")
    records = [event(track(), reply={"status": 503}), event(track(userId="u2"))]
    done = harness("check", harness.write("a.ndjson", records), "--contract", "./ours.yaml", "--json").json
    assert [violation["rule"] for violation in done["violations"]] == ["message-id-unique"]


def test_a_batch_at_a_destination_is_told_as_that(harness: Command) -> None:
    """What a client library sends to a source is no call, and the report says what it is."""
    text = harness("check", harness.write("a.ndjson", [BATCH]), "--kind", "event").err
    assert "it is no call, but a batch of calls, which client libraries send to a source" in text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"kind": "evnt"}, "unknown kind 'evnt'; did you mean 'event'?"),
        ({"destination": 5}, "the record's `destination` is not a text"),
        ({"reply": {"status": "200"}}, "the record's `reply` is no reply"),
        ({"received_at": "today"}, "the record's `received_at` is no time"),
        ({"request": {"body_base64": "@"}}, "`request.body_base64` is not base64"),
        ({"request": {"body": 5}}, "`request.body` is no body"),
    ],
)
def test_a_wrong_record_is_not_blamed_on_what_was_sent(harness: Command, wrong: dict[str, object], told: str) -> None:
    """Where the record is wrong, and not the body, the report says so, and how to mend the record."""
    text = harness("check", harness.write("a.ndjson", [{**event(track()), **wrong}])).err
    assert f"a.ndjson:1  rule malformed-body: {told}\n  says      A record of a capture tells of one delivery" in text
    assert "  at        the record of delivery 1\n  remedy    Correct the record" in text


def test_the_body_of_a_record_may_be_written_as_json(harness: Command) -> None:
    """Whoever writes records by hand need not quote the body."""
    record = {"destination": "crm", "kind": "event", "request": {"body": track(event="Wrong")}}
    done = harness("check", harness.write("a.ndjson", [record]), "--json").json
    assert [violation["rule"] for violation in done["violations"]] == ["entry-only"]


def test_deliveries_that_went_nowhere_fail(harness: Command) -> None:
    """A record of an unknown destination fails the capture, is counted apart, and is named."""
    capture = harness.write("a.ndjson", [{"destination": "crn", "kind": None, "unexpected": True, "payloads": []}])
    done = harness("check", capture, "--json")
    assert (done.code, done.json["verdict"], done.json["unexpected"]) == (1, "failed", 1)
    text = "  1 delivery went to destinations that do not exist:\n    delivery 1 to crn, a.ndjson:1\n"
    assert harness("check", capture).err.endswith(text)


def test_strays_beyond_the_first_are_counted(harness: Command) -> None:
    """The text report names the first twenty deliveries that went nowhere and counts the others."""
    stray: dict[str, object] = {"destination": "crn", "kind": None, "unexpected": True, "payloads": []}
    text = harness("check", harness.write("a.ndjson", [stray] * 23)).err
    assert text.count(" to crn") == 20
    assert text.endswith("    and 3 more\n")


ON_ONE_LINE = [event(track(), reply={"status": 200}), listed("add", {"userId": "u2"}), event(track(messageId="m2"))]


@pytest.mark.parametrize("piped", [False, True], ids=["file", "pipe"])
@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
def test_deliveries_on_one_line_are_told_apart(harness: Command, piped: bool, zipped: bool) -> None:
    """Where all stand on one line, number, destination and payload say which is meant, the earlier one as well."""
    array = json.dumps(ON_ONE_LINE).encode()
    content = gzip.compress(array) if zipped else array
    name = "-" if piped else harness.write("a.json", content)
    text = harness("check", name, stdin=content).err
    assert "  at        $.messageId of delivery 3 to crm\n" in text
    assert '\n          > messageId: "m2"\n' in text
    assert f"  earlier   delivery 1 to crm, {name}:1\n" in text
    assert f'\n          > messageId: "{track()["messageId"]}"\n' in text


def test_one_of_many_payloads_is_named(harness: Command) -> None:
    """Of a delivery that holds several payloads and was refused, the report says which one is wrong, and the reply."""
    calls = [track(), track(userId="u2", messageId="m2", event="Wrong")]
    record = {"destination": "crm", "kind": "event", "payloads": calls, "reply": {"status": 503}}
    text = harness("check", harness.write("a.ndjson", [record])).err
    assert "  at        $.event of payload 1 in delivery 1 to crm, answered 503\n" in text
    assert '\n          > event: "Wrong"\n' in text


def test_what_differs_in_other_content_is_told(harness: Command) -> None:
    """Of two long contents under one messageId, the first place in which they differ is named, marked and excerpted."""
    before = track(properties={**track()["properties"], "note": f"{'x' * 200}before{'y' * 200}"})
    now = track(properties={**track()["properties"], "note": f"{'x' * 200}later{'y' * 200}"})
    text = harness("check", harness.write("a.ndjson", [event(before), event(now)])).err
    was, became = f"…{'x' * 15}before{'y' * 39}…", f"…{'x' * 15}later{'y' * 40}…"
    assert f"\n  differs   $.properties.note was {was}, and is {became}\n" in text
    assert text.count('\n          >   note: "xxx') == 2


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"a": 1}, {"a": True}, "$.properties.a was 1, and is true"),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1]}}, "$.properties.a.b[1] was 2, and is nothing"),
        ({}, {"a b": None}, "$.properties['a b'] was nothing, and is null"),
    ],
)
def test_each_sort_of_difference_is_told(
    harness: Command, before: dict[str, object], now: dict[str, object], said: str
) -> None:
    """Values, items and members that differ, or are there only once, are told apart by their JSON."""
    calls = [event(track(properties={**track()["properties"], **more})) for more in (before, now)]
    assert f"\n  differs   {said}\n" in harness("check", harness.write("a.ndjson", calls)).err


def test_a_number_of_its_run_is_told_beside_that_of_the_capture(harness: Command) -> None:
    """Where a capture holds a part of a run, a delivery is also named by the number that the server knows it by."""
    wrong = event(track(event="Wrong"))
    text = harness("check", harness.write("a.ndjson", [{**wrong, "number": 12}])).err
    assert "  at        $.event of delivery 1 (12 of its run) to crm\n" in text
    assert "of delivery 1 to crm\n" in harness("check", harness.write("b.ndjson", [{**wrong, "number": 1}])).err


def test_quiet_says_nothing_where_all_is_right(harness: Command) -> None:
    """`--quiet` leaves only what is wrong."""
    assert harness("check", "-q", harness.write("a.ndjson", [event(track())])).err == ""
    assert "entry-only" in harness("check", "-q", harness.write("b.ndjson", [event(track(event="Wrong"))])).err


def test_an_empty_capture_is_an_error(harness: Command) -> None:
    """Nothing to judge exits 2, in words and in JSON."""
    done = harness("check", "--json", harness.write("a.ndjson", "\n\n"))
    assert (done.code, done.json["verdict"], done.json["deliveries"]) == (2, "errored", 0)
    assert done.err.startswith("error: there was nothing to judge: the input holds no delivery")
