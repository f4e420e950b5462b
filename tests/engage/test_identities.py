"""Who enters when sources report what people do and are."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.instants import DAY, HOUR
from harness.core.journeys import Entry, SendStep
from harness.core.profiles import Profile
from harness.engage.space import Space
from tests.engage.spaces import ALEX, STEP, bodies, event, journey, play, space_of, stepped

PURCHASE = {"type": "track", "event": "Order Completed", "userId": "u1", "properties": {"total": 5, "gift": True}}


def admitting(entry: Entry, **more: Any) -> Space:
    """A space with a journey of two steps that admits by `entry`."""
    space = space_of(event("crm"))
    space.publish(stepped(SendStep(name="A", to=("crm",)), SendStep(name="B", to=("crm",)), entry=entry, **more))
    return space


def sent_to(space: Space) -> list[tuple[str | None, str | None]]:
    """The identifiers in the calls that are sent next."""
    return [(call.get("userId"), call.get("anonymousId")) for call in bodies(play(space, HOUR))]


def test_an_event_lets_its_user_into_all_steps_in_order() -> None:
    """Who performs the entry event enters the journey's steps, one after the other."""
    space = admitting(Entry(event="Order Completed"))
    space.ingest(PURCHASE, "web")
    keys = [call["context"]["personas"]["computation_key"] for call in bodies(play(space, HOUR))]
    assert [key[:-5] for key in keys] == ["j_o_win_back__a_", "j_o_win_back__b_"]


@pytest.mark.parametrize(
    ("entry", "enters"),
    [
        (Entry(event="Order Completed", where={"properties.total": 5}), True),
        (Entry(event="Order Completed", where={"properties.total": 6}), False),
        (Entry(event="Order Completed", where={"properties.gift": 1}), False),
        (Entry(event="Order Completed", where={"properties.total.tax": 5}), False),
        (Entry(event="Order Completed", traits={"plan": "pro"}), False),
        (Entry(event="Signed Up"), False),
        (Entry(traits={"plan": "pro"}), False),
        (Entry(), False),
    ],
)
def test_an_event_lets_in_only_where_the_whole_condition_holds(entry: Entry, enters: bool) -> None:
    """Name, values at their paths and traits must all be as the condition says, types included."""
    space = admitting(entry)
    space.ingest(PURCHASE, "web")
    assert bool(play(space, HOUR)) is enters


def test_an_identify_lets_in_by_traits() -> None:
    """A trait that a source reports meets a condition about traits."""
    space = admitting(Entry(traits={"plan": "pro"}))
    space.ingest({"type": "identify", "userId": "u1", "traits": {"plan": "free"}}, "web")
    assert sent_to(space) == []
    space.ingest({"type": "identify", "userId": "u1", "traits": {"plan": "pro"}}, "web")
    assert sent_to(space) == [("u1", None)] * 2


def test_a_repeated_message_lets_in_once() -> None:
    """A client that retries a message within a day does not make its user do it twice."""
    space = admitting(Entry(event="Order Completed"), exit_after=HOUR, re_entry_after=HOUR)
    call = {**PURCHASE, "messageId": "m1"}
    space.ingest(call, "web")
    assert len(play(space, 5 * HOUR)) == 4
    space.ingest(call, "web")
    assert play(space, HOUR) == []
    space.reach(space.now + DAY)
    space.ingest(call, "web")
    assert len(play(space, 1)) == 2


def test_an_anonymous_visitor_becomes_the_user_who_identifies() -> None:
    """An anonymous profile and the user it turns out to be are one, and enter once."""
    space = admitting(Entry(event="Order Completed"))
    space.ingest({"type": "track", "event": "Order Completed", "anonymousId": "a1"}, "web")
    assert sent_to(space) == [(None, "a1")] * 2
    space.ingest({"type": "identify", "anonymousId": "a1", "userId": "u1"}, "web")
    space.ingest(PURCHASE, "web")
    assert sent_to(space) == []


def test_an_email_finds_the_profile() -> None:
    """A call that carries a known email is about the profile that has it, in any capitals."""
    space = admitting(Entry(event="Order Completed"))
    space.know(ALEX)
    call = {"type": "track", "event": "Order Completed", "anonymousId": "a1"}
    space.ingest({**call, "context": {"traits": {"email": "Alex@example.com"}}}, "web")
    assert sent_to(space) == [("u1", "a1")] * 2


def test_two_user_ids_are_two_people() -> None:
    """A shared email does not make one person of two users; it stays with the first."""
    space = admitting(Entry(event="Order Completed"))
    space.know(ALEX)
    call = {"type": "track", "event": "Order Completed", "userId": "u9", "anonymousId": "a9"}
    space.ingest({**call, "context": {"traits": {"email": "alex@example.com"}}}, "web")
    calls = bodies(play(space, HOUR))
    assert [(call["userId"], call["context"].get("traits")) for call in calls] == [("u9", None)] * 2
    space.ingest(PURCHASE, "web")
    assert sent_to(space) == [("u1", None)] * 2


def test_a_merge_joins_traits_and_stays() -> None:
    """Two profiles that prove to be one have both their traits, and leave both their steps once."""
    space = space_of(event("crm"))
    space.publish(stepped(SendStep(name="A", to=("crm",)), SendStep(name="B", to=("crm",)), exit_after=DAY))
    visitor = Profile(name="visitor", anonymous_id="a1", traits={"seen": "ad"})
    space.enter("winback", "A", ALEX)
    space.enter("winback", "A", visitor)
    space.enter("winback", "B", visitor)
    play(space, HOUR)
    space.ingest({"type": "identify", "userId": "u1", "anonymousId": "a1", "traits": {}}, "web")
    assert space.profile_traits("visitor") == space.profile_traits("alex")
    assert space.profile_traits("alex")["seen"] == "ad"
    left = [(c["event"], c.get("userId"), c.get("anonymousId")) for c in bodies(play(space, 30 * DAY))]
    assert sorted(left, key=str) == [
        ("Audience Exited", "u1", None),
        ("Audience Exited", None, "a1"),
        ("Audience Exited", None, "a1"),
    ]


def test_a_merge_into_somebody_who_left_keeps_who_is_still_there() -> None:
    """The stay that goes on is the one that counts after a merge."""
    space = space_of(event("crm"))
    space.publish(journey("crm", exit_after=DAY))
    space.enter("winback", STEP, ALEX)
    play(space, 2 * DAY)
    space.enter("winback", STEP, Profile(name="visitor", anonymous_id="a1"))
    space.ingest({"type": "identify", "userId": "u1", "anonymousId": "a1"}, "web")
    assert [call["event"] for call in bodies(play(space, 2 * DAY))] == ["Audience Entered", "Audience Exited"]


def test_what_a_source_reports_is_not_undone_by_the_declaration() -> None:
    """A profile's declared traits are learned once; naming the profile again does not reset them."""
    space = space_of(event("crm"))
    space.publish(journey("crm"))
    declared = Profile(name="alex", user_id="u1", traits={"plan": "free"})
    space.know(declared)
    space.ingest({"type": "identify", "userId": "u1", "traits": {"plan": "pro"}}, "web")
    space.enter("winback", STEP, declared)
    assert space.profile_traits("u1")["plan"] == "pro"


def test_a_call_about_nobody_is_ignored() -> None:
    """A call without any identifier lets nobody in and breaks nothing."""
    space = admitting(Entry(event="Order Completed"))
    space.ingest({"type": "track", "event": "Order Completed", "userId": ""}, "web")
    assert play(space, HOUR) == []
