"""The rule on how often one entry is sent: `once-per-entry`."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Self

from harness.core.calls import DELETE, EXIT_EVENTS, is_list_entry, subject, subject_name
from harness.core.delivery import OK, Payload, RawHeaders, Reply, Violation, accepts
from harness.core.instants import Instant
from harness.core.rules.entry_accounts import surplus
from harness.core.rules.entry_books import Book, glimpse_of, identifier_of, identifier_of_user, opened, united, users_of
from harness.core.rules.examples import event, track
from harness.core.rules.retrying import receiving
from harness.core.rules.rule import Example, Follow, Rule
from harness.core.rules.sighting import Sighting
from harness.core.rules.tellings import Sight, Tellings, sight_of

_IN = ("true", True)
_OUT = ("false", False)
_ALONE = "id without an email"
"""An exit that names no email is of all emails of its user."""


class OncePerEntry:
    """Folds over entries, the messages that tell of each, and over the users who left or asked to be forgotten."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._come_and_go = parameters.get("exits") == "always"
        self._books: dict[Hashable, Book] = {}
        self._left: dict[Hashable, Tellings] = {}
        self._deleted: dict[tuple[str, str], set[Sight]] = {}

    def see(self, sighting: Sighting) -> None:
        """Remember the message, where it is an entry and no list entry (whose second add changes nothing)."""
        call, key = sighting.call, sighting.key
        if call is None or is_list_entry(sighting.payload):
            return
        if call.get("type") == DELETE:
            for user in users_of(call):
                self._deleted.setdefault((sighting.destination.name, user), set()).add(sight_of(sighting))
        elif key is not None:
            self._see_membership(sighting, call, subject(call).get(sighting.member_name or key))

    def _see_membership(self, sighting: Sighting, call: Payload, value: object) -> None:
        identifier, left = identifier_of(call), call.get("event") in EXIT_EVENTS
        if identifier is None:
            return
        if value in _IN and not left:
            self._book(sighting).add(identifier, call, glimpse_of(call, sighting))
        elif self._come_and_go and (left or value in _OUT):
            window = receiving(sighting).remembered
            kinds = ("id",) if isinstance(identifier, str) else ("id", _ALONE)
            for name in {identifier, *((kind, user) for kind in kinds for user in users_of(call))}:
                owner = (_step(sighting), name)
                self._left.setdefault(owner, Tellings(window=window)).add(call, sight_of(sighting))

    def _book(self, sighting: Sighting) -> Book:
        step = _step(sighting)
        known = self._books.get(step)
        return known or self._books.setdefault(step, opened(sighting))

    def follow(self, like: Sighting) -> Follow | None:
        """Notes the entries at the same step; list entries tell nothing new."""
        call, key = like.call, like.key
        if call is None or key is None:
            return None
        book, said_at, see = self._book(like), subject_name(call), self.see
        entries, window = book.entries, book.window
        identify = identifier_of if call.get("type") == "group" else identifier_of_user

        def note(
            call: Payload, number: int, index: int, received_at: Instant, reply: Reply, headers: RawHeaders
        ) -> None:
            said, message = call.get(said_at), call.get("messageId")
            if isinstance(said, dict) and isinstance(message, str) and message:
                entered = said.get(key) in _IN and call.get("event") not in EXIT_EVENTS
                identifier = identify(call) if entered else None
                stated, user, anonymous = call.get("timestamp"), call.get("userId"), call.get("anonymousId")
                accepted = reply is OK or accepts(reply, index)
                glimpse = (number, index, received_at, accepted, message, stated, user, anonymous, received_at)
                if identifier is not None:
                    known = entries.setdefault(identifier, glimpse)
                    if known is glimpse:
                        return
                    both = united(known, glimpse, window) if isinstance(known, tuple) else None
                    if both is not None:
                        entries[identifier] = both
                        return
            see(like.again(call, number, index, received_at, reply, headers))

        return note

    def merge(self, other: Self) -> None:
        """Take over what `other` saw."""
        for step, book in other._books.items():
            mine = self._books.get(step) or self._books.setdefault(step, book.emptied())
            mine.merge(book)
        for user, sights in other._deleted.items():
            self._deleted.setdefault(user, set()).update(sights)
        for owner, exits in other._left.items():
            self._left.setdefault(owner, Tellings(window=exits.window)).merge(exits)

    def violations(self) -> Iterator[Violation]:
        """One for each message beyond those that an entry may have."""
        for step, book in self._books.items():
            for identifier, account in book.accounts.items():
                deletes = {each for user in account.users for each in self._deleted.get((book.destination, user), ())}
                kind = _ALONE if isinstance(identifier, str) else "id"
                names = {identifier, *((kind, user) for user in account.users)}
                left = [self._left[step, name] for name in names if (step, name) in self._left]
                ends = deletes.union(*(each.first_sights(doubtful=True) for each in left))
                yield from surplus(account, ends, book.severity)


def _step(sighting: Sighting) -> Hashable:
    """What a user enters: a step, as a destination is told of it in one type of call."""
    step = (sighting.step.journey.id, sighting.step.step.name) if sighting.step else sighting.key
    call = sighting.call or sighting.payload
    return step, sighting.destination.name, str(call.get("type"))


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
