"""Captures: every form of record, and the verdict on them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from harness.adapters.contract_files import load_contract, shipped_contracts
from harness.core.captures.captured import Captured, Defaults
from harness.core.captures.families import better_fit
from harness.core.captures.judging import CaptureJudge, CaptureVerdict
from harness.core.captures.records import read_captured
from harness.core.declarations import Declarations
from harness.core.delivery import Fault, Respond
from harness.core.destinations.bodies import NESTING
from harness.core.instants import DAY
from harness.core.journeys import Journey, SendStep
from harness.core.rules.examples import KEY, event, identify, listed, track
from tests.core.captures_made_up import nested

ENTRY = listed("add", {"userId": "u1"})["payload"]
SYNC = {"list": KEY, "add": [{"userId": "u1"}, {"userId": "u2"}]}


def read(record: Any, **defaults: str) -> Captured:
    """The one delivery that a record tells of."""
    (captured,) = read_captured(json.dumps(record).encode(), Defaults(**defaults))
    return captured


def judged(
    records: Iterable[Any], *, shown: int | None = None, declarations: Declarations | None = None
) -> CaptureVerdict:
    """The verdict of the default contract on records, each on a line of its own."""
    judge = CaptureJudge(load_contract("engage-journeys"), declarations or Declarations(), shown=shown)
    for line, record in enumerate(records, 1):
        text = record if isinstance(record, bytes) else json.dumps(record).encode()
        for captured in read_captured(text, Defaults()):
            judge.see(captured, "capture", line)
    return judge.verdict()


def broken(verdict: CaptureVerdict) -> list[tuple[str, int]]:
    """The rules broken, each with its line."""
    return [(located.violation.rule, located.place.line) for located in verdict.violations]


@pytest.mark.parametrize(
    "listing", [lambda record: record, lambda record: {"deliveries": [record], "next": None}, lambda record: [[record]]]
)
def test_what_a_capture_adds_does_not_make_a_body_deeper(listing: Callable[[Any], Any]) -> None:
    """The deepest body that a destination takes is taken where it is exported too, in a page or alone."""
    call = track(properties={KEY: "true", "audience_key": KEY, "more": nested(NESTING - 2)})
    captured = read(listing({"destination": "crm", "request": {"body": json.dumps(call)}, "payloads": [call]}))
    assert captured.unpacked.payloads == (call,)
    assert captured.unpacked.violations == ()


@pytest.mark.parametrize(
    "record",
    [
        track(more=nested(NESTING)),
        {"destination": "crm", "payload": track(more=nested(NESTING))},
        {"destination": "crm", "payloads": [track(), track(more=nested(NESTING))]},
        {"destination": "crm", "request": {"body": json.dumps(track(more=nested(NESTING)))}},
    ],
)
def test_a_payload_that_is_too_deep_is_told_in_every_form(record: Any) -> None:
    """What no destination would take for its depth is malformed, wherever in a record it stands."""
    (violation,) = read(record).unpacked.violations
    assert violation.message == "the body is nested too deeply"


FORMS = [
    pytest.param(track(), "event", None, (track(),), id="bare call"),
    pytest.param(SYNC, "list", None, (ENTRY,), id="bare list sync document"),
    pytest.param({"audienceName": "a"}, "list", None, (), id="bare life-cycle request"),
    pytest.param(event(track()), "event", "crm", (track(),), id="payload"),
    pytest.param({"destination": "crm", "payloads": [track(), identify()]}, "event", "crm", (track(),), id="payloads"),
    pytest.param({"destination": "ads", "payload": SYNC}, "list", "ads", (ENTRY,), id="payload that is a body"),
    pytest.param(
        {"destination": "ads", "payloads": [ENTRY]},
        "list",
        "ads",
        (ENTRY,),
        id="payloads that are entries",
    ),
    pytest.param({"request": {"body": json.dumps(track())}}, "event", None, (track(),), id="body alone"),
    pytest.param({"destination": "crm", "kind": None, "unexpected": True}, "event", "crm", (), id="unexpected"),
]


@pytest.mark.parametrize(("record", "kind", "destination", "first"), FORMS)
def test_a_record_is_read_in_each_of_its_forms(
    record: Any, kind: str, destination: str | None, first: tuple[Any, ...]
) -> None:
    """Kind, destination and first payload are those that the record says, or that its form tells."""
    captured = read(record)
    assert (captured.kind, captured.destination) == (kind, destination)
    assert captured.unpacked.payloads[:1] == first
    assert not captured.unpacked.violations


def test_the_body_is_the_truth() -> None:
    """Where a record has a body, its payloads and violations are not believed."""
    captured = read(
        event(track(userId="other"), request={"body": json.dumps(track())}, violations=[{"rule": "schema"}])
    )
    assert captured.unpacked.payloads == (track(),)


def test_a_body_in_base64_is_read() -> None:
    """`body_base64` stands for the bytes that were sent, UTF-8 or not."""
    encoded = base64.b64encode(b'{"type": "\xff"}').decode()
    captured = read({"destination": "crm", "kind": "event", "request": {"body_base64": encoded}})
    assert [violation.rule for violation in captured.unpacked.violations] == ["malformed-body"]


def test_a_list_destination_takes_calls() -> None:
    """A call to a list destination is the entry that it amounts to, and stays known as a call."""
    captured = read({"destination": "ads", "kind": "list", "payloads": [identify(), identify(userId="u2")]})
    assert [payload["action"] for payload in captured.unpacked.payloads] == ["add", "add"]
    assert captured.unpacked.calls == (identify(), identify(userId="u2"))


def test_entries_and_calls_stand_beside_each_other() -> None:
    """In one list of payloads, entries and calls keep their order."""
    stray = {"type": "track", "event": "Order Completed", "userId": "u1"}
    captured = read({"destination": "ads", "kind": "list", "payloads": [ENTRY, stray]})
    assert captured.unpacked.calls == (None, stray)
    assert [violation.payload for violation in captured.unpacked.violations] == [1]


def test_defaults_hold_only_where_the_record_is_silent() -> None:
    """`kind` and `destination` of a record win over those that were asked for."""
    assert read(event(track()), destination="other", kind="list").destination == "crm"
    assert read(event(track()), destination="other", kind="list").kind == "event"
    assert read(identify(), destination="ads", kind="list").unpacked.payloads[0]["action"] == "add"


REPLIES = [
    (None, Respond(status=200)),
    ({"status": 503}, Respond(status=503)),
    ({"status": 207, "items": [200, 503]}, Respond(status=207, items=(200, 503))),
    ({"status": 429, "headers": {"Retry-After": 5}}, Respond(status=429, headers=(("Retry-After", "5"),))),
    ({"fault": "reset"}, Fault(name="reset")),
    ({"fault": "hang"}, Fault(name="hang")),
    ({"fault": "of another tool"}, Fault(name="reset")),
]


@pytest.mark.parametrize(("written", "reply"), REPLIES)
def test_replies_are_read(written: Any, reply: Any) -> None:
    """A record without a reply counts as accepted; any fault as not accepted."""
    assert read(event(track(), reply=written)).reply == reply


NOT_RECORDS = [
    (7, "this is neither a record nor a call"),
    ({"destination": 7, "payload": {}}, "the record's `destination` is not a text"),
    ({"destination": "crm", "kind": "evnt", "payload": {}}, "unknown kind 'evnt'; did you mean 'event'?"),
    (event(track(), reply={"status": 207, "items": ["200"]}), "`reply.items` are no statuses"),
    (event(track(), reply={"status": 200, "latency": 30}), "`reply.latency` is no duration"),
    ({"destination": "crm"}, "the record holds nothing that was sent"),
    (event({}, reply="fine"), "the record's `reply` is no reply"),
    (event({}, reply={"status": True}), "the record's `reply` is no reply"),
    (event({}, received_at="yesterday"), "the record's `received_at` is no time"),
    ({"destination": "crm", "request": {"body_base64": "#"}}, "`request.body_base64` is not base64"),
]


@pytest.mark.parametrize(("record", "message"), NOT_RECORDS)
def test_what_is_no_record_is_a_malformed_delivery(record: Any, message: str) -> None:
    """A record that cannot be read is one violation, and no error of the harness."""
    (violation,) = read(record).unpacked.violations
    assert (violation.rule, violation.message) == ("malformed-body", message)


def har(*entries: dict[str, Any]) -> dict[str, Any]:
    """An HTTP archive."""
    return {"log": {"version": "1.2", "entries": list(entries)}}


def entry(
    method: str = "POST", url: str = "https://crm.example/in?x=1", status: int = 200, **posted: Any
) -> dict[str, Any]:
    """An entry of an HTTP archive."""
    request = {"method": method, "url": url, **({"postData": posted} if posted else {})}
    return {"startedDateTime": "2026-11-21T10:00:00.5Z", "request": request, "response": {"status": status}}


def test_a_har_tells_of_what_was_posted() -> None:
    """Of a HAR's entries, those that sent a body are deliveries: to where, when, and how answered."""
    text = json.dumps(track())
    archive = har(
        entry(text=text, status=503),
        entry("GET"),
        entry("PUT", text=base64.b64encode(text.encode()).decode(), encoding="base64", status=0),
        entry("PATCH", url="http://127.0.0.1:8085/runs/r/destinations/a%2Fb/x", text=text),
        entry("DELETE", text=text),
        entry("POST"),
    )
    first, second, third = read_captured(json.dumps(archive).encode(), Defaults())
    assert [each.unpacked.payloads for each in (first, second, third)] == [(track(),)] * 3
    assert [each.destination for each in (first, third)] == ["crm.example/in", "a/b"]
    assert [each.reply for each in (first, second)] == [Respond(status=503), Fault(name="reset")]
    assert first.received_at == 1_795_255_200_500_000


