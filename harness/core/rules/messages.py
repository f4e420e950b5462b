"""The fold over messages and all attempts at them, and the rule on their ids: `message-id-unique`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any, Self

from harness.core.calls import DELETE, digest, is_list_entry
from harness.core.delivery import OK, Payload, RawHeaders, Reply, Violation
from harness.core.destinations.destination import SOURCE
from harness.core.destinations.lists import ADD
from harness.core.instants import Duration, Instant, instant_of
from harness.core.members import member_message
from harness.core.rules.abandoning import Abandoned, abandoned
from harness.core.rules.attempts import ACCEPTED, Story, answered_of
from harness.core.rules.entry_accounts import re_entry
from harness.core.rules.examples import event, track
from harness.core.rules.message_books import ENTRY, Message, MessageBook, says_as_much
from harness.core.rules.retrying import (
    Receiving,
    breaches,
    receiving,
    repeated_whole,
    retried_otherwise,
)
from harness.core.rules.rule import Example, Follow, Rule
from harness.core.rules.sighting import Sighting, proof


class Messages:
    """Folds over messages: the contents, as hashes, that each came with at a destination, and the attempts at it.

    Of a message that was accepted at its only attempt, one tuple is kept; of any other, all attempts.
    """

    def __init__(self, _: Mapping[str, Any]) -> None:
        self._books: dict[str, MessageBook] = {}
        self._receiving: dict[str, Receiving] = {}
        self._unclear: set[str] = set()
        """Destinations of which not all is known: requests that tell of no message, or users who were forgotten."""
        self._undone: set[str] = set()
        """Destinations whose lists lose members, so that the same entry may be due again."""
        self._re_entry: dict[str, Duration] = {}
        """The least time after which a member may be added again at destinations whose users may enter again."""

    def see(self, sighting: Sighting) -> None:
        """Remember the attempt at its message."""
        named = self._named(sighting)
        if named is not None:
            message, content = named
            when = sighting.arrived_at if sighting.destination.kind == SOURCE else sighting.received_at
            answered = answered_of(sighting.reply, sighting.index, when)
            plain = (content, *sighting.at, when or -(sighting.timestamp or 0))
            self._at(sighting).add(message, plain, answered)

    def _named(self, sighting: Sighting) -> tuple[Message, bytes] | None:
        """The message that came, and its content; None for what has no name by which it could be known again."""
        call, name = sighting.call, sighting.destination.name
        if call is None:
            if not is_list_entry(sighting.payload):
                return None
            if sighting.payload["action"] != ADD:
                self._undone.add(name)
            return member_message(sighting.payload), ENTRY
        if call.get("type") == DELETE:
            self._unclear.add(name)
        message = call.get("messageId")
        return (message, digest(call)) if isinstance(message, str) and message else None

    def _at(self, sighting: Sighting) -> MessageBook:
        name = sighting.destination.name
        if name not in self._receiving or self._receiving[name].wall:
            self._receive(name, receiving(sighting))
        least = re_entry(sighting.candidates) if sighting.call is None else None
        if least is not None:
            self._re_entry[name] = min(least, self._re_entry.get(name, least))
        return self._books.setdefault(name, MessageBook())

    def _receive(self, name: str, place: Receiving) -> None:
        """Note what is known of a destination; one that is a source now and then is none."""
        known = self._receiving.get(name)
        if known is None or (known.wall and not place.wall):
            self._receiving[name] = place

    def miss(self, destination: str) -> None:
        """Take into account that an attempt at nobody knows which message was refused there."""
        self._unclear.add(destination)

    def follow(self, like: Sighting) -> Follow | None:
        """Remembers messages to the same destination."""
        return self._follow_entries(like) if like.call is None else self._follow_calls(like)

    def _follow_calls(self, like: Sighting) -> Follow:
        book = self._at(like)
        known_at, add = book.known, book.add

        def see(
            call: Payload, number: int, index: int, received_at: Instant, reply: Reply, headers: RawHeaders
        ) -> None:
            message = call.get("messageId")
            if isinstance(message, str) and message:
                content = digest(call)
                once = (content, number, index, received_at or -(instant_of(call.get("timestamp")) or 0))
                if reply is not OK and (answered := answered_of(reply, index, received_at)) is not ACCEPTED:
                    add(message, once, answered)
                    return
                known = known_at.setdefault(message, once)
                if known is not once and (isinstance(known, Story) or not says_as_much(known, once)):
                    add(message, once, ACCEPTED)

        return see

    def _follow_entries(self, like: Sighting) -> Follow:
        book, undone, name = self._at(like), self._undone, like.destination.name
        known_at, add = book.known, book.add

        def see(
            entry: Payload, number: int, index: int, received_at: Instant, reply: Reply, headers: RawHeaders
        ) -> None:
            if entry["action"] != ADD:
                undone.add(name)
            message, once = member_message(entry), (ENTRY, number, index, received_at)
            if reply is not OK and (answered := answered_of(reply, index, received_at)) is not ACCEPTED:
                add(message, once, answered)
            elif isinstance(known_at.setdefault(message, once), Story):
                add(message, once, ACCEPTED)

        return see

    def merge(self, other: Self) -> None:
        """Take over what `other` saw."""
        for name, place in other._receiving.items():
            self._receive(name, place)
        self._unclear |= other._unclear
        self._undone |= other._undone
        for destination, least in other._re_entry.items():
            self._re_entry[destination] = min(least, self._re_entry.get(destination, least))
        for destination, theirs in other._books.items():
            self._books.setdefault(destination, MessageBook()).merge(theirs)

    def violations(self, *, retries: bool = True) -> Iterator[Violation]:
        """What attempts at one message show: other content, back-off, final refusals, whole batches.

        `retries` says whether a retry with other content is told as that, or as an id that is used again.
        """
        for destination, book in self._books.items():
            place, stories = self._receiving[destination], book.stories
            for message, story in stories.items():
                if len(story.contents) > 1:
                    yield from self._reused(place, str(message), story, retries=retries)
                if self._clear(destination, message):
                    named = isinstance(message, str)
                    anew = None if named else self._re_entry.get(destination)
                    for part in story.parts(place.remembered, named=named):
                        yield from breaches(place, part, named=named, anew=anew)
            told_apart = (story for message, story in stories.items() if self._clear(destination, message))
            yield from repeated_whole(place, told_apart)

    def _clear(self, destination: str, message: Message) -> bool:
        """Whether what comes again can be none but `message`."""
        return isinstance(message, str) or destination not in self._undone

    def abandoned(self, *, settled: bool) -> Iterator[Abandoned]:
        """The messages that were to be sent again and were not; `settled` says that nothing more was to come."""
        latest = cache(self._latest)
        for destination, place in self._receiving.items():
            if destination in self._unclear:
                continue
            for message, story in self._books[destination].stories.items():
                since, named = partial(latest, place.wall), isinstance(message, str)
                parts = story.parts(place.remembered, named=named) if self._clear(destination, message) else []
                for part in parts:
                    over = settled or part is not parts[-1]
                    found = abandoned(place, part, since, settled=over, named=named)
                    if found is not None:
                        yield found

    def _latest(self, wall: bool) -> Instant:
        """When the last message came, by the wall clock or by the run's."""
        places = (self._books[name] for name, place in self._receiving.items() if place.wall is wall)
        known = (known for book in places for known in book.known.values())
        return max((each.latest if isinstance(each, Story) else each[3] for each in known), default=0)

    def _reused(self, place: Receiving, message: str, story: Story, *, retries: bool) -> Iterator[Violation]:
        for content, (before, earlier, _), (number, index, _) in story.reuses(place.remembered):
            found = Violation(
                rule="message-id-unique",
                message=f"{place.name} got one messageId with two contents",
                severity=place.severity,
                payload=index,
                path="$.messageId",
                expected=f"the content of delivery {before}, payload {earlier}",
                actual=f"other content under {message[:120]}",
                deliveries=proof((before, earlier), (number, index)),
            )
            retried = retries and story.refused_until((number, index), content)
            yield retried_otherwise(found, place.name) if retried else found


MESSAGE_ID_UNIQUE = Rule(
    id="message-id-unique",
    sentence="Within a destination, a `messageId` is never used again for other content.",
    source="Handling duplicate data: Segment deduplicates by messageId for at least 24 hours",
    remedy="Make a new messageId for every message, and repeat it only when you send the very same message again.",
    passes=Example(deliveries=(event(track()), event(track(userId="u2", messageId="personas_2")))),
    fails=Example(deliveries=(event(track()), event(track(userId="u2")))),
    history=Messages,
)
