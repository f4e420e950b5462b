"""Bodies, headers and redirects, taken from what came."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.delivery import Respond
from tests.core.behaviours.answering import Playing, call, calls


def test_a_body_and_headers_are_answered_as_they_are_written() -> None:
    """JSON stays JSON, a text stays a text, and numbers may be headers."""
    assert Playing({"status": 202, "body": {"queued": True}, "headers": {"X-Left": 3}}).reply() == Respond(
        status=202, body={"queued": True}, headers=(("X-Left", "3"),)
    )
    assert Playing({"body": "OK"}).reply() == Respond(status=200, text="OK")


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("${payload.userId}", "u1"),
        ("Hello ${payload.userId}, attempt ${delivery.attempt}", "Hello u1, attempt 1"),
        ("${payload['context'].personas.computation_class}", "audience"),
        ("${payload.nothing}", None),
        ("[${payload.nothing}]", "[]"),
        ("${delivery.number}", 1),
        ("at ${delivery.received_at}", "at 2026-11-21T12:00:00.000000Z"),
        ("${payload.integrations}", {"All": False}),
        ("${payload.integrations.All}", False),
        ("told: ${payload.integrations}", 'told: {"All":false}'),
        ("${payloads[*].userId}", ["u1"]),
    ],
)
def test_references_are_looked_up_in_what_came(template: str, filled: Any) -> None:
    """A value that is only a reference takes the type of what it refers to; within a text it is written out."""
    playing = Playing({"body": {"said": [template]}})
    assert playing.answer(call(integrations={"All": False})).body == {"said": [filled]}


def test_what_came_is_never_evaluated() -> None:
    """A payload that holds a reference gives its text, and nothing is looked up by it."""
    assert Playing({"body": "${payload.userId}"}).answer(call(userId="${payload.event}")).text == "${payload.event}"


def test_a_header_stays_one_line_whatever_came() -> None:
    """A payload cannot add headers to the answer."""
    answer = Playing({"headers": {"X-User": "${payload.userId}"}}).answer(call(userId="u1\r\nSet-Cookie: a"))
    assert answer.headers == (("X-User", "u1  Set-Cookie: a"),)


def test_an_empty_batch_of_references_is_answered_too() -> None:
    """The life-cycle request of a webhook audience has no payload, and its own answer only where none is written."""
    audience = {"audienceName": "Buyers"}
    assert Playing({"body": {"user": "${payload.userId}"}}, kind="list").answer(audience).body == {"user": None}
    assert Playing({"latency": "1s"}, kind="list").answer(audience).body["externalId"].startswith("ext_")


@pytest.mark.parametrize(
    ("to", "location"),
    [
        ("crm2", "/destinations/crm2"),
        ("/elsewhere", "/elsewhere"),
        ("https://crm.example/in", "https://crm.example/in"),
    ],
)
def test_a_redirect_names_where_to_go(to: str, location: str) -> None:
    """The name of a destination leads to it; anything else is given as it is."""
    assert Playing({"redirect": to}).reply() == Respond(status=307, headers=(("Location", location),))


def test_each_item_of_a_batch_has_its_own_result() -> None:
    """The replies to each message together make a 207, with the status of each item, in order."""
    playing = Playing({"items": [503, 200]})
    batch = calls("u1", "u2")
    assert playing.answer(batch[0]) == Respond(status=503)
    answer = playing.answer(batch)
    assert (answer.status, answer.items) == (207, (200, 503))
    assert answer.body == {
        "success": False,
        "items": [{"status": 200}, {"status": 503, "error": "Service Unavailable"}],
    }


def test_results_can_be_told_in_the_form_of_segments_functions() -> None:
    """A bare array with 200; the status of each item counts all the same."""
    rules = [{"when": {"user": "u2"}, "reply": 400}]
    delivery = Playing({"items": {"rules": rules}, "items_as": "multi_status"}).delivery(calls("u1", "u2"))
    assert isinstance(delivery.reply, Respond)
    assert delivery.reply.body == [{"status": 200}, {"status": 400, "errormessage": "Bad Request"}]
    assert [delivery.accepts(0), delivery.accepts(1)] == [True, False]


def test_list_members_are_items_too() -> None:
    """Of a list sync document, only those are on the list whose item was accepted."""
    playing = Playing({"items": {"rules": [{"when": {"user": "sam@example.com"}, "reply": 429}]}}, kind="list")
    document = {"list": "j_o_a__b_abcde", "add": [{"userId": "u1"}, {"email": "sam@example.com"}]}
    assert playing.answer(document).items == (200, 429)
    assert playing.past.members.lists() == {"j_o_a__b_abcde": [{"userId": "u1"}]}
