"""The rule on how often one entry is sent: `once-per-entry`."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from harness.core.calls import call_email, digest, is_list_entry, subject
from harness.core.delivery import Violation
from harness.core.instants import Instant
from harness.core.journeys import Journey
from harness.core.rules.examples import event, track
from harness.core.rules.rule import Example, Rule
from harness.core.rules.sighting import Sighting


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Sight:
    happened_at: Instant
    at: tuple[int, int]
    accepted: bool


@dataclass(slots=True, kw_only=True)
class _Entries:
    """What was seen of one user at one step of one destination, in one type of call."""

    journey: Journey | None
    look_alikes: int
    """How many messages one entry may have: one for each email that the profile declares."""
    what: str
    """Who got what for whom, for messages."""
    messages: dict[str, _Sight] = field(default_factory=dict)
    """By `messageId`, the first sight of each."""
    unnamed: dict[bytes, set[_Sight]] = field(default_factory=dict)
    """Messages without an id: by content, every sight, since only its order tells a retry from a second message."""


class OncePerEntry:
    """Folds over entries: the messages that tell of each."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._entries: dict[Hashable, _Entries] = {}

    def see(self, sighting: Sighting) -> None:
        """Remember the message, where it is an entry and no list entry (whose second add changes nothing)."""
        call, key = sighting.call, sighting.key
        if call is None or key is None or is_list_entry(sighting.payload):
            return
        if subject(call).get(key) not in (True, "true"):
            return
        email = call_email(call)
        user = email or call.get("userId") or call.get("anonymousId")
        if not isinstance(user, str):
            return
        step = (sighting.step.journey.id, sighting.step.step.name) if sighting.step else key
        owner = (step, sighting.destination.name, call.get("type"), user)
        entries = self._entries.get(owner) or self._entries.setdefault(owner, _opened(sighting, user, nameless=not email))
        sight = _Sight(happened_at=sighting.happened_at, at=sighting.at, accepted=sighting.accepted)
        message = call.get("messageId")
        if isinstance(message, str) and message:
            entries.messages[message] = min(sight, entries.messages.get(message, sight))
        else:
            entries.unnamed.setdefault(digest(call), set()).add(sight)

    def merge(self, other: Self) -> None:
        """Take over what `other` saw."""
        for owner, theirs in other._entries.items():
            mine = self._entries.setdefault(
                owner, _Entries(journey=theirs.journey, look_alikes=theirs.look_alikes, what=theirs.what)
            )
            for message, sight in theirs.messages.items():
                mine.messages[message] = min(sight, mine.messages.get(message, sight))
            for content, sights in theirs.unnamed.items():
                mine.unnamed.setdefault(content, set()).update(sights)

    def violations(self) -> Iterator[Violation]:
        """One for each message beyond those that an entry may have."""
        for entries in self._entries.values():
            sights = sorted([*entries.messages.values(), *_messages_among(entries.unnamed)])
            yield from _surplus(entries, sights)


def _opened(sighting: Sighting, user: str, *, nameless: bool) -> _Entries:
    """A fresh account of the entries that `sighting` is the first to tell of; `nameless`: it carries no email."""
    emails = sighting.declarations.emails_of(user) if nameless else 1
    return _Entries(
        journey=sighting.step.journey if sighting.step else None,
        look_alikes=max(1, emails),
        what=f"{sighting.destination.name} got {sighting.payload.get('type')} for {user}",
    )


def _messages_among(unnamed: Mapping[bytes, set[_Sight]]) -> Iterator[_Sight]:
    """The first sight of each message without an id: equal content is a retry only after an attempt that failed."""
    for sights in unnamed.values():
        answered = True
        for sight in sorted(sights, key=lambda sight: sight.at):
            if answered:
                yield sight
            answered = sight.accepted


def _surplus(entries: _Entries, sights: list[_Sight]) -> Iterator[Violation]:
    """The messages that belong to an entry which already has as many as it may have."""
    opened: _Sight | None = None
    told = 0
    for sight in sights:
        if opened is None or _re_enters(entries.journey, opened, sight):
            opened, told = sight, 1
        elif told < entries.look_alikes:
            told += 1
        else:
            yield Violation(
                rule="once-per-entry",
                message=f"{entries.what} more than once for one entry",
                payload=sight.at[1],
                path="$.messageId",
                expected=f"{entries.look_alikes} for each entry",
                actual="another message",
                deliveries=(opened.at[0], sight.at[0]),
            )


def _re_enters(journey: Journey | None, opened: _Sight, sight: _Sight) -> bool:
    """Whether the journey declares that a user may be in for a second time by then."""
    if journey is None or journey.re_entry_after is None:
        return False
    return sight.happened_at - opened.happened_at >= (journey.exit_after or 0) + journey.re_entry_after


ONCE_PER_ENTRY = Rule(
    id="once-per-entry",
    sentence="One entry is told once to each destination, in each type of call, for each identifier of the user.",
    source="Journeys FAQ: events are sent for each email of a profile; Handling duplicate data: a retry repeats its "
    "messageId, and anything else is a second event",
    remedy="Send one message per step, destination, call type and email, and repeat its messageId when you retry it.",
    passes=Example(deliveries=(event(track(), reply={"status": 503}), event(track()))),
    fails=Example(deliveries=(event(track()), event(track(messageId="personas_2")))),
    history=OncePerEntry,
)