def test_a_destination_that_is_asked_for_wins_over_a_url() -> None:
    """Host and path name a HAR's destination only where nothing better does."""
    (captured,) = read_captured(json.dumps(har(entry(text="{}"))).encode(), Defaults(destination="crm"))
    assert captured.destination == "crm"


ODD_ENTRIES = [
    (entry(url="http://[broken", text="{}"), None, Respond(status=200)),
    ({"request": {"method": "POST", "url": 7, "postData": {"text": "{}"}}}, None, Respond(status=200)),
]


@pytest.mark.parametrize(("odd", "destination", "reply"), ODD_ENTRIES, ids=["URL", "no URL, no response"])
def test_a_har_that_says_little_is_read(odd: dict[str, Any], destination: str | None, reply: Any) -> None:
    """Without a URL that names a place there is no destination, and without a response the entry was accepted."""
    captured = read(har(odd))
    assert (captured.destination, captured.reply) == (destination, reply)


def test_a_page_of_deliveries_is_read() -> None:
    """What the control API lists can be judged as it is."""
    page = {"deliveries": [event(track()), event(track())], "total": 2, "complete": True, "next": None}
    assert len(list(read_captured(json.dumps(page).encode(), Defaults()))) == 2


def test_violations_come_in_the_order_of_lines() -> None:
    """Breaches of single payloads and of histories are told together, by line, with every place that proves them."""
    second = track(messageId="personas_2")
    verdict = judged([event(track()), event(track(event="Wrong", userId="u3")), event(second), b"oops"])
    assert broken(verdict) == [
        ("entry-only", 2),
        ("message-id-unique", 2),
        ("once-per-entry", 3),
        ("malformed-body", 4),
    ]
    assert [place.line for place in verdict.violations[2].places] == [1, 3]
    assert (verdict.word, verdict.deliveries, verdict.payloads, verdict.errors) == ("failed", 4, 3, 4)


