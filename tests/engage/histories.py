"""Histories made up by Hypothesis, of everything that a right space can be asked to do, and how they are played.

A `Plot` is plain data, so that a falsifying example can be read and written down as a case.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import Any, TypeAlias

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from harness.adapters.contract_files import load_contract
from harness.core.behaviours import Always
from harness.core.behaviours import Sequence as Replies
from harness.core.checking import Checker
from harness.core.declarations import Declarations
from harness.core.delivery import OK, Arrival, Delivery, Fault, Reply, Respond
from harness.core.destinations.destination import Destination
from harness.core.instants import DAY, HOUR, MINUTE, Duration, Instant
from harness.core.journeys import AdStep, Entry, Journey, SendStep, Step
from harness.core.keys import journey_slug, skeleton, step_slug
from harness.core.profiles import Profile
from harness.core.reception import Past, receive
from harness.core.systems import Address
from harness.engage.faulty import HONEST
from harness.engage.faulty import Fault as Bend
from harness.engage.pipeline import Request
from harness.engage.retries import Answer, Breakdown, Outcome
from harness.engage.settings import Settings
from harness.engage.sources import integration_name
from harness.engage.space import Space
from tests.engage.spaces import START

RESET = Fault(name="reset")
JOURNEY_NAMES = ("Win-back", "HubSpot: 2nd purchase", "Früh & spät", "win back", "!")
"""Names whose slugs are plain, in camel case, with marks, those of another name, and empty."""
STEP_NAMES = ("Opened email", "opened-email", "Sales attribution 1 day", "x" * 170)
EVENT, TRAIT = "Order Completed", "plan"

Deed: TypeAlias = tuple[str, Any, Any]
"""What is done (a method of `Played`), and to what."""


class Place(Struct, frozen=True, kw_only=True):
    """A destination, and how well it is: its replies to each message, and when it is out altogether."""

    address: Address
    replies: tuple[Reply, ...]
    out_from: Duration
    """After the start, when an outage begins that answers everything with 503."""
    out_for: Duration
    batches: bool
    """Whether calls that are due at one time come in one body."""


class Plot(Struct, frozen=True, kw_only=True):
    """All that makes one history."""

    places: tuple[Place, ...]
    journeys: tuple[Journey, ...]
    people: tuple[Profile, ...]
    deeds: tuple[Deed, ...]
    settings: Settings
    seed: int

    @property
    def final_journeys(self) -> tuple[Journey, ...]:
        """The journeys with the steps of all their versions: what the maker of the journeys would declare."""
        versions = {journey.id: journey for journey in self.journeys}
        for act, index, step in self.deeds:
            if act == "add_step":
                versions[self.journeys[index].id] = with_step(versions[self.journeys[index].id], step)
        return tuple(versions.values())

    @property
    def final_people(self) -> tuple[Profile, ...]:
        """The profiles with all the emails that are learned of them."""
        people = list(self.people)
        for act, index, email in self.deeds:
            if act == "add_email":
                people[index] = with_email(people[index], email)
        return tuple(people)

    @property
    def plain(self) -> bool:
        """Whether its traffic is right even for who knows nothing of it: nobody exits, and slugs tell steps apart."""
        steps = Declarations(self.final_journeys).steps
        slugs = {(skeleton(journey_slug(each.journey.name)), skeleton(step_slug(each.step.name))) for each in steps}
        return len(slugs) == len(steps) and not any(step.exits for step in steps)

    def without_lists(self) -> Plot:
        """The same with calls only."""
        lists = {place.address.name for place in self.places if place.address.kind == "list"}
        return replace(
            self,
            places=tuple(place for place in self.places if place.address.name not in lists),
            journeys=tuple(_sparing(journey, lists) for journey in self.journeys),
            deeds=tuple(
                (act, first, _without(second, lists) if act == "add_step" else second)
                for act, first, second in self.deeds
            ),
        )

    def coming_and_going(self) -> Plot:
        """The same for a space that tells of everybody who leaves: each leaves a step once, and nothing else ends."""
        deeds: dict[Deed, None] = {}
        for number, (act, first, second) in enumerate(self.deeds):
            if act == "leave":
                journey, step = second
                deeds[act, first, (journey, step % len(self.journeys[journey].steps))] = None
            elif act not in ("merge", "add_email", "add_step"):
                deeds[act, first, (number, second)] = None
        unended = (replace(journey, exit_after=None, re_entry_after=None) for journey in self.journeys)
        return replace(
            self,
            journeys=tuple(replace(each, steps=tuple(_unending(step) for step in each.steps)) for each in unended),
            deeds=tuple((act, first, second if act == "leave" else second[1]) for act, first, second in deeds),
        )


def with_step(journey: Journey, step: Step) -> Journey:
    """The next version of `journey`, which has `step` too; the same where it has one of that name."""
    return journey if journey.step(step.name) else replace(journey, steps=(*journey.steps, step))


def with_email(profile: Profile, email: str) -> Profile:
    """`profile` with one email more."""
    return replace(profile, emails=tuple(dict.fromkeys((*profile.emails, email))))


ALWAYS = "crm"
"""The event destination that every plot has."""


def _without(step: Step, names: Collection[str]) -> Step:
    return replace(step, to=tuple(name for name in step.to if name not in names) or (ALWAYS,))


def _sparing(journey: Journey, names: Collection[str]) -> Journey:
    return replace(journey, steps=tuple(_without(step, names) for step in journey.steps))


def _unending(step: Step) -> Step:
    return replace(step, remove_after=None) if isinstance(step, AdStep) else step


# ------------------------------------------------------------------------------------------------------ strategies

REPLIES: st.SearchStrategy[Reply] = st.sampled_from(
    [OK, OK, Respond(status=202), *(Respond(status=status) for status in (503, 429, 500, 408, 400, 401)), RESET]
    + [Respond(status=429, headers=(("Retry-After", seconds),)) for seconds in ("90", "7200", "99999")]
)
MIXED = Respond(status=207, items=(200, 503, 200))
"""An answer that tells payloads apart; a payload beyond its items is accepted."""


@st.composite
def _places(draw: st.DrawFn) -> tuple[Place, ...]:
    places = []
    for name in draw(st.sampled_from([("crm", "ads"), ("crm", "mail", "ads"), ("crm", "mail", "twin", "ads", "more")])):
        kind = "list" if name in ("ads", "more") else "event"
        calls = draw(st.sampled_from([("track",), ("identify",), ("track", "identify")]))
        address = Address(
            name=name,
            kind=kind,
            url=f"http://{name}.test",
            calls=calls if kind == "event" else (),
            integration="Crm" if name == "twin" else None,
        )
        places.append(
            Place(
                address=address,
                replies=tuple(draw(st.lists(REPLIES | st.just(MIXED), min_size=1, max_size=4))),
                out_from=draw(st.sampled_from([0, HOUR, DAY])),
                out_for=draw(st.sampled_from([0, 0, 20 * MINUTE, 6 * HOUR])),
                batches=draw(st.booleans()),
            )
        )
    return tuple(places)


@st.composite
def _steps(draw: st.DrawFn, names: Sequence[str]) -> Step:
    name = draw(st.sampled_from(STEP_NAMES))
    to = tuple(draw(st.lists(st.sampled_from(names), min_size=1, max_size=len(names), unique=True)))
    if draw(st.booleans()):
        return SendStep(name=name, to=to)
    return AdStep(name=name, to=to, remove_after=draw(st.sampled_from([None, HOUR, 3 * DAY])))


@st.composite
def _journeys(draw: st.DrawFn, names: Sequence[str]) -> tuple[Journey, ...]:
    titles = draw(st.lists(st.sampled_from(JOURNEY_NAMES), min_size=1, max_size=3, unique=True))
    return tuple([draw(_journey(number, title, names)) for number, title in enumerate(titles)])


@st.composite
def _journey(draw: st.DrawFn, number: int, title: str, names: Sequence[str]) -> Journey:
    exit_after = draw(st.sampled_from([None, 2 * HOUR, 7 * DAY]))
    return Journey(
        id=f"journey-{number}",
        name=title,
        steps=tuple(draw(st.lists(_steps(names), min_size=1, max_size=3, unique_by=lambda step: step.name))),
        entry=draw(st.sampled_from([None, Entry(event=EVENT), Entry(traits={TRAIT: "pro"})])),
        exit_after=exit_after,
        re_entry_after=draw(st.sampled_from([HOUR, 5 * DAY, None])) if exit_after is not None else None,
    )


@st.composite
def _people(draw: st.DrawFn) -> tuple[Profile, ...]:
    return tuple(
        Profile(
            name=f"p{number}",
            user_id=f"u{number}" if named != "anonymous" else None,
            anonymous_id=f"a{number}" if named != "user" else None,
            emails=tuple(f"p{number}-{n}@example.com" for n in range(draw(st.integers(0, 3)))),
        )
        for number, named in enumerate(draw(st.lists(st.sampled_from(["user", "anonymous", "both"]), max_size=5)))
    )


def _deeds(journeys: Sequence[Journey], people: Sequence[Profile], names: Sequence[str]) -> st.SearchStrategy[Deed]:
    whom, which = st.integers(0, len(people) - 1), st.integers(0, len(journeys) - 1)
    at_step = st.tuples(which, st.integers(0, 2))
    return st.one_of(
        st.tuples(st.just("enter"), whom, at_step),
        st.tuples(st.just("enter"), whom, at_step),
        st.tuples(st.just("enter"), whom, at_step),
        st.tuples(st.just("leave"), whom, at_step),
        st.tuples(st.just("track"), whom, st.sampled_from([EVENT, "Page Viewed"])),
        st.tuples(st.just("identify"), whom, st.sampled_from(["pro", "free"])),
        st.tuples(st.just("merge"), whom, whom),
        st.tuples(st.just("add_email"), whom, st.sampled_from(["new-1@example.com", "New-2@example.com"])),
        st.tuples(st.just("add_step"), which, _steps(names)),
        st.tuples(st.just("advance"), st.sampled_from([MINUTE, 3 * HOUR, 3 * DAY, 13 * DAY]), st.none()),
    )


SETTINGS = st.builds(
    Settings,
    list_batch=st.sampled_from([1, 2, 1000]),
    list_cadence=st.sampled_from([0, HOUR, 12 * HOUR]),
    retry_first=st.sampled_from([MINUTE, 10 * MINUTE]),
)


@st.composite
def plots(draw: st.DrawFn) -> Plot:
    """A whole history: any number of journeys, people and destinations, and up to thirty deeds in any order."""
    places = draw(_places())
    names = [place.address.name for place in places]
    journeys, people = draw(_journeys(names)), draw(_people().filter(len))
    return Plot(
        places=places,
        journeys=journeys,
        people=people,
        deeds=tuple(
            draw(st.lists(_deeds(journeys, people, names), min_size=draw(st.sampled_from([10, 1])), max_size=30))
        ),
        settings=draw(SETTINGS),
        seed=draw(st.integers(0, 9)),
    )


# ----------------------------------------------------------------------------------------------------------- playing


class Played:
    """A history that was played: its ledger, and what it was judged by when it came in."""

    def __init__(self, plot: Plot, contract: str, fault: Bend = HONEST) -> None:
        """Play `plot` to its end and two weeks beyond, by a space that is wrong in the way of `fault`.

        Where users come and go by the hour, two days are long enough.
        """
        self.plot = plot
        self.places = {place.address.name: place for place in plot.places}
        self.destinations = {name: _destination(place) for name, place in self.places.items()}
        self.declarations = Declarations(plot.final_journeys, plot.final_people, complete=True)
        self.checker = Checker(load_contract(contract), self.declarations)
        self.pasts = {name: Past() for name in self.destinations}
        self.ledger: list[Delivery] = []
        self.space = Space(start=START, seed=plot.seed, settings=plot.settings, fault=fault)
        self._journeys = list(plot.journeys)
        self._people = list(plot.people)
        self._heard = 0
        self._play()

    def _play(self) -> None:
        for place in self.plot.places:
            self.space.connect(place.address)
        for journey in self._journeys:
            self.space.publish(journey)
        for profile in self._people:
            self.space.know(profile)
        for act, first, second in self.plot.deeds:
            getattr(self, act)(first, second)
        self.advance(2 * DAY if any(map(_by_the_hour, self._journeys)) else 15 * DAY, None)

    def enter(self, person: int, at: tuple[int, int]) -> None:
        """Let somebody enter a step."""
        self.space.enter(*self._step(at), self._people[person])

    def leave(self, person: int, at: tuple[int, int]) -> None:
        """Let somebody meet the conditions of a step no more."""
        self.space.leave(*self._step(at), self._people[person])

    def track(self, person: int, event: str) -> None:
        """Let somebody do what may be an entry condition."""
        self._hear({"type": "track", "event": event, **_named(self._people[person])})

    def identify(self, person: int, plan: str) -> None:
        """Let a source tell of a trait that may be an entry condition."""
        self._hear({"type": "identify", "traits": {TRAIT: plan}, **_named(self._people[person])})

    def merge(self, kept: int, absorbed: int) -> None:
        """Let a source name two people in one call, so that they prove to be one where they may be."""
        self._hear({"type": "identify", "traits": {}, **_named(self._people[absorbed]), **_named(self._people[kept])})

    def add_email(self, person: int, email: str) -> None:
        """Let one more email of somebody become known."""
        self._people[person] = with_email(self._people[person], email)
        self.space.know(self._people[person])

    def add_step(self, index: int, step: Step) -> None:
        """Publish a new version of a journey, with one more step."""
        self._journeys[index] = with_step(self._journeys[index], step)
        self.space.publish(self._journeys[index])

    def advance(self, duration: Duration, _: None) -> None:
        """Let time pass, everything that falls due in it sent and answered."""
        end = self.space.now + duration
        while (due := self.space.next_due()) is not None and due <= end:
            for body, requests in self._bodies(self.space.take_due(due)):
                delivery = self._receive(requests[0], body, due)
                for index, request in enumerate(requests):
                    self.space.answered(request, _outcome(delivery, index if len(requests) > 1 else None), due)
        self.space.reach(end)

    def _step(self, at: tuple[int, int]) -> tuple[str, str]:
        journey = self._journeys[at[0]]
        return journey.id, journey.steps[at[1] % len(journey.steps)].name

    def _hear(self, call: dict[str, Any]) -> None:
        self._heard += 1
        self.space.ingest({**call, "messageId": f"heard-{self._heard}"}, "shop")

    def _bodies(self, requests: Iterable[Request]) -> Iterable[tuple[bytes, list[Request]]]:
        """What goes over the wire: each request's own body, or one JSON array of several calls."""
        for name, group in groupby(requests, lambda request: request.destination):
            if self.places[name].batches and self.places[name].address.kind == "event":
                together = list(group)
                yield b"[" + b",".join(request.body for request in together) + b"]", together
            else:
                yield from ((request.body, [request]) for request in group)

    def _receive(self, request: Request, body: bytes, now: Instant) -> Delivery:
        name = request.destination
        place, headers = self.places[name], [(k.encode(), v.encode()) for k, v in request.headers.items()]
        arrival = Arrival(name, "POST", f"/destinations/{name}", headers, body, now, now)
        out = place.out_from <= now - START < place.out_from + place.out_for
        delivery = receive(
            arrival,
            self.destinations[name],
            self.pasts[name],
            self.checker,
            run="default",
            number=len(self.ledger) + 1,
            answered=Respond(status=503) if out else None,
        )
        self.ledger.append(delivery)
        return delivery


