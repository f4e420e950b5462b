"""What holds for every history of a right space, whatever its destinations do meanwhile."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from harness.core.calls import call_email, personas
from harness.core.instants import HOUR, MINUTE, Instant
from harness.core.profiles import Profile
from harness.engage.pipeline import Request
from harness.engage.retries import Answer, Breakdown, Outcome
from tests.engage.spaces import STEP, body, event, journey, list_, play, space_of

JOURNEYS = {"winback": ("crm", "mail", "ads"), "welcome": ("crm", "twin")}
CALLS = {"crm": ("track", "identify"), "mail": ("track",), "twin": ("identify",)}
FAILURES: list[Outcome] = [Answer(status=503), Answer(status=429), Breakdown(reason="ECONNRESET")]

profiles = st.builds(
    lambda number, emails: Profile(
        name=f"p{number}", user_id=f"u{number}", emails=tuple(f"p{number}-{n}@example.com" for n in range(emails))
    ),
    st.integers(0, 5),
    st.integers(1, 3),
)
acts = st.lists(
    st.tuples(st.sampled_from(["enter", "leave"]), st.sampled_from(sorted(JOURNEYS)), profiles), max_size=20
)


class Destination(Struct, frozen=True, kw_only=True):
    """Fails the first attempts at each message, as many as the message's place in `failures` says; then accepts."""

    failures: list[int]
    accepted: list[Request]

    def __call__(self, request: Request, now: Instant) -> Outcome:
        """Answer as planned."""
        if request.attempt <= self.failures[int(request.id) % len(self.failures)]:
            return FAILURES[request.attempt % len(FAILURES)]
        self.accepted.append(request)
        return Answer(status=200)


@settings(deadline=None, max_examples=60)
@given(
    history=acts,
    failures=st.lists(st.integers(0, 8), min_size=1, max_size=5),
    pauses=st.lists(st.integers(0, 3 * HOUR), min_size=1, max_size=3),
    seed=st.integers(0, 99),
)
def test_every_entry_is_accepted_exactly_once_and_nobody_exits(
    history: list[tuple[str, str, Profile]], failures: list[int], pauses: list[int], seed: int
) -> None:
    """Each entered profile, email, destination and call type has one accepted message, and nothing else is sent."""
    space = space_of(
        event("crm", *CALLS["crm"]),
        event("mail", *CALLS["mail"]),
        event("twin", *CALLS["twin"], integration="Crm"),
        list_("ads"),
        seed=seed,
    )
    steps = {space.publish(journey(*to, id=id_, name=id_))[STEP]: id_ for id_, to in JOURNEYS.items()}
    destination = Destination(failures=failures, accepted=[])
    wanted: Counter[tuple[str, str, str, str]] = Counter()
    seen: set[tuple[str, str]] = set()
    for number, (act, id_, profile) in enumerate(history):
        if act == "leave":
            space.leave(id_, STEP, profile)
        else:
            known = {
                email
                for _, _, earlier in history[: number + 1]
                if earlier.name == profile.name
                for email in earlier.emails
            }
            if (id_, profile.name) not in seen:
                wanted.update(
                    (id_, to, kind, email)
                    for to in JOURNEYS[id_]
                    for kind in CALLS.get(to, ("add",))
                    for email in known
                )
            seen.add((id_, profile.name))
            space.enter(id_, STEP, profile)
        play(space, pauses[number % len(pauses)], destination)
    play(space, 100 * HOUR, destination)
    assert not space.busy
    assert Counter(entry for request in destination.accepted for entry in entries(request, steps)) == wanted


def entries(request: Request, steps: dict[str, str]) -> list[tuple[str, str, str, str]]:
    """What an accepted request says: journey, destination, call type or list action, email."""
    document = body(request)
    if "list" in document:
        return [
            (steps[document["list"]], request.destination, action, user["email"])
            for action in ("add", "remove")
            for user in document[action]
        ]
    assert document.get("event", "Audience Entered") == "Audience Entered"
    step = steps[personas(document)["computation_key"]]
    return [(step, request.destination, document["type"], call_email(document) or "")]


@settings(deadline=None, max_examples=30)
@given(st.lists(profiles, min_size=1, max_size=6), st.integers(0, 12))
def test_an_exit_follows_each_entry_once(people: list[Profile], failures: int) -> None:
    """With a declared exit, who entered exits: once, later, and at the same destinations."""
    space = space_of(event("crm"))
    space.publish(journey("crm", exit_after=5 * MINUTE))
    for profile in people:
        space.enter("winback", STEP, profile)
    accepted: list[Request] = []
    play(space, 100 * HOUR, Destination(failures=[failures], accepted=accepted))
    calls = [body(request) for request in accepted]
    entered = {call_email(call): call["timestamp"] for call in calls if call["event"] == "Audience Entered"}
    exited = {call_email(call): call["timestamp"] for call in calls if call["event"] == "Audience Exited"}
    assert len(calls) == len(entered) + len(exited)
    assert entered.keys() == exited.keys()
    assert all(entered[email] < exited[email] for email in entered)