def test_only_the_first_violations_are_kept_but_all_are_counted() -> None:
    """A bound on what is shown bounds neither the counts nor which are the first."""
    records = [event(track(userId=f"u{n}", messageId=f"m{n // 2}", event="Wrong")) for n in range(20)]
    full, bounded = judged(records), judged(records, shown=3)
    assert len(full.violations) == 30
    assert bounded.violations == full.violations[:3]
    assert bounded.counts == full.counts == {("entry-only", "error"): 20, ("message-id-unique", "error"): 10}


def test_the_first_violation_is_kept_whichever_rule_finds_it() -> None:
    """Where only one violation is asked for, it is that of the first line, not that of the first rule."""
    second, third = event(track(userId="u3")), event(track(messageId="personas_2"))
    assert broken(judged([event(track()), second, third], shown=1)) == [("message-id-unique", 2)]


def test_without_a_destination_a_second_message_is_a_warning() -> None:
    """Two calls that may have gone to two destinations do not fail a capture."""
    verdict = judged([track(), track(messageId="personas_2")])
    assert [located.violation.severity for located in verdict.violations] == ["warning"]
    assert verdict.word == "passed"
    reused = judged([track(), track(userId="u2")])
    assert reused.counts == {("message-id-unique", "warning"): 1}


def test_a_retry_is_no_second_message() -> None:
    """The reply that a record tells of decides what the next one is."""
    unnamed = track(messageId=None)
    refused, taken = event(unnamed, reply={"status": 503}), event(unnamed)
    assert "once-per-entry" not in dict(broken(judged([refused, taken])))
    assert "once-per-entry" in dict(broken(judged([taken, taken])))


