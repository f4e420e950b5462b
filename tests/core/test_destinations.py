"""From bodies to payloads, by the destination's kind; and what the kinds acknowledge with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.core.delivery import Respond
from harness.core.destinations.bodies import NESTING, Unpacked, described, parse, shown
from harness.core.destinations.destination import Destination
from harness.core.destinations.kinds import KINDS
from harness.core.destinations.lists import external_id

KEY = "j_o_first_purchase__opened_email_dje83h"
TRACK: dict[str, Any] = {"type": "track", "userId": "u1", "properties": {KEY: "true"}}


def unpacked(document: Any, kind: str) -> Unpacked:
    """What a destination of that kind finds in a JSON document."""
    return parse(json.dumps(document).encode(), KINDS[kind].unpack)


def taken(document: Any) -> Unpacked:
    """Take any document."""
    return Unpacked()


@pytest.mark.parametrize("document", [TRACK, [TRACK], [TRACK, {"userId": "u2"}], {}, {"type": None, "list": "x"}])
def test_an_event_destination_finds_calls(document: Any) -> None:
    """Every object is a call, alone or in an array, however odd; what is wrong with it is for rules to say."""
    found = unpacked(document, "event")
    assert found.payloads == (tuple(document) if isinstance(document, list) else (document,))
    assert (found.violations, found.status) == ((), None)


def test_a_list_sync_document_is_one_entry_for_each_user() -> None:
    """Those who are added come first, then those who are removed, each in order."""
    found = unpacked({"list": KEY, "remove": [{"userId": "u3"}], "add": [{"userId": "u1"}, {"email": "e"}]}, "list")
    assert [(entry["action"], entry["user"]) for entry in found.payloads] == [
        ("add", {"userId": "u1"}),
        ("add", {"email": "e"}),
        ("remove", {"userId": "u3"}),
    ]
    assert {entry["list"] for entry in found.payloads} == {KEY}
    assert found.calls is None


@pytest.mark.parametrize(
    ("call", "action"),
    [
        (TRACK, "add"),
        ({**TRACK, "properties": {KEY: True}}, "add"),
        ({**TRACK, "properties": {KEY: "TRUE"}}, "add"),
        ({**TRACK, "properties": {KEY: "false"}}, "remove"),
        ({**TRACK, "properties": {KEY: False}}, "remove"),
        ({**TRACK, "event": "Audience Exited"}, "remove"),
        ({"type": "identify", "userId": "u1", "traits": {KEY: "true"}}, "add"),
    ],
)
def test_a_call_is_a_list_entry_by_its_membership_value(call: dict[str, Any], action: str) -> None:
    """The value of the key says whether the user is added or removed; the exit event removes whatever it says."""
    found = unpacked(call, "list")
    assert found.payloads == ({"list": KEY, "action": action, "user": {"userId": "u1"}},)
    assert found.calls == (call,)


def test_a_call_without_membership_stays_a_call_and_is_told_of() -> None:
    """In a batch, a stray call is the payload itself, accused at its index, and the others are entries."""
    stray = {"type": "page", "userId": "u1"}
    found = unpacked([TRACK, stray, {"type": "delete", "userId": "u1"}], "list")
    assert [payload.get("action") for payload in found.payloads] == ["add", None, None]
    assert [(violation.rule, violation.payload) for violation in found.violations] == [("destination-kind", 1)]
    assert found.status is None


@pytest.mark.parametrize(
    ("document", "identifier"),
    [
        ({"audienceName": "Buyers"}, external_id("Buyers")),
        ({"externalId": "ext_1", "advertiserId": 5}, "ext_1"),
        ({"audienceName": "", "externalId": "ext_2"}, "ext_2"),
    ],
)
def test_life_cycle_requests_are_answered_with_the_external_id(document: dict[str, Any], identifier: str) -> None:
    """To create and to get a list answers its id, holds no entries and breaks nothing."""
    found = unpacked(document, "list")
    assert (found.payloads, found.violations, found.answer) == ((), (), {"externalId": identifier})


def test_an_audience_has_one_external_id() -> None:
    """The same name has the same id wherever it is created, and another name another."""
    assert external_id("Buyers") == external_id("Buyers") != external_id("buyers")


@pytest.mark.parametrize("kind", ["event", "list"])
@pytest.mark.parametrize("body", [b"", b"  ", b"{", b"\xff", b"null", b"5", b'"x"', b"[]", b"[5]", b"{}]"])
def test_a_malformed_body_is_one_violation_and_a_400(body: bytes, kind: str) -> None:
    """What is not JSON of a known form holds nothing, says so once, and forces its status."""
    found = parse(body, KINDS[kind].unpack)
    assert [(v.rule, v.payload, v.path) for v in found.violations] == [("malformed-body", None, "$")]
    assert (found.payloads, found.status) == ((), 400)


@pytest.mark.parametrize(
    ("users", "actual"),
    [(["u1"], "an array that holds a string"), ([{}, None], "an array that holds null"), ({}, "an object")],
)
def test_what_is_no_array_of_users_is_told_by_what_does_not_belong(users: Any, actual: str) -> None:
    """An array that holds something else is not told as an array, since one is expected."""
    (violation,) = unpacked({"list": "k", "add": users}, "list").violations
    assert (violation.expected, violation.actual) == ("an array of objects", actual)


def test_a_body_may_be_nested_up_to_the_limit() -> None:
    """The deepest body that can be recorded is taken, and the next deeper one refused."""
    assert parse(b"[" * NESTING + b"]" * NESTING, taken).status is None
    assert parse(b"[" * (NESTING + 1) + b"]" * (NESTING + 1), taken).status == 400


def test_breadth_is_not_depth() -> None:
    """A body with more objects than it may have levels is taken, as long as they stand side by side."""
    assert parse(b"[" + b"{}," * NESTING + b"{}]", taken).status is None


def test_a_body_is_shown_as_text_that_can_be_printed() -> None:
    """Long bodies are cut, and bytes that are no text are escaped."""
    assert shown(b"short \xff") == r"short \xff"
    assert shown(b"x" * 1000) == "x" * 120 + "…"


def test_json_values_are_named_for_messages() -> None:
    """Each type of JSON has its word."""
    values = [{}, [], "", True, 1, 1.5, None]
    assert [described(value).split()[-1] for value in values] == [
        "object",
        "array",
        "string",
        "boolean",
        "number",
        "number",
        "null",
    ]


@pytest.mark.parametrize("status", [200, 503])
def test_the_kinds_acknowledge_in_their_own_words(status: int) -> None:
    """An event destination says whether all went well, a list also how many entries it took in."""
    reply = Respond(status=status)
    assert KINDS["event"].acknowledge(reply, 3) == {"success": status == 200}
    assert KINDS["list"].acknowledge(reply, 3) == {"success": status == 200, "received": 3}


@pytest.mark.parametrize("payload", [{"type": "track"}, {"type": "delete"}, {"type": 5}, {}])
def test_an_event_destination_takes_what_it_asked_for(payload: dict[str, Any]) -> None:
    """Calls that it asked for are taken, and so are requests to be forgotten; without a type, others decide."""
    assert Destination(name="crm").refusal(0, payload) is None


def test_an_event_destination_refuses_what_it_did_not_ask_for() -> None:
    """The violation names the destination, what it takes, and what came."""
    refusal = Destination(name="crm", calls=("track", "identify")).refusal(2, {"type": "page"})
    assert refusal is not None
    assert (refusal.rule, refusal.payload, refusal.path) == ("destination-kind", 2, "$.type")
    assert (refusal.expected, refusal.actual) == ("track or identify", "page")


def test_a_list_destination_refuses_no_type_of_call() -> None:
    """What a list takes is decided by membership, not by type."""
    assert Destination(name="ads", kind="list").refusal(0, {"type": "page"}) is None


@pytest.mark.parametrize("document", [TRACK, [TRACK], {"batch": [TRACK], "sentAt": "now"}, {**TRACK, "batch": [7]}])
def test_a_warehouse_finds_calls(document: Any) -> None:
    """A call, an array of calls, or a batch of calls; a call may have any member, `batch` too."""
    found = unpacked(document, "warehouse")
    assert found.payloads == ((document,) if document == {**TRACK, "batch": [7]} else (TRACK,))
    assert KINDS["warehouse"].acknowledge(Respond(status=200), 1) == {"success": True}


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"batch": TRACK}, "`batch` is not an array of calls"),
        ({"batch": None}, "`batch` is not an array of calls"),
        ({"batch": []}, "the array holds no call"),
        ({"batch": [TRACK, 7]}, "item 1 of the array is not a call"),
        (7, "the body is neither a call nor an array of calls"),
        ({"batch": [{"list": KEY, "add": []}]}, "a list sync document was sent to a warehouse destination"),
    ],
)
def test_a_warehouse_refuses_what_holds_no_calls(document: Any, told: str) -> None:
    """One violation says what stands where calls belong."""
    (violation,) = unpacked(document, "warehouse").violations
    assert violation.message == told


def test_a_warehouse_refuses_types_that_it_did_not_ask_for() -> None:
    """As an event destination does."""
    refusal = Destination(name="wh", kind="warehouse", calls=("track",)).refusal(0, {"type": "page"})
    assert refusal is not None
    assert refusal.message == "wh does not take page calls"
