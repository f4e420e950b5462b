"""Who is in which journey and step, since when, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from msgspec import Struct, field

from harness.core.instants import Instant
from harness.core.journeys import AdStep, Journey
from harness.engage.conditions import describes
from harness.engage.faulty import Fault
from harness.engage.identities import Person, Recipient
from harness.engage.publishing import Catalogue
from harness.engage.steps import Move, PublishedStep
from harness.engage.timeline import Timeline


class Presence(Struct, kw_only=True):
    """Somebody's being in a step."""

    step: PublishedStep
    recipients: tuple[Recipient, ...]
    """Whom the destinations were told of, and so must be told of again if they leave."""
    left: bool = False
    expires_at: Instant = 0
    """When the ad that it is about is taken off again, where that is declared."""


class Stay(Struct, kw_only=True):
    """Somebody's time in a journey, from entry to exit."""

    journey: Journey
    person: Person
    number: int
    label: str
    presences: dict[str, Presence] = field(default_factory=dict)
    exits_at: Instant = 0
    """When a declared exit takes them out."""
    left_at: Instant | None = None


class Stays:
    """Admits people to steps and lets them go, and hands every `Move` to `moved`."""

    def __init__(
        self, *, catalogue: Catalogue, timeline: Timeline, moved: Callable[[Move], None], fault: Fault
    ) -> None:
        self._catalogue = catalogue
        self._timeline = timeline
        self._moved = moved
        self._fault = fault
        self._stays: dict[Person, dict[str, Stay]] = {}

    def enter(self, step: PublishedStep, person: Person, now: Instant) -> None:
        """Let `person` into the step; nothing happens where they were in it already or may not enter again yet."""
        stay = self._admit(step.journey, person, now)
        if stay is None or step.step.name in stay.presences:
            return
        presence = Presence(step=step, recipients=person.recipients())
        stay.presences[step.step.name] = presence
        person.traits[step.key] = "true"
        self._moved(_move(stay, presence, now, entered=True))
        if isinstance(step.step, AdStep) and step.step.remove_after is not None:
            presence.expires_at = now + self._fault.stay(step.step.remove_after)
            self._timeline.plan_timer(presence.expires_at, partial(self._expire, stay, presence))

    def leave(self, step: PublishedStep, person: Person, now: Instant) -> Move | None:
        """Take note that `person` meets the step's conditions no more, which sends nothing: they stay in it.

        Only a declared exit lets them go, and that in its own time. What a wrong space would send now is returned.
        """
        stay = self._stays.get(person, {}).get(step.journey.id)
        presence = stay.presences.get(step.step.name) if stay else None
        if stay is None or presence is None or stay.journey.exits:
            return None
        return _move(stay, presence, now, entered=False)

    def merge(self, kept: Person, absorbed: Person) -> None:
        """Make the stays of `absorbed` those of `kept`, so that nobody enters a second time by a merge."""
        own = self._stays.setdefault(kept, {})
        for journey, stay in self._stays.pop(absorbed, {}).items():
            other = own.setdefault(journey, stay)
            stay.person = kept
            number = max(other.number, stay.number)
            if other is not stay and stay.left_at is None and other.left_at is None:
                self._join(other, stay)
            elif other.left_at is not None and (stay.left_at is None or stay.left_at > other.left_at):
                own[journey] = stay  # from whose end on the time to a second entry counts
            own[journey].number = number

    def _admit(self, journey: Journey, person: Person, now: Instant) -> Stay | None:
        last = self._stays.get(person, {}).get(journey.id)
        if last is not None and last.left_at is None:
            return last
        if last is not None and not self._may_return(journey, last.left_at, now):
            return None
        number = last.number + 1 if last else 1
        label = f"{journey.id} {person.name} {number}"
        stay = Stay(journey=journey, person=person, number=number, label=label)
        self._stays.setdefault(person, {})[journey.id] = stay
        if journey.exit_after is not None:
            stay.exits_at = now + self._fault.stay(journey.exit_after)
            self._timeline.plan_timer(stay.exits_at, partial(self._exit, stay))
        return stay

    def _join(self, kept: Stay, absorbed: Stay) -> None:
        """Make one stay of two, which ends when the later one would; the timers of `absorbed` find nothing left to do.

        Whoever was told of the later entry would else be told of an exit before its time.
        """
        absorbed.left_at = 0
        if absorbed.exits_at > kept.exits_at:
            kept.exits_at = absorbed.exits_at
            self._timeline.plan_timer(kept.exits_at, partial(self._exit, kept))
        for name, presence in absorbed.presences.items():
            own = kept.presences.setdefault(name, presence)
            if own is presence or presence.left:
                continue
            presence.left = True
            own.recipients = tuple(dict.fromkeys(own.recipients + presence.recipients))
            if presence.expires_at > own.expires_at:
                own.expires_at = presence.expires_at
                self._timeline.plan_timer(own.expires_at, partial(self._expire, kept, own))

    def _exit(self, stay: Stay, now: Instant) -> None:
        if stay.left_at is not None or now < stay.exits_at:
            return
        stay.left_at = now
        for presence in stay.presences.values():
            self._leave(stay, presence, now)
        if stay.journey.re_entry_after is not None and stay.journey.entry is not None:
            due = now + self._fault.absence(stay.journey.re_entry_after)
            self._timeline.plan_timer(due, partial(self._return, stay))

    def _may_return(self, journey: Journey, left_at: Instant | None, now: Instant) -> bool:
        absence = journey.re_entry_after
        return left_at is not None and absence is not None and now >= left_at + self._fault.absence(absence)

    def _return(self, stay: Stay, now: Instant) -> None:
        """Let them in again at once where the condition is about what they are, and they still are."""
        if stay.journey.entry is not None and describes(stay.journey.entry, stay.person.traits):
            for step in self._catalogue.steps_of(stay.journey.id):
                self.enter(step, stay.person, now)

    def _expire(self, stay: Stay, presence: Presence, now: Instant) -> None:
        if now >= presence.expires_at:
            self._leave(stay, presence, now)

    def _leave(self, stay: Stay, presence: Presence, now: Instant) -> None:
        if presence.left:
            return
        presence.left = True
        stay.person.traits[presence.step.key] = "false"
        self._moved(_move(stay, presence, now, entered=False))


def _move(stay: Stay, presence: Presence, now: Instant, *, entered: bool) -> Move:
    return Move(step=presence.step, stay=stay.label, recipients=presence.recipients, entered=entered, at=now)
