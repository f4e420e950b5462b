"""Exits before the contract: whatever happens in a right space, `exit-after-entry` accuses nobody."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.adapters.contract_files import load_contract
from harness.core.checking import Checker
from harness.core.declarations import Declarations
from harness.core.delivery import Arrival, Delivery, Fault, Reply, Respond
from harness.core.destinations.destination import Destination
from harness.core.instants import DAY, HOUR, MINUTE, Instant
from harness.core.journeys import AdStep, Journey, SendStep
from harness.core.judging import judge
from harness.core.profiles import Profile
from harness.core.reception import Past, receive
from harness.engage.pipeline import Request
from harness.engage.retries import Answer, Breakdown, Outcome
from harness.engage.space import Space
from tests.engage.spaces import event, list_, play, space_of, stepped

ADDRESSES = (event("crm", "track", "identify"), event("mail"), list_("ads"))
TO = ("crm", "mail", "ads")
KNOWN = {a.name: Destination(name=a.name, kind=a.kind, calls=a.calls) for a in ADDRESSES}
REPLIES: list[Reply] = [Respond(status=503), Respond(status=429), Fault(name="reset"), Respond(status=400)]
PEOPLE = [
    Profile(name=f"p{n}", user_id=f"u{n}", emails=tuple(f"p{n}-{i}@example.com" for i in range(n))) for n in range(3)
] + [Profile(name="anon", anonymous_id="a1"), Profile(name="anon2", anonymous_id="a2", emails=("two@example.com",))]

journeys = st.builds(
    lambda exit_after, re_entry, remove_after, steps: stepped(
        *(SendStep(name="Opened email", to=TO), AdStep(name="Bought", to=TO, remove_after=remove_after))[:steps],
        exit_after=exit_after,
        re_entry_after=re_entry,
    ),
    st.sampled_from([HOUR, DAY, 7 * DAY]),
    st.sampled_from([None, MINUTE, 3 * DAY]),
    st.sampled_from([None, HOUR, 2 * DAY]),
    st.sampled_from([1, 2]),
)
acts = st.lists(
    st.tuples(
        st.sampled_from(["enter", "leave", "merge"]),
        st.sampled_from(["Opened email", "Bought"]),
        st.sampled_from(PEOPLE),
        st.sampled_from(PEOPLE[:3]),
        st.integers(0, 4 * DAY),
    ),
    max_size=16,
)


class Ledger:
    """Destinations that fail the first attempts at each message and keep what came."""

    def __init__(self, checker: Checker, failures: list[int]) -> None:
        self.checker = checker
        self.failures = failures
        self.pasts = {name: Past() for name in KNOWN}
        self.deliveries: list[Delivery] = []

    def __call__(self, request: Request, now: Instant) -> Outcome:
        """Record the request and answer it."""
        planned = self.failures[int(request.id) % len(self.failures)]
        reply = REPLIES[planned % len(REPLIES)] if request.attempt <= planned else Respond(status=200)
        arrival = Arrival(request.destination, "POST", "/", (), request.body, now, now)
        known, past, number = KNOWN[request.destination], self.pasts[request.destination], len(self.deliveries) + 1
        self.deliveries.append(receive(arrival, known, past, self.checker, run="r", number=number, answered=reply))
        return Answer(status=reply.status) if isinstance(reply, Respond) else Breakdown(reason="ECONNRESET")


def act_out(space: Space, journey: Journey, ledger: Ledger, history: list[Any]) -> None:
    """Let everything happen, one after the other."""
    for act, step, profile, other, pause in history:
        if act == "merge" and profile.anonymous_id is not None:
            call = {"type": "identify", "userId": other.user_id, "anonymousId": profile.anonymous_id, "traits": {}}
            space.ingest({**call, "messageId": f"{profile.name}-{other.name}-{space.now}"}, "site")
        elif act == "enter" and journey.step(step) is not None:
            space.enter(journey.id, step, profile)
        elif act == "leave" and journey.step(step) is not None:
            space.leave(journey.id, step, profile)
        play(space, pause, ledger)
    play(space, 30 * DAY, ledger)


@settings(deadline=None, max_examples=60)
@given(
    journey=journeys,
    history=acts,
    failures=st.lists(st.integers(0, 9), min_size=1, max_size=4),
    whole=st.booleans(),
    seed=st.integers(0, 9),
)
def test_a_right_space_is_never_accused_of_its_exits(
    journey: Journey, history: list[Any], failures: list[int], whole: bool, seed: int
) -> None:
    """Exits, expiries, re-entries, merges, several emails, lists, outages: nobody leaves too early, or twice."""
    space = space_of(*ADDRESSES, seed=seed)
    space.publish(journey)
    ledger = Ledger(
        Checker(load_contract("engage-journeys"), Declarations([journey], PEOPLE, complete=whole)), failures
    )
    act_out(space, journey, ledger, history)
    judgement = judge(ledger.deliveries, KNOWN, ledger.checker)
    assert [v for v in judgement.violations if v.rule in ("exit-after-entry", "payload-size", "space-stable")] == []
