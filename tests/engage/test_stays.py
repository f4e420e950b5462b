"""Entries, exits, expiries and re-entries."""

from __future__ import annotations

import pytest

from harness.core.calls import subject
from harness.core.instants import DAY, HOUR, MINUTE
from harness.core.journeys import AdStep, Entry, SendStep
from harness.core.profiles import Profile
from harness.engage.pipeline import Request
from tests.engage.spaces import ALEX, STEP, bodies, event, journey, list_, play, space_of, stepped


def told(requests: list[Request]) -> list[tuple[str, str, str]]:
    """What the requests say: destination, event or list action, membership value or user."""
    lines = []
    for request in requests:
        for document in bodies([request]):
            if "list" in document:
                lines += [(request.destination, act, u["userId"]) for act in ("add", "remove") for u in document[act]]
            else:
                lines.append((request.destination, document.get("event", "identify"), subject(document)[key(document)]))
    return lines


def key(document: dict[str, dict[str, dict[str, str]]]) -> str:
    """The key that a call is about."""
    return document["context"]["personas"]["computation_key"]


def test_leaving_sends_nothing_without_a_declared_exit() -> None:
    """Members of a journey without exit stay in its destinations for good."""
    space = space_of(event("crm", "track", "identify"), list_("ads"))
    step_key = space.publish(journey("crm", "ads"))[STEP]
    space.enter("winback", STEP, ALEX)
    play(space, DAY)
    space.leave("winback", STEP, ALEX)
    assert play(space, 100 * DAY) == []
    assert space.profile_traits("alex")[step_key] == "true"


def test_a_second_entry_sends_nothing() -> None:
    """Whoever is in a step cannot enter it again."""
    space = space_of(event("crm"), list_("ads"))
    space.publish(journey("crm", "ads"))
    space.enter("winback", STEP, ALEX)
    space.enter("winback", STEP, ALEX)
    assert told(play(space, DAY)) == [("crm", "Audience Entered", "true"), ("ads", "add", "u1")]
    space.enter("winback", STEP, ALEX)
    assert play(space, DAY) == []


def test_a_declared_exit_leaves_all_destinations_when_its_time_has_come() -> None:
    """With an exit after 7 days, members leave then: exit event, false trait, removal from the list."""
    space = space_of(event("crm", "track", "identify"), list_("ads"))
    step_key = space.publish(journey("crm", "ads", exit_after=7 * DAY))[STEP]
    space.enter("winback", STEP, ALEX)
    play(space, 7 * DAY - MINUTE)
    assert told(play(space, HOUR)) == [
        ("crm", "Audience Exited", "false"),
        ("crm", "identify", "false"),
        ("ads", "remove", "u1"),
    ]
    assert space.profile_traits("alex")[step_key] == "false"
    assert play(space, 100 * DAY) == []


def test_leaving_early_is_told_where_an_exit_is_declared() -> None:
    """In a journey with an exit, leaving a step sends its exit, and the journey's exit does not repeat it."""
    space = space_of(event("crm"))
    space.publish(journey("crm", exit_after=7 * DAY))
    space.enter("winback", STEP, ALEX)
    play(space, HOUR)
    space.leave("winback", STEP, ALEX)
    assert told(play(space, 30 * DAY)) == [("crm", "Audience Exited", "false")]


def test_leaving_a_step_never_entered_is_nothing() -> None:
    """Nobody exits who did not enter, exit declared or not."""
    space = space_of(event("crm"), fault="exit-sent")
    space.publish(journey("crm", exit_after=DAY))
    space.leave("winback", STEP, ALEX)
    assert play(space, 30 * DAY) == []


@pytest.mark.parametrize(("wait", "entries"), [(29 * DAY, 1), (30 * DAY, 2)])
def test_re_entry_waits_for_its_time(wait: int, entries: int) -> None:
    """After an exit the user may enter again, but not before the declared time has passed since."""
    space = space_of(event("crm"))
    space.publish(journey("crm", exit_after=DAY, re_entry_after=30 * DAY))
    space.enter("winback", STEP, ALEX)
    first = play(space, DAY)
    space.reach(space.now + wait)
    space.enter("winback", STEP, ALEX)
    entered = [call for call in bodies(first + play(space, HOUR)) if call["event"] == "Audience Entered"]
    assert len(entered) == entries
    assert len({call["messageId"] for call in entered}) == entries


def test_without_re_entry_an_exit_is_for_good() -> None:
    """Where no re-entry is declared, nobody enters a second time."""
    space = space_of(event("crm"))
    space.publish(journey("crm", exit_after=DAY))
    space.enter("winback", STEP, ALEX)
    play(space, 2 * DAY)
    space.enter("winback", STEP, ALEX)
    assert play(space, 1000 * DAY) == []


