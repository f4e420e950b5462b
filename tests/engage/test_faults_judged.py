"""Faults before the contract: a right space is never accused, and each fault breaks the rule that it names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest
from msgspec.structs import replace

from harness.adapters.contract_files import load_contract
from harness.core.authentication import Signing
from harness.core.behaviours import Always, Behaviour, behaviour
from harness.core.checking import Checker
from harness.core.declarations import Declarations
from harness.core.delivery import Arrival, Delivery, Respond
from harness.core.destinations.destination import Destination
from harness.core.instants import DAY, HOUR, Instant
from harness.core.journeys import AdStep, Journey, SendStep, Step
from harness.core.judging import Judgement, judge
from harness.core.profiles import Profile
from harness.core.reception import Past, receive
from harness.core.systems import Address
from harness.engage.faults import FAULTS
from harness.engage.pipeline import Request
from harness.engage.retries import Answer, Breakdown, Outcome
from harness.engage.sources import integration_name
from harness.engage.space import Space
from tests.engage.spaces import ALEX, SAM, event, list_, play, space_of, stepped

TWO_EMAILS = Profile(name="two", user_id="u3", emails=("a@example.com", "b@example.com"))
PEOPLE = (ALEX, SAM, TWO_EMAILS, Profile(name="anon", anonymous_id="a4"))
ADDRESSES = (
    replace(event("crm", "track", "identify"), signature=Signing(secret="shared")),
    event("mail"),
    list_("ads"),
)
OF_STEP = {"Opened email": PEOPLE[:2], "Bought": PEOPLE[2:]}
"""Who enters which step of a faulty space: with one key for two steps, nobody may be in both."""
LATE = {"Opened email": (Profile(name="late", user_id="u5"),)}
"""Who enters which step under the journey's second version."""
EVERYWHERE = ("crm", "mail", "ads")
STEPS: tuple[Step, ...] = (
    SendStep(name="Opened email", to=EVERYWHERE),
    AdStep(name="Bought", to=EVERYWHERE),
)
OUTAGE = behaviour([503, "reset", 429, 200])

ANSWERS_TO: dict[str, Behaviour] = {
    **dict.fromkeys(
        (
            "key-changes-per-attempt",
            "retry-with-new-message-id",
            "retry-with-new-timestamp",
            "retry-with-other-content",
            "never-retried",
            "given-up-early",
            "unavailable-not-retried",
            "retried-at-once",
        ),
        OUTAGE,
    ),
    "cut-connection-not-retried": behaviour(["reset", 200]),
    "refusals-retried": behaviour(400),
    "unsupported-retried": behaviour(501),
    "retry-after-ignored": behaviour([{"status": 429, "headers": {"Retry-After": "600"}}, 200]),
    "retried-every-minute": behaviour([500, 500, 500, 500, 500, 200]),
    "window-ignored": behaviour(503),
    "whole-batch-again": behaviour({"items": {"rules": [{"when": {"user": "u2", "attempt": 1}, "reply": 503}]}}),
}
"""What destinations answer where a fault shows only then."""
JOURNEY_OF = {
    "exit-says-true": stepped(*STEPS, exit_after=7 * DAY),
    "exit-too-early": stepped(*STEPS, exit_after=7 * DAY),
    "exit-twice": stepped(*STEPS, exit_after=7 * DAY),
    "exit-without-entry": stepped(*STEPS, exit_after=7 * DAY),
    "snippet-left-in-place": stepped(
        SendStep(name="Opened email", to=("crm", "mail")), SendStep(name="Bought", to=("crm",))
    ),
    "re-entry-too-early": stepped(*STEPS, exit_after=HOUR, re_entry_after=30 * DAY),
}
"""Faults that show only in journeys with an exit, or that a contract without lists is to tell."""
CONTRACT_OF = {"snippet-left-in-place": "segment-spec"}
"""Faults that other contracts than that of journeys are there to tell."""
ALSO = {
    "step-left-unnamed": ("key-stable",),
    "key-changes-per-attempt": ("retry-same-message", "retry-policy"),
    "test-events-to-list": ("personas-context",),
    "list-removal-by-identify": ("personas-context",),
    "list-removal-by-audience-exited": ("personas-context",),
}
"""Faults that cannot but break another rule as well: a bare call has no details, a retry with a new key
is other content, and in a list it is no retry at all."""


