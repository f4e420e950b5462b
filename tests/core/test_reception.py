"""Arrival, destination and past make a delivery: attempts are counted, replies decided, members kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from harness.core.behaviours import behaviour
from harness.core.delivery import Defect, Delivery, Fault, Respond
from harness.core.destinations.destination import Destination
from harness.core.destinations.lists import external_id
from harness.core.reception import Past, receive, remember, stray, unchecked
from harness.core.rules.examples import KEY, identify, track
from tests.core.receiving import ADS, CRM, arrival, checker, received


def answers(destination: Destination, *documents: Any) -> list[tuple[int, int | str]]:
    """Attempt and answer of each document, received in turn."""
    past = Past()
    deliveries = [received(json.dumps(document).encode(), destination, past) for document in documents]
    return [(delivery.attempt, answer(delivery)) for delivery in deliveries]


def answer(delivery: Delivery) -> int | str:
    """The status that was answered, or the fault."""
    return delivery.reply.name if isinstance(delivery.reply, Fault) else delivery.reply.status


def replying(*replies: Any, destination: Destination = CRM) -> Destination:
    """`destination` with these replies, one after the other for each message."""
    return replace(destination, behaviour=behaviour(list(replies)))


def call(message: str | None, **changes: Any) -> dict[str, Any]:
    """A right entry under that message id."""
    return track(messageId=message, **changes)


def test_a_right_call_is_accepted_and_breaks_nothing() -> None:
    """A delivery has what arrived, what was in it and what was answered."""
    delivery = received(json.dumps(track()).encode(), number=12)
    assert (delivery.number, delivery.run, delivery.destination, delivery.kind) == (12, "default", "crm", "event")
    assert list(delivery.payloads) == [track()]
    assert (delivery.violations, delivery.attempt, delivery.accepted) == ((), 1, True)


def test_a_sequence_goes_on_for_each_message_by_itself() -> None:
    """Attempts are counted by message, and each message has its own place in the sequence."""
    crm = replying(503, "reset", 200)
    documents = [call("a"), call("b"), call("a"), call("a"), call("a"), call("b")]
    assert answers(crm, *documents) == [(1, 503), (1, 503), (2, "reset"), (3, 200), (4, 200), (2, "reset")]


def test_a_batch_gets_the_reply_of_its_most_tried_message() -> None:
    """One message that was tried before makes the whole batch a further attempt."""
    crm = replying(503, 200)
    assert answers(crm, call("a"), [call("b"), call("a"), call("c")], [call("c")]) == [(1, 503), (2, 200), (2, 200)]


def test_one_message_twice_in_a_batch_is_one_attempt() -> None:
    """An attempt is a delivery, however often it holds the message."""
    assert answers(replying(503, 200), [call(None), call(None)], call(None)) == [(1, 503), (2, 200)]


def test_without_an_id_the_content_is_the_message() -> None:
    """Equal content is another attempt, whenever it was sent; other content is another message."""
    documents = [call(None, sentAt="10:00"), call(None, sentAt="10:05"), call(None, userId="u2")]
    assert answers(replying(503, 200), *documents) == [(1, 503), (2, 200), (1, 503)]


def test_a_list_entry_is_tried_again_by_list_action_and_user() -> None:
    """For a list, the message is the entry, in whichever form it comes, and whatever its message id."""
    ads = replying(503, 200, destination=ADS)
    documents = [{"list": KEY, "add": [{"userId": "u1"}]}, call("a"), {"list": KEY, "remove": [{"userId": "u1"}]}]
    assert answers(ads, *documents) == [(1, 503), (2, 200), (1, 503)]


def test_a_call_of_a_type_that_was_not_asked_for_is_answered_501() -> None:
    """Whatever its replies are, a destination does not take it, and says which types it takes."""
    delivery = received(json.dumps([track(), identify(messageId="b")]).encode(), replying(200))
    assert answer(delivery) == 501
    assert isinstance(delivery.reply, Respond)
    assert delivery.reply.body["expected"] == "track"


@pytest.mark.parametrize("destination", [CRM, ADS])
def test_a_malformed_body_is_answered_400_whatever_the_replies_are(destination: Destination) -> None:
    """The answer says what is wrong, in words that the sender's log may show."""
    delivery = received(b'{"type": ', replying("reset", destination=destination))
    assert answer(delivery) == 400
    assert isinstance(delivery.reply, Respond)
    assert {*delivery.reply.body} == {"success", "error", "expected", "actual"}


