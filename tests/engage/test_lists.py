"""List destinations: users are collected and synced in batches."""

from __future__ import annotations

from harness.core.instants import DAY, HOUR, MINUTE
from harness.core.journeys import AdStep
from harness.core.profiles import Profile
from harness.engage.retries import Answer
from harness.engage.settings import Settings
from tests.engage.spaces import ALEX, SAM, START, STEP, bodies, journey, list_, play, space_of, stepped


def test_users_are_collected_into_one_document() -> None:
    """Who enters before the sync stands in one document, one user for each email, with all identifiers."""
    space = space_of(list_("ads"))
    key = space.publish(journey("ads"))[STEP]
    space.enter("winback", STEP, ALEX)
    space.enter("winback", STEP, Profile(name="two", user_id="u2", anonymous_id="a2", emails=("a@x.org", "b@x.org")))
    assert bodies(play(space, HOUR)) == [
        {
            "list": key,
            "add": [
                {"userId": "u1", "email": "alex@example.com"},
                {"userId": "u2", "email": "a@x.org", "anonymousId": "a2"},
                {"userId": "u2", "email": "b@x.org", "anonymousId": "a2"},
            ],
            "remove": [],
        }
    ]


def test_a_list_is_synced_soon_and_then_at_its_cadence() -> None:
    """The first sync comes after a minute, the next not before an hour has passed since."""
    space = space_of(list_("ads"))
    space.publish(journey("ads"))
    space.enter("winback", STEP, ALEX)
    assert space.next_due() == START + MINUTE
    play(space, 5 * MINUTE)
    space.enter("winback", STEP, SAM)
    assert space.next_due() == START + MINUTE + HOUR


def test_each_list_has_its_own_documents() -> None:
    """Two steps, two keys, two lists at the same destination."""
    space = space_of(list_("ads"))
    keys = [space.publish(journey("ads", id=id_, name=id_))[STEP] for id_ in ("initial", "removal")]
    for id_ in ("initial", "removal"):
        space.enter(id_, STEP, ALEX)
    assert [document["list"] for document in bodies(play(space, HOUR))] == keys


def test_a_batch_is_no_larger_than_its_cap() -> None:
    """More users than a document may hold are sent in several, at once."""
    space = space_of(list_("ads"), settings=Settings(list_batch=2))
    space.publish(journey("ads"))
    for number in range(5):
        space.enter("winback", STEP, Profile(name=f"p{number}", user_id=f"u{number}"))
    sizes = [len(document["add"]) for document in bodies(play(space, 2 * MINUTE))]
    assert sizes == [2, 2, 1]


def test_a_failed_batch_is_retried_as_it_was_and_the_next_sync_waits_for_it() -> None:
    """A retry repeats the same bytes, and who entered meanwhile is synced after it."""
    space = space_of(list_("ads"), settings=Settings(list_cadence=0))
    space.publish(journey("ads"))
    space.enter("winback", STEP, ALEX)
    statuses = iter([503, 503, 200, 200])
    first = play(space, MINUTE, lambda *_: Answer(status=next(statuses)))
    space.enter("winback", STEP, SAM)
    rest = play(space, HOUR, lambda *_: Answer(status=next(statuses)))
    assert [request.attempt for request in first + rest] == [1, 2, 3, 1]
    assert first[0].body == rest[0].body == rest[1].body
    assert [user["userId"] for user in bodies(rest)[-1]["add"]] == ["u2"]


def test_a_removal_never_overtakes_the_addition_before_it() -> None:
    """While an addition is retried, an exit waits for it, so that nobody stays on a list by accident."""
    space = space_of(list_("ads"))
    space.publish(journey("ads", exit_after=2 * HOUR))
    space.enter("winback", STEP, ALEX)
    heals = START + 3 * HOUR
    requests = play(space, DAY, lambda _, now: Answer(status=200 if now > heals else 503))
    last = bodies(requests)[-1]
    assert (last["add"], [user["userId"] for user in last["remove"]]) == ([], ["u1"])
    assert len(bodies(requests)[-2]["add"]) == 1
    assert space.overview("ads").delivered == 2


def test_who_enters_and_leaves_between_two_syncs_is_never_sent() -> None:
    """A sync tells the difference to the last one, which is nothing here."""
    space = space_of(list_("ads"))
    space.publish(stepped(AdStep(name="Ad", to=("ads",), remove_after=10)))
    space.enter("winback", "Ad", ALEX)
    assert play(space, DAY) == []


def test_an_overview_of_a_list_counts_users() -> None:
    """Every user of a batch shares its fate."""
    space = space_of(list_("ads"))
    space.publish(journey("ads"))
    for profile in (ALEX, SAM):
        space.enter("winback", STEP, profile)
    play(space, HOUR, lambda request, _: Answer(status=503 if request.attempt == 1 else 400))
    overview = space.overview("ads")
    assert (overview.received, overview.retries, overview.failed) == (2, 2, {"400": 2})