def _by_the_hour(journey: Journey) -> bool:
    """Whether its users leave and enter again several times a day, which is the same again and again."""
    waits = (journey.exit_after, journey.re_entry_after)
    return all(wait is not None and wait < DAY for wait in waits)


def _destination(place: Place) -> Destination:
    return Destination(
        name=place.address.name,
        kind=place.address.kind,
        calls=place.address.calls,
        integration=integration_name(place.address),
        behaviour=Replies(steps=tuple(Always(reply=reply) for reply in place.replies)),
    )


def _named(profile: Profile) -> dict[str, str]:
    named = {"userId": profile.user_id, "anonymousId": profile.anonymous_id}
    return {name: value for name, value in named.items() if value is not None}


def _outcome(delivery: Delivery, index: int | None) -> Outcome:
    """What the sender makes of the reply to the payload at `index` of a batch, or to the only request in it."""
    reply = delivery.reply
    if not isinstance(reply, Respond):
        return Breakdown(reason="ECONNRESET")
    told = [
        reply.status if each >= len(reply.items or ()) else (reply.items or ())[each]
        for each in range(len(delivery.payloads))
    ]
    if index is not None:
        return Answer(status=told[index], headers=dict(reply.headers))
    results = [{"status": status} for status in told] if reply.items is not None and delivery.kind == "list" else []
    return Answer(status=reply.status, headers=dict(reply.headers), body=json.dumps(results or {}).encode())