def test_a_list_document_at_an_event_destination_is_answered_400() -> None:
    """It is well formed, but of another kind."""
    delivery = received(json.dumps({"list": KEY, "add": []}).encode())
    assert answer(delivery) == 400
    assert [violation.rule for violation in delivery.violations] == ["destination-kind"]


def test_a_body_that_could_not_be_read_is_a_delivery_too() -> None:
    """A defect of the request is a malformed body, answered with the status that it brings along."""
    defect = Defect(status=413, message="the body is too large", expected="at most 1 MiB", actual="2 MiB")
    request = arrival(b"{", defect=defect)
    delivery = receive(request, CRM, Past(), checker(), run="default", number=7)
    assert answer(delivery) == 413
    assert [(v.rule, v.message, v.deliveries) for v in delivery.violations] == [
        ("malformed-body", "the body is too large", (7,))
    ]


def test_a_breach_does_not_change_the_answer() -> None:
    """The harness judges and does not refuse: what breaks a rule is answered as the destination was told to."""
    delivery = received(json.dumps(track(event="Audience Exited")).encode())
    assert delivery.accepted
    assert [(violation.rule, violation.deliveries) for violation in delivery.violations] == [("entry-only", (1,))]


def test_a_life_cycle_request_is_answered_with_the_external_id() -> None:
    """Creating an audience answers its id, and again, and so does getting it; no members change."""
    past, identifier = Past(), external_id("Buyers")
    bodies = [{"audienceName": "Buyers"}, {"audienceName": "Buyers"}, {"externalId": identifier, "region": "eu"}]
    deliveries = [received(json.dumps(each).encode(), ADS, past) for each in bodies]
    assert [each.reply for each in deliveries] == [Respond(status=200, body={"externalId": identifier})] * 3
    assert ([each.violations for each in deliveries], past.members.lists()) == ([()] * 3, {})


def test_an_audience_that_was_never_created_is_not_found() -> None:
    """The answer is a 404 that names the nearest; the question breaks nothing."""
    past, identifier = Past(), external_id("Buyers")
    received(b'{"audienceName": "Buyers"}', ADS, past)
    delivery = received(json.dumps({"externalId": identifier[:-1]}).encode(), ADS, past)
    assert (answer(delivery), delivery.violations) == (404, ())
    assert isinstance(delivery.reply, Respond)
    assert isinstance(delivery.reply.body, dict)
    assert f"did you mean {identifier!r}?" in delivery.reply.body["error"]


def test_an_audience_whose_creation_was_refused_does_not_exist() -> None:
    """It does once an attempt is accepted: attempts at one audience are counted like those at a message."""
    past, ads, seen = Past(), replying(503, 200, destination=ADS), []
    for name in ("Buyers", "Others", "Buyers"):
        received(json.dumps({"audienceName": name}).encode(), ads, past)
        seen.append([audience.name for audience in past.audiences.by_id().values()])
    assert seen == [[], [], ["Buyers"]]


@pytest.mark.parametrize(
    ("body", "known"), [({"externalId": "own"}, ["own"]), ({"externalId": ""}, []), ({"externalId": 5}, []), ({}, [])]
)
def test_an_audience_is_known_by_the_id_that_was_answered(body: dict[str, Any], known: list[str]) -> None:
    """A destination may answer one of its own; without one, the sender takes the creation for failed."""
    past, own = Past(), Respond(status=200, body=body)
    ads = replace(ADS, behaviour=replace(ADS.behaviour, reply=own))  # type: ignore[type-var]  # it is `Always`
    received(b'{"audienceName": "Buyers"}', ads, past)
    assert list(past.audiences.by_id()) == known


