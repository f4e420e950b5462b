"""A simulated Engage space: commands and time go in, requests to send come out, their outcomes are fed back in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from harness.core.authentication import Bearer, credentials_of
from harness.core.delivery import Payload
from harness.core.instants import Instant
from harness.core.journeys import Journey
from harness.core.profiles import Profile
from harness.core.systems import Address
from harness.engage.conditions import admits
from harness.engage.dispatch import Dispatch
from harness.engage.errors import unknown
from harness.engage.faulty import HONEST, Fault, Posting
from harness.engage.heard import Heard
from harness.engage.identities import Identities, Person
from harness.engage.ids import Ids
from harness.engage.lists import Lists
from harness.engage.overview import Overview
from harness.engage.pipeline import HEADERS, Pipeline, Request
from harness.engage.publishing import Catalogue
from harness.engage.retries import Outcome
from harness.engage.settings import Settings
from harness.engage.stays import Stays
from harness.engage.timeline import Timeline

KINDS = ("event", "list", "warehouse")
_DEFAULTS = Settings()


class Space:
    """A space on a clock of its own, which moves only by `reach` and `take_due`; equal seeds, equal traffic.

    Every method raises SpaceError where it is asked for something that the space does not know.
    """

    def __init__(
        self, *, start: Instant, seed: int = 0, settings: Settings = _DEFAULTS, fault: Fault | None = None
    ) -> None:
        self._now = start
        self._fault = fault or HONEST
        self._ids = Ids(seed)
        self.space_id = self._ids.space()
        """`spa_` and 22 characters."""
        self._timeline = Timeline()
        self._pipeline = Pipeline(
            timeline=self._timeline,
            settings=settings,
            ids=self._ids,
            fault=self._fault,
            headers=self._headers,
            renews=self._renews,
        )
        lists = Lists(timeline=self._timeline, pipeline=self._pipeline, settings=settings, fault=self._fault)
        self._dispatch = Dispatch(
            space_id=self.space_id, ids=self._ids, fault=self._fault, lists=lists, pipeline=self._pipeline
        )
        self._catalogue = Catalogue(self._ids, self._fault)
        self._stays = Stays(
            catalogue=self._catalogue, timeline=self._timeline, moved=self._dispatch.moved, fault=self._fault
        )
        self._identities = Identities(self._ids, self._stays.merge)
        self._heard = Heard()

    @property
    def now(self) -> Instant:
        """The time in the space."""
        return self._now

    @property
    def busy(self) -> bool:
        """Whether anything is queued, on its way or to be tried again; exits and expiries to come do not count."""
        return self._timeline.busy or self._pipeline.busy

    def connect(self, address: Address) -> None:
        """Connect a destination of one of the `KINDS`, or take note of its changes."""
        if address.kind not in KINDS:
            raise unknown(f"destination {address.name!r}: kind", address.kind, KINDS, "that is what a space sends to")
        self._dispatch.connect(self._fault.address(address))

    def address(self, destination: str) -> Address:
        """The connected destination of that name."""
        if destination not in self._dispatch.addresses:
            raise unknown("destination", destination, self._dispatch.addresses, "connect it first")
        return self._dispatch.addresses[destination]

    def publish(self, journey: Journey) -> Mapping[str, str]:
        """Start the journey, or a new version of it; the key of each step by its name."""
        return self._catalogue.publish(journey, self._dispatch.addresses)

    def know(self, profile: Profile) -> None:
        """Add the profile, or what is new about it."""
        self._identities.declare(profile)

    def enter(self, journey: str, step: str, profile: Profile) -> None:
        """Let `profile` enter the step now; a second entry, or one that comes before re-entry is allowed, is none."""
        published = self._catalogue.find(journey, step)
        self._stays.enter(published, self._identities.declare(profile), self._now)

    def leave(self, journey: str, step: str, profile: Profile) -> None:
        """Let `profile` leave the step now, which sends nothing: a declared exit comes in its own time."""
        published = self._catalogue.find(journey, step)
        undeclared = self._stays.leave(published, self._identities.declare(profile), self._now)
        if undeclared is not None:
            self._dispatch.left_undeclared(undeclared)

    def ingest(self, call: Payload, write_key: str) -> None:
        """Take a source's call, and let its user into the journeys whose entry condition it meets.

        A `messageId` that was heard within a day is a source's retry and does nothing; so does a call without a user.
        """
        if self._heard.repeats(call, self._now):
            return
        person = self._identities.hear(call)
        if person is not None:
            self._evaluate(call, person)

    def next_due(self) -> Instant | None:
        """When something has to be done next; None where nothing ever has."""
        return self._now if self._pipeline.waiting else self._timeline.next_due()

    def reach(self, now: Instant) -> None:
        """Let time pass until `now`; what falls due meanwhile waits for `take_due`."""
        while (planned := self._timeline.pop(now)) is not None:
            due, action = planned
            self._now = max(self._now, due)
            action(self._now)
        self._now = max(self._now, now)

    def take_due(self, now: Instant) -> list[Request]:
        """Let time pass until `now`; the requests to send, in order, each to be followed by `answered`."""
        self.reach(now)
        return self._pipeline.take()

    def answered(self, request: Request, outcome: Outcome, now: Instant) -> None:
        """Feed back what became of a request, at `now`."""
        self.reach(now)
        self._pipeline.answered(request, outcome, self._now)

    def overview(self, destination: str) -> Overview:
        """The delivery overview of a connected destination."""
        return self._pipeline.overview(self.address(destination).name)

    def profile_traits(self, name: str) -> Mapping[str, Any]:
        """The traits of a profile: its own, and the key of every step that it entered, `"true"` or `"false"`."""
        return MappingProxyType(self._identities.named(name).traits)

    def _headers(self, destination: str, body: bytes) -> Mapping[str, str]:
        """What goes with `body` to a destination: its credentials and signature, where it demands them."""
        address = self._dispatch.addresses[destination]
        demanded = credentials_of(address.auth, address.signature, body)
        headers = {**HEADERS, **demanded} if demanded else HEADERS
        return self._fault.headers(headers, Posting(address=address, body=body))

    def _renews(self, destination: str) -> bool:
        """Whether the destination is sent a token, as those with OAuth are."""
        return isinstance(self._dispatch.addresses[destination].auth, Bearer)

    def _evaluate(self, call: Payload, person: Person) -> None:
        for journey, steps in self._catalogue:
            if journey.entry is not None and (self._fault.unasked or admits(journey.entry, call, person.traits)):
                for step in steps:
                    self._stays.enter(step, person, self._now)
