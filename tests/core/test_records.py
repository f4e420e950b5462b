"""Deliveries as records: what the ledger exports and `check` reads."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from harness.core.delivery import Delivery, Fault, Reply, Respond
from harness.core.reception import Past, receive, stray
from harness.core.records import MASK, delivery_record, header_record
from harness.core.rules.examples import track
from tests.core.receiving import CRM, arrival, checker, received


def replied(reply: Reply) -> Delivery:
    """A delivery that was answered so."""
    return replace(received(b"{}"), reply=reply)


def test_a_record_has_what_the_design_fixes() -> None:
    """A record has just these members, in this order, and its violations theirs."""
    record = delivery_record(received(json.dumps(track(event="Audience Exited")).encode(), number=12))
    violation = record["violations"][0]
    assert list(record) == [
        *("number", "run", "destination", "kind", "attempt", "received_at", "arrived_at"),
        *("request", "payloads", "violations", "reply"),
    ]
    assert list(violation) == ["rule", "severity", "payload", "path", "message", "expected", "actual", "deliveries"]
    assert (record["number"], record["received_at"]) == (12, "2026-11-21T12:00:00.000000Z")
    assert (violation["rule"], violation["payload"], violation["deliveries"]) == ("entry-only", 0, [12])


def test_a_record_is_json_that_says_the_same() -> None:
    """The payloads and the body of a record are what came."""
    body = json.dumps(track())
    record = json.loads(json.dumps(delivery_record(received(body.encode()))))
    assert record["payloads"] == [track()]
    assert record["request"]["body"] == body


def test_a_body_that_is_no_text_is_written_in_base64() -> None:
    """Bytes outside UTF-8 are kept as they were."""
    request = delivery_record(received(b"\xff\x00"))["request"]
    assert request["body_base64"] == "/wA="
    assert "body" not in request


@pytest.mark.parametrize(
    ("reply", "written"),
    [
        (Respond(status=503), {"status": 503}),
        (Respond(status=207, items=(200, 503)), {"status": 207, "items": [200, 503]}),
        (Fault(name="reset"), {"fault": "reset"}),
    ],
)
def test_a_reply_is_a_status_or_a_fault(reply: Reply, written: dict[str, object]) -> None:
    """What was answered is recorded without its words."""
    assert delivery_record(replied(reply))["reply"] == written


def test_an_unexpected_delivery_says_so() -> None:
    """A delivery to nobody has no kind, and is marked."""
    record = delivery_record(stray(arrival(b"{}", "nobody"), [], "", run="default", number=1))
    assert (record["kind"], record["unexpected"]) == (None, True)


@pytest.mark.parametrize("name", [b"Authorization", b"COOKIE", b"x-api-key", b"Proxy-Authorization"])
def test_secrets_are_masked(name: bytes) -> None:
    """What lets somebody in is not written down."""
    request = arrival(b"{}", headers=[(name, b"secret"), (b"X-Other", b"plain")])
    record = delivery_record(receive(request, CRM, Past(), checker(), run="default", number=1))
    assert record["request"]["headers"] == {name.decode().lower(): MASK, "x-other": "plain"}


def test_headers_of_one_name_are_joined() -> None:
    """Names are lower-case, several values of one are joined, and bytes that are no text are escaped."""
    assert header_record([(b"Accept", b"a"), (b"accept", b"b"), (b"X", b"\xff")]) == {"accept": "a, b", "x": r"\xff"}