def test_a_life_cycle_request_may_be_cut_off() -> None:
    """A destination that cuts connections cuts these too."""
    assert answers(replying("reset", destination=ADS), {"audienceName": "Buyers"}) == [(1, "reset")]


def test_a_life_cycle_request_is_answered_as_the_destination_was_told_to() -> None:
    """A reply that has a body of its own keeps it."""
    own = Respond(status=200, body={"externalId": ""})
    ads = replace(ADS, behaviour=replace(ADS.behaviour, reply=own))  # type: ignore[type-var]  # it is `Always`
    assert received(b'{"audienceName": "Buyers"}', ads).reply == own


@pytest.mark.parametrize(
    ("answered", "known"),
    [(Respond(status=200), [external_id("Buyers")]), (Respond(status=200, text="created"), [])],
)
def test_an_audience_that_an_endpoint_created_is_known_by_our_id(answered: Respond, known: list[str]) -> None:
    """What the endpoint called it is not recorded; a text is no id."""
    past = Past()
    request = arrival(b'{"audienceName": "Buyers"}', "ads")
    delivery = receive(request, ADS, past, checker(), run="default", number=1, answered=answered)
    remember(delivery, past)
    assert list(past.audiences.by_id()) == known


def test_only_accepted_deliveries_change_the_lists() -> None:
    """Who was refused is no member until an attempt is accepted."""
    past, ads = Past(), replying(503, "reset", 200, destination=ADS)
    body = json.dumps({"list": KEY, "add": [{"userId": "u1"}]}).encode()
    members = []
    for _ in range(3):
        received(body, ads, past)
        members.append(dict(past.members.lists()))
    assert members == [{}, {}, {KEY: [{"userId": "u1"}]}]


def test_calls_to_a_list_make_members() -> None:
    """A member's call adds its user, with its identifiers."""
    past = Past()
    received(json.dumps([track(), identify(userId="u2")]).encode(), ADS, past)
    assert past.members.lists() == {KEY: [{"userId": "u1"}, {"userId": "u2", "email": "u1@example.com"}]}


def test_who_asks_to_be_forgotten_leaves_the_lists() -> None:
    """A `delete` call is accepted by a list and takes its user off."""
    past = Past()
    for document in (track(), {"type": "delete", "userId": "u1"}):
        assert received(json.dumps(document).encode(), ADS, past).violations == ()
    assert past.members.lists() == {KEY: []}


def test_what_comes_for_an_unknown_destination_is_recorded_as_unexpected() -> None:
    """A stray arrival is answered 404 with the known names and the near miss."""
    delivery = stray(arrival(b"{}", "crn"), ["crm", "ads"], "; did you mean 'crm'?", run="default", number=3)
    assert (delivery.kind, delivery.unexpected, answer(delivery)) == (None, True, 404)
    assert isinstance(delivery.reply, Respond)
    assert delivery.reply.body == {
        "error": "run 'default' has no destination 'crn'; did you mean 'crm'?",
        "known": ["crm", "ads"],
    }


def test_what_the_harness_failed_to_check_is_recorded_with_a_500() -> None:
    """An error of the harness loses nothing: the arrival is a delivery without payloads."""
    delivery = unchecked(arrival(b"{}"), CRM, run="default", number=4)
    assert (delivery.number, answer(delivery), list(delivery.payloads)) == (4, 500, [])
    assert not delivery.accepted


def test_who_was_removed_from_a_list_is_added_anew() -> None:
    """After an accepted removal, adding the user again is a first attempt, and so is removing them again."""
    past = Past()
    add, remove = (json.dumps({"list": KEY, action: [{"userId": "u1"}]}).encode() for action in ("add", "remove"))
    attempts = [received(body, ADS, past).attempt for body in (add, add, remove, add, remove, remove)]
    assert attempts == [1, 2, 1, 1, 1, 2]