class Destinations:
    """Destinations as the server has them, without the server; `play` sends to them."""

    def __init__(self, journey: Journey, behaviour: Behaviour, contract: str) -> None:
        self.known = {address.name: _destination(address, behaviour) for address in ADDRESSES}
        self.checker = Checker(load_contract(contract), Declarations([journey], PEOPLE, complete=True))
        self.pasts = {name: Past() for name in self.known}
        self.ledger: list[Delivery] = []

    def __call__(self, request: Request, now: Instant) -> Outcome:
        """Take one request."""
        name = request.destination
        arrival = Arrival(
            destination=name,
            method="POST",
            path=f"/{name}",
            headers=[(k.encode(), v.encode()) for k, v in request.headers.items()],
            body=request.body,
            received_at=now,
            arrived_at=now,
        )
        number = len(self.ledger) + 1
        delivery = receive(arrival, self.known[name], self.pasts[name], self.checker, run="test", number=number)
        self.ledger.append(delivery)
        if isinstance(delivery.reply, Respond):
            items = delivery.reply.items
            body = b"" if items is None else json.dumps([{"status": status} for status in items]).encode()
            return Answer(status=delivery.reply.status, headers=dict(delivery.reply.headers), body=body)
        return Breakdown(reason="ECONNRESET")

    def judgement(self) -> Judgement:
        """What all of it shows."""
        return judge(self.ledger, self.known, self.checker, settled=True)


def _destination(address: Address, behaviour: Behaviour) -> Destination:
    return Destination(
        name=address.name,
        kind=address.kind,
        calls=address.calls,
        integration=integration_name(address),
        behaviour=behaviour,
        signature=address.signature,
    )


def judged(
    journey: Journey,
    fault: str | None = None,
    behaviour: Behaviour | None = None,
    contract: str = "engage-journeys",
) -> Judgement:
    """The judgement of a history of two versions in which everybody enters a step and leaves it, and a month passes."""
    space = space_of(*ADDRESSES, fault=fault)
    destinations = Destinations(journey, behaviour or Always(), contract)
    space.publish(journey)
    late: Mapping[str, tuple[Profile, ...]] = {}
    for act in acts(space):
        for step in journey.steps:
            for profile in (*(PEOPLE if fault is None else OF_STEP[step.name]), *late.get(step.name, ())):
                act(journey.id, step.name, profile)
        play(space, 6 * HOUR, destinations)
        space.publish(journey)
        late = LATE
    play(space, 30 * DAY, destinations)
    return destinations.judgement()


def acts(space: Space) -> tuple[Callable[[str, str, Profile], None], ...]:
    """What everybody does, in order; entering twice and leaving are nothing where no exit is declared."""
    return space.enter, space.enter, space.leave


@pytest.mark.parametrize("behaviour", [None, OUTAGE, Always(reply=Respond(status=503))])
@pytest.mark.parametrize(
    "journey",
    [
        stepped(*STEPS),
        stepped(*STEPS, exit_after=7 * DAY),
        stepped(STEPS[0], AdStep(name="Bought", to=EVERYWHERE, remove_after=3 * DAY)),
    ],
    ids=["no-exit", "exit", "ad-expiry"],
)
def test_a_right_space_is_never_accused(journey: Journey, behaviour: Behaviour | None) -> None:
    """Whatever destinations answer and whichever exits are declared, a right space breaks no rule."""
    judgement = judged(journey, behaviour=behaviour)
    assert judgement.deliveries > 10
    assert judgement.violations == ()


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.rule is not None])
def test_a_fault_breaks_the_rule_that_it_names(name: str) -> None:
    """The rule that must catch a fault catches it, and no other rule accuses the space in error."""
    answers = ANSWERS_TO.get(name)
    journey = JOURNEY_OF.get(name, stepped(*STEPS))
    contract = CONTRACT_OF.get(name, "engage-journeys")
    found = judged(journey, fault=name, behaviour=answers, contract=contract)
    told = found.violations if contract in CONTRACT_OF.values() else found.errors
    assert {violation.rule for violation in told} == {FAULTS[name].rule, *ALSO.get(name, ())}
