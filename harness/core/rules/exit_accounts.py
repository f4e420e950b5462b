"""What was seen of somebody's leaving of a step: which exits come before an entry, before their time, or twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from harness.core.declarations import DeclaredStep
from harness.core.delivery import Violation
from harness.core.instants import MINUTE, Duration, say_duration
from harness.core.journeys import AdStep
from harness.core.rules.retrying import receiving
from harness.core.rules.sighting import Sighting, proof
from harness.core.rules.tellings import At, Sight, Tellings

_LATENESS = 5 * MINUTE
"""How late an event destination may be told of an entry, which is what Segment aims at, where no message states it."""

User: TypeAlias = tuple[str, str]
"""A kind of identifier, and one of that kind."""


class Owner(NamedTuple):
    """A step at a destination."""

    journey: str | None
    """None where no single step is declared."""
    step: str
    """The declared step's name, else the key."""
    destination: str


class Leaver(NamedTuple):
    """Who is told to have left what, and by which type of call."""

    owner: Owner
    call_type: str
    user: User
    """What the messages name the user by: a group, else an email, else the first id that there is."""


class Terms(Struct, frozen=True, kw_only=True):
    """When users of a step may leave it."""

    exit_after: Duration | None
    """How long after they entered the journey; None: nothing is declared of that."""
    remove_after: Duration | None
    """How long after they entered the step."""
    only_step: bool
    """Whether the step is the only one of its journey, so that to enter one is to enter the other."""
    returns: bool
    """Whether users may enter again."""
    whole: bool
    """Whether all that was ever sent of the journey was seen, so that an entry which was not seen was not told."""
    named: bool
    """Whether it is known to which destination all this went."""
    told_apart: bool
    """Whether the keys of the journey's steps belong to no other step."""
    lateness: Duration
    """How late an entry may have been told, where no message states when it was."""
    window: Duration
    """How long a `messageId` is remembered."""


class Exits(Struct, frozen=True, kw_only=True):
    """The exits of somebody."""

    look_alikes: int
    """How many messages one exit may have: one for each email that the profile declares."""
    messages: Tellings
    users: set[User] = field(default_factory=set)
    """All that the messages name the user by."""


class Known(Struct, frozen=True, kw_only=True):
    """The entries of somebody, each list in order."""

    step: Sequence[Sight]
    """Into the step that is left, at the same destination."""
    journey: Sequence[Sight]
    """Into any step of the journey, anywhere; empty where it has but one."""
    attempts: Sequence[At] = ()
    """Where attempts to tell of entries into the step were seen."""


def terms_of(sighting: Sighting, list_delay: Duration) -> Terms:
    """When users may leave the step that `sighting` is about; of several that may be meant, the mildest terms."""
    leaving = [step for step in sighting.candidates if step.exits]
    exits = [step.journey.exit_after for step in leaving if step.journey.exit_after is not None]
    always = sighting.parameters.get("exits") == "always"
    place, retried = receiving(sighting), 0
    if place.profile is not None and not sighting.declarations.complete:
        retried = place.profile.window  # A capture may begin with the last of many attempts.
    return Terms(
        exit_after=min(exits, default=None),
        remove_after=min(_expiries(leaving), default=None),
        only_step=all(len(step.journey.steps) == 1 for step in sighting.candidates),
        returns=always or any(step.journey.re_entry_after is not None for step in leaving),
        whole=sighting.declarations.complete,
        named=sighting.destination.named,
        told_apart=all(sighting.declarations.tell_apart(step.journey) for step in sighting.candidates),
        lateness=list_delay if sighting.destination.kind == "list" else _LATENESS + retried,
        window=place.remembered,
    )


def milder(mine: Terms, theirs: Terms) -> Terms:
    """Those of a destination that is of two kinds, of which `mine` and `theirs` are the terms."""
    return replace(mine, lateness=max(mine.lateness, theirs.lateness))


def _expiries(steps: Iterable[DeclaredStep]) -> Iterator[Duration]:
    for step in steps:
        if isinstance(step.step, AdStep) and step.step.remove_after is not None:
            yield step.step.remove_after


def breaches(leaver: Leaver, exits: Exits, known: Known, terms: Terms) -> Iterator[Violation]:
    """The exits of `leaver` that the entries which are known do not allow."""
    last: Sight | None = None
    told = 0
    for sight in exits.messages.first_sights(known.attempts):
        before = [entry for entry in known.step if sight.follows(entry)]
        if last is not None and not (before and before[-1].follows(last)):
            told += 1
            if told > exits.look_alikes and not (terms.returns and not sight.happened_at):
                yield _violation(leaver, "a second time", "one exit for each entry", "one exit more", (last, sight))
            continue
        stay = _since(last, before)
        if not before:
            yield from _without_entry(leaver, sight, known, terms)
        elif not all(entry.doubtful for entry in stay):
            yield from _too_early(leaver, sight, stay, _since(last, known.journey), terms)
        last, told = sight, 1


def _without_entry(leaver: Leaver, sight: Sight, known: Known, terms: Terms) -> Iterator[Violation]:
    """An exit before the first entry that was seen; another may have come before all that was seen."""
    if not known.step:
        if terms.whole:
            yield _violation(leaver, "without an entry", "an entry before the exit", "no entry", (sight,))
        return
    first = known.step[0]
    if terms.whole or (sight.stated and first.stated and not terms.returns):
        yield _violation(leaver, "before the entry", "an entry before the exit", "an entry after it", (first, sight))


def _too_early(
    leaver: Leaver, sight: Sight, stay: Sequence[Sight], journey: Sequence[Sight], terms: Terms
) -> Iterator[Violation]:
    """An exit that comes sooner than any that is declared.

    It is counted from the first of the entries of this `stay`: those into the step, those into any of the `journey`.
    """
    if terms.exit_after is not None and not terms.only_step and not (terms.whole and terms.told_apart):
        return  # The journey may have been entered by a step of which nothing was seen, or nothing that is its alone.
    waits = [] if terms.remove_after is None else [(stay[0], terms.remove_after)]
    if terms.exit_after is not None:
        waits.append((min([stay[0], *journey]), terms.exit_after))
    if not waits or not all(_waited_less(start, sight, wait, terms) for start, wait in waits):
        return
    start, wait = min(waits, key=lambda each: each[0].happened_at + each[1])
    waited = max(sight.happened_at - start.happened_at, 0)
    found = f"{say_duration(waited)} after entry, {say_duration(wait - waited)} too early"
    yield _violation(leaver, "too early", f"at least {say_duration(wait)} after entry", found, (start, sight))


def _since(last: Sight | None, entries: Iterable[Sight]) -> list[Sight]:
    """The entries after the exit before."""
    return [entry for entry in entries if last is None or entry.follows(last)]


def _waited_less(start: Sight, sight: Sight, wait: Duration, terms: Terms) -> bool:
    if not start.happened_at or not sight.happened_at:
        return False
    slack = 0 if start.stated and sight.stated else terms.lateness
    return sight.happened_at - start.happened_at < wait - slack


def _violation(leaver: Leaver, how: str, expected: str, actual: str, sights: Sequence[Sight]) -> Violation:
    user, where = leaver.user[1][:120], leaver.owner.destination
    return Violation(
        rule="exit-after-entry",
        message=f"{where} was told by {leaver.call_type} {how} that {user} left",
        payload=sights[-1].at[1],
        expected=expected,
        actual=actual,
        deliveries=proof(*(sight.at for sight in sights)),
    )