def test_who_still_meets_a_trait_condition_re_enters_by_themselves() -> None:
    """When re-entry is allowed, users who still satisfy a condition about traits are let in at once."""
    space = space_of(event("crm"))
    entry = Entry(traits={"plan": "pro"})
    space.publish(stepped(SendStep(name="A", to=("crm",)), entry=entry, exit_after=DAY, re_entry_after=DAY))
    space.know(Profile(name="alex", user_id="u1", traits={"plan": "pro"}))
    space.ingest({"type": "page", "userId": "u1"}, "web")
    assert [line[1] for line in told(play(space, 3 * DAY))] == ["Audience Entered", "Audience Exited"] * 2


def test_who_entered_by_an_event_re_enters_by_another_only() -> None:
    """An event lets in once; re-entry needs the event again."""
    space = space_of(event("crm"))
    step = SendStep(name="A", to=("crm",))
    space.publish(stepped(step, entry=Entry(event="Signed Up"), exit_after=DAY, re_entry_after=DAY))
    call = {"type": "track", "event": "Signed Up", "userId": "u1"}
    space.ingest(call, "web")
    assert len(play(space, 30 * DAY)) == 2
    space.ingest(call, "web")
    assert [line[1] for line in told(play(space, HOUR))] == ["Audience Entered"]


def test_an_ad_expires_without_ending_the_journey() -> None:
    """Users are taken off an ad after its time, and stay in the journey's other steps."""
    space = space_of(event("crm"), list_("ads"))
    ad = AdStep(name="Ad", to=("ads", "crm"), remove_after=14 * DAY)
    space.publish(stepped(ad, SendStep(name="Mail", to=("crm",))))
    space.enter("winback", "Ad", ALEX)
    space.enter("winback", "Mail", ALEX)
    play(space, 14 * DAY - MINUTE)
    assert told(play(space, DAY)) == [("crm", "Audience Exited", "false"), ("ads", "remove", "u1")]
    assert play(space, 100 * DAY) == []


def test_an_exit_names_those_who_were_told_to_have_entered() -> None:
    """An email learned after the entry never exits, for it never entered."""
    space = space_of(event("crm"))
    space.publish(journey("crm", exit_after=DAY))
    space.enter("winback", STEP, ALEX)
    play(space, HOUR)
    space.know(Profile(name="alex", user_id="u1", emails=("alex@example.com", "new@example.com")))
    (exit_,) = bodies(play(space, 2 * DAY))
    assert exit_["context"]["traits"] == {"email": "alex@example.com"}


@pytest.mark.parametrize(
    "step", [SendStep(name=STEP, to=("crm",)), AdStep(name=STEP, to=("crm",), remove_after=2 * DAY)]
)
def test_of_two_merged_stays_the_later_one_counts(step: SendStep | AdStep) -> None:
    """Two people in a step who prove to be one leave it together, when the later of them is due."""
    space = space_of(event("crm"))
    space.publish(stepped(step, exit_after=2 * DAY if isinstance(step, SendStep) else None))
    space.enter("winback", STEP, ALEX)
    play(space, DAY)
    space.enter("winback", STEP, Profile(name="anon", anonymous_id="a1", emails=("a@example.com",)))
    space.ingest({"type": "identify", "userId": "u1", "anonymousId": "a1", "traits": {}, "messageId": "i1"}, "site")
    assert len(play(space, DAY)) == 1
    assert told(play(space, DAY)) == [("crm", "Audience Exited", "false")] * 2


MERGED = {"type": "identify", "userId": "u1", "anonymousId": "a1", "traits": {}, "messageId": "i1"}
ANONYMOUS = Profile(name="anon", anonymous_id="a1", emails=("a@example.com",))


def test_after_a_merge_nobody_enters_sooner_than_either_might() -> None:
    """The time to a second entry counts from the later of the ends that the two had who proved to be one."""
    space = space_of(event("crm"))
    space.publish(journey("crm", exit_after=HOUR, re_entry_after=5 * DAY))
    for person in (ALEX, ANONYMOUS):
        space.enter("winback", STEP, person)
        play(space, 3 * DAY)
    space.ingest(MERGED, "site")
    space.enter("winback", STEP, ALEX)
    assert play(space, HOUR) == []
    play(space, 3 * DAY)
    space.enter("winback", STEP, ALEX)
    assert {line[1] for line in told(play(space, MINUTE))} == {"Audience Entered"}


def test_after_a_merge_every_stay_has_messages_of_its_own() -> None:
    """Whoever is merged with somebody who was in fewer times gets no message again that they had before."""
    space = space_of(event("crm"))
    space.publish(journey("crm", exit_after=HOUR, re_entry_after=DAY))
    for person in (ALEX, ALEX, ANONYMOUS):
        space.enter("winback", STEP, person)
        before = play(space, 2 * DAY)
    space.ingest(MERGED, "site")
    space.enter("winback", STEP, ALEX)
    after = play(space, 2 * DAY)
    assert before
    messages = [document["messageId"] for document in bodies([*before, *after])]
    assert len(set(messages)) == len(messages) == 6