def test_a_re_entry_of_which_nobody_knows_when_is_not_accused() -> None:
    """Where users may enter again, a capture without times cannot show that they did so too early."""
    step = SendStep(name="Opened email", to=("crm",))
    journey = Journey(id="j", name="First purchase", steps=(step,), exit_after=7 * DAY, re_entry_after=30 * DAY)
    declarations = Declarations([journey])
    untimed = [event(track()), event(track(messageId="personas_2"))]
    assert judged(untimed, declarations=declarations).errors == 0
    timed = [{**record, "received_at": f"2026-01-0{day}T00:00:00Z"} for day, record in enumerate(untimed, 1)]
    assert broken(judged(timed, declarations=declarations)) == [("once-per-entry", 2)]


STATED = [track(timestamp=f"2026-11-{day:02}T10:00:00Z") for day in (1, 11)]


def test_an_id_of_which_nobody_knows_when_it_came_again_is_not_accused() -> None:
    """Without times of arrival, an id with two contents is no breach where these state times that lie days apart."""
    assert broken(judged(STATED)) == []
    assert broken(judged([track(), track(userId="u2")])) == [("message-id-unique", 2)]


def test_an_id_that_came_once_without_a_time_is_not_accused() -> None:
    """Where one of two records says when it came, and the other does not, nobody knows what lies between them."""
    timed = event(STATED[0], received_at="2026-11-01T10:00:01Z")
    assert broken(judged([timed, {"destination": "crm", "payload": STATED[1]}])) == []


def test_runs_have_histories_of_their_own() -> None:
    """Users who enter in two runs of one capture are not taken for one."""
    entries = [event(track(messageId=f"m{run}"), run=run) for run in ("r1", "r2")]
    assert judged(entries).word == "passed"
    assert judged([{**each, "run": "r1"} for each in entries]).word == "failed"


def test_what_went_nowhere_fails_the_capture() -> None:
    """A delivery to a destination that does not exist breaks no rule, but does not pass."""
    verdict = judged([event(track()), {"destination": "crn", "kind": None, "unexpected": True, "payloads": []}])
    assert (verdict.word, verdict.unexpected, verdict.violations) == ("failed", 1, ())


def test_nothing_to_judge_is_an_error() -> None:
    """A capture without deliveries neither passes nor fails."""
    assert judged([[], har()]).word == "errored"