def declared(journeys: Iterable[Journey], people: Iterable[Profile]) -> dict[str, Any]:
    """The journeys and profiles as a scenario, or the file of `harness check --journeys`, writes them.

    An email that two people turned out to have is that of the first, as it is for the space.
    """
    owners: dict[str, str] = {}
    written = {}
    for profile in people:
        own = [email for email in profile.emails if owners.setdefault(email.casefold(), profile.name) == profile.name]
        written[profile.name] = {**_named(profile), **({"email": own} if own else {})}
    return {"profiles": written, "journeys": {journey.id: _written(journey) for journey in journeys}}


def _written(journey: Journey) -> dict[str, Any]:
    written: dict[str, Any] = {"name": journey.name, "steps": [_written_step(step) for step in journey.steps]}
    if journey.exit_after is not None:
        written["exit"] = {"after": f"{journey.exit_after // MINUTE}m"}
    if journey.re_entry_after is not None:
        written["re_entry"] = {"after": f"{journey.re_entry_after // MINUTE}m"}
    return written


def _written_step(step: Step) -> dict[str, Any]:
    said: dict[str, Any] = {"name": step.name, "to": list(step.to)}
    if isinstance(step, AdStep):
        expiry = {} if step.remove_after is None else {"remove_after": f"{step.remove_after // MINUTE}m"}
        return {"show_an_ad": {**said, **expiry}}
    return {"send_to_destinations": said}


def text_of(plot: Plot) -> str:
    """The declarations of `plot` as a file: JSON, which is YAML."""
    return json.dumps(declared(plot.final_journeys, plot.final_people))
