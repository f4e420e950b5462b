"""What a space sends when somebody enters a step."""

from __future__ import annotations

import json
import re

import pytest

from harness.core.instants import MINUTE
from harness.core.membership import key_of
from harness.core.profiles import Profile
from harness.engage.payloads import encode
from tests.engage.spaces import ALEX, START, STEP, bodies, event, journey, list_, play, space_of


def test_an_entry_is_one_complete_track_call() -> None:
    """Entering a step sends the track call of the documents, with what the wire has around it."""
    space = space_of(event("crm"))
    key = space.publish(journey("crm"))[STEP]
    space.enter("winback", STEP, ALEX)
    (call,) = bodies(play(space, MINUTE))
    computation, message = call["context"]["personas"].pop("computation_id"), call.pop("messageId")
    assert re.fullmatch("aud_[0-9A-Za-z]{27}", computation)
    assert re.fullmatch("personas_[0-9A-Za-z]{27}", message)
    assert call == {
        "type": "track",
        "userId": "u1",
        "event": "Audience Entered",
        "properties": {key: "true"},
        "context": {
            "library": {"name": "unknown", "version": "unknown"},
            "personas": {
                "computation_class": "audience",
                "computation_key": key,
                "namespace": space.space_id,
                "space_id": space.space_id,
            },
            "traits": {"email": "alex@example.com"},
        },
        "integrations": {"All": False, "Crm": True, "Warehouses": {"all": False}},
        "timestamp": "2026-11-21T10:00:00.000000Z",
        "originalTimestamp": "2026-11-21T10:00:00.000000Z",
        "receivedAt": "2026-11-21T10:00:00.000000Z",
        "sentAt": None,
    }


def test_an_identify_call_carries_key_and_email_as_traits() -> None:
    """A destination that takes identify calls gets the key as a trait, beside the email."""
    space = space_of(event("crm", "identify"))
    key = space.publish(journey("crm"))[STEP]
    space.enter("winback", STEP, ALEX)
    (call,) = bodies(play(space, MINUTE))
    assert (call["type"], call["traits"]) == ("identify", {key: "true", "email": "alex@example.com"})
    assert "traits" not in call["context"]
    assert "event" not in call


@pytest.mark.parametrize("calls", [("track",), ("track", "identify"), ("identify", "group")])
def test_each_email_is_sent_by_itself(calls: tuple[str, ...]) -> None:
    """A profile with two emails is sent twice in each call type that journeys have and the destination takes."""
    space = space_of(event("crm", *calls))
    space.publish(journey("crm"))
    space.enter("winback", STEP, Profile(name="two", user_id="u2", emails=("a@example.com", "b@example.com")))
    sent = bodies(play(space, MINUTE))
    kinds = [kind for kind in calls if kind != "group"]
    emails = sorted((c["type"], (c.get("traits") or c["context"]["traits"])["email"]) for c in sent)
    assert emails == sorted((kind, email) for kind in kinds for email in ("a@example.com", "b@example.com"))
    assert len({call["messageId"] for call in sent}) == len(sent)


def test_a_profile_without_email_is_sent_once() -> None:
    """Where there is no email there is one call, by the identifiers there are."""
    space = space_of(event("crm"))
    space.publish(journey("crm"))
    space.enter("winback", STEP, Profile(name="anon", anonymous_id="a-1"))
    (call,) = bodies(play(space, MINUTE))
    assert call["anonymousId"] == "a-1"
    assert "userId" not in call
    assert "traits" not in call["context"]


def test_somebody_known_by_email_alone_gets_an_anonymous_id() -> None:
    """No call goes out about a user whom nothing identifies."""
    space = space_of(event("crm"))
    space.publish(journey("crm"))
    space.enter("winback", STEP, Profile(name="mail", emails=("m@example.com",)))
    (call,) = bodies(play(space, MINUTE))
    assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}", call["anonymousId"])


def test_the_same_seed_sends_the_same_bytes() -> None:
    """Two spaces of one seed send the same; a space of another seed does not."""

    def sent(seed: int) -> list[bytes]:
        space = space_of(event("crm", "track", "identify"), list_("ads"), seed=seed)
        space.publish(journey("crm", "ads"))
        space.enter("winback", STEP, ALEX)
        return [request.body for request in play(space, 5 * MINUTE)]

    assert sent(7) == sent(7)
    assert not set(sent(7)) & set(sent(8))


def test_the_key_of_a_call_is_the_published_one() -> None:
    """What a destination reads as the key is what publishing said it would be."""
    space = space_of(event("crm"))
    key = space.publish(journey("crm", name="Été — l'offre #2"))[STEP]
    space.enter("winback", STEP, ALEX)
    assert re.fullmatch("j_o_ete_loffre_2__new_subscribed_users_[a-z0-9]{5}", key)
    assert [key_of(call) for call in bodies(play(space, MINUTE))] == [key]


def test_entering_is_told_at_the_time_it_happens() -> None:
    """The timestamp is that of the entry, however late the call is sent."""
    space = space_of(event("crm"))
    space.publish(journey("crm"))
    space.reach(START + MINUTE)
    space.enter("winback", STEP, ALEX)
    space.reach(START + 3 * MINUTE)
    (call,) = bodies(play(space, 0))
    assert call["timestamp"] == "2026-11-21T10:01:00.000000Z"


def test_the_key_becomes_a_trait_of_the_profile() -> None:
    """Everybody who entered has the key among their traits, beside their own."""
    space = space_of(event("crm"))
    key = space.publish(journey("crm"))[STEP]
    space.enter("winback", STEP, Profile(name="alex", user_id="u1", traits={"plan": "pro"}))
    assert space.profile_traits("alex") == {"plan": "pro", key: "true"}


@pytest.mark.parametrize("value", [2**70, "ä\u2028", 0.1, None, [{"deep": True}]])
def test_what_is_sent_is_compact_json_whatever_its_values(value: object) -> None:
    """Values of any kind that JSON has are written as they are, whole numbers of more than 64 bits included."""
    written = encode({"traits": {"value": value}})
    assert json.loads(written) == {"traits": {"value": value}}
    assert written.startswith(b'{"traits":{"value":')