def test_a_version_that_accuses_of_nothing_is_found() -> None:
    """Traffic of 2023 shows no context, which only the version of 2024 demands."""
    captured = [read(event(track(context=None))), read(event(track(context=None, userId="u2", messageId="m2")))]
    judging = load_contract("engage-journeys@2024")
    fit = better_fit(captured, judging, shipped_contracts(), Declarations())
    assert fit is not None
    assert (fit.contract, fit.errors, fit.instead_of) == ("engage-journeys@2023", 0, 2)


def test_a_version_that_accuses_of_less_is_found() -> None:
    """Of traffic that is wrong under every version, that one is named which finds least."""
    captured = [read(event(track(event="Wrong", context=None)))]
    fit = better_fit(captured, load_contract("engage-journeys"), shipped_contracts(), Declarations())
    assert fit is not None
    assert (fit.contract, fit.errors, fit.instead_of) == ("engage-journeys@2023", 1, 2)


def test_no_other_family_is_named_where_none_accuses_less() -> None:
    """What is as wrong under every contract says nothing of the family."""
    captured = [read(event(track(event="Wrong")))]
    assert better_fit(captured, load_contract("engage-journeys"), shipped_contracts(), Declarations()) is None


def test_no_other_family_is_looked_at_where_nothing_is_wrong() -> None:
    """Trying families takes its time, which right traffic is not worth."""
    others = iter(shipped_contracts())
    captured, judging = [read(event(track()))], load_contract("engage-journeys")
    assert better_fit(captured, judging, others, Declarations()) is None
    assert next(others, None) is not None


LARGE = track(properties={KEY: "true", "note": "x" * 33 * 1024})
SPACIOUS = json.dumps(track(), indent=9000)


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (event(LARGE), ["payload-size"]),
        (LARGE, ["payload-size"]),
        ({"destination": "crm", "payloads": [LARGE, track(userId="u2", messageId="m2")]}, ["payload-size"]),
        ({"destination": "crm", "request": {"body": SPACIOUS}}, ["payload-size"]),
        (SPACIOUS.replace("\n", " ").encode(), []),
        ({**event(track()), "note": "x" * 33 * 1024}, []),
    ],
    ids=["payload", "bare call", "one of a batch", "a body as it came", "space around a call", "a long record"],
)
def test_the_size_of_a_call_is_that_of_its_body_or_of_its_json(record: Any, found: list[str]) -> None:
    """A body counts as it came; where a capture has none, only what the payload itself needs."""
    assert [rule for rule, _ in broken(judged([record]))] == found


def test_the_sender_of_a_captured_request_is_known() -> None:
    """The `User-Agent` of a record, and of an entry of an archive, in any spelling."""
    posted = {"postData": {"text": json.dumps(track())}, "headers": [{"name": "User-Agent", "value": "crm-web/2"}, 7]}
    archived = {"request": {"url": "http://h/destinations/crm", "method": "POST", **posted}}
    recorded = {"destination": "crm", "request": {"body": "{}", "headers": {"user-agent": "crm-web/2"}}}
    assert [read(record).agent for record in (archived, recorded, event(track()))] == ["crm-web/2", "crm-web/2", ""]


def test_without_a_destination_a_second_exit_is_a_warning() -> None:
    """Two exits may have gone to two destinations."""
    exit_ = {"event": "Audience Exited", "properties": {KEY: "false"}}
    calls = [
        track(timestamp="2026-11-01T10:00:00Z"),
        *(track(**exit_, messageId=f"m{day}", timestamp=f"2026-11-{day}T10:00:00Z") for day in (10, 11)),
    ]
    leaving = Journey(
        id="j", name="First purchase", steps=(SendStep(name="Opened email", to=("crm",)),), exit_after=7 * DAY
    )
    verdict = judged(calls, declarations=Declarations([leaving]))
    assert verdict.counts == {("exit-after-entry", "warning"): 1}
