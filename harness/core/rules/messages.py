"""The fold over messages and all attempts at them, and the rule on their ids: `message-id-unique`."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from functools import cache, partial
from typing import Any, Self, TypeAlias

from harness.core.calls import DELETE, digest, is_list_entry
from harness.core.delivery import OK, Payload, RawHeaders, Reply, Violation
from harness.core.destinations.destination import SOURCE
from harness.core.destinations.lists import ADD
from harness.core.instants import Duration, Instant, instant_of
from harness.core.members import member_message
from harness.core.rules.abandoning import Abandoned, abandoned
from harness.core.rules.attempts import ACCEPTED, Answered, Attempt, Plain, Story, answered_of, story_of
from harness.core.rules.entry_accounts import re_entry
from harness.core.rules.examples import event, track
from harness.core.rules.retrying import (
    Receiving,
    breaches,
    receiving,
    repeated_whole,
    retried_otherwise,
)
from harness.core.rules.rule import Example, Follow, Rule
from harness.core.rules.sighting import Sighting, proof

Contents: TypeAlias = dict[Hashable, Plain | Story]
"""By `messageId`, or by list, action and member: the only attempt, where that was accepted, else all of them."""
_ENTRY = b""
"""The content of a list entry, which its message tells already."""


class Messages:
    """Folds over messages: the contents, as hashes, that each came with at a destination, and the attempts at it.

    Of a message that was accepted at its only attempt, one tuple is kept; of any other, all attempts.
    """

    def __init__(self, _: Mapping[str, Any]) -> None:
        self._contents: dict[str, Contents] = {}
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
            contents = self._at(sighting)
            when = sighting.arrived_at if sighting.destination.kind == SOURCE else sighting.received_at
            answered = answered_of(sighting.reply, sighting.index, when)
            _add(contents, message, (content, *sighting.at, when or -(sighting.timestamp or 0)), answered)

    def _named(self, sighting: Sighting) -> tuple[Hashable, bytes] | None:
        """The message that came, and its content; None for what has no name by which it could be known again."""
        call, name = sighting.call, sighting.destination.name
        if call is None:
            if not is_list_entry(sighting.payload):
                return None
            if sighting.payload["action"] != ADD:
                self._undone.add(name)
            return member_message(sighting.payload), _ENTRY
        if call.get("type") == DELETE:
            self._unclear.add(name)
        message = call.get("messageId")
        return (message, digest(call)) if isinstance(message, str) and message else None

    def _at(self, sighting: Sighting) -> Contents:
        name = sighting.destination.name
        if name not in self._receiving or self._receiving[name].wall:
            self._receive(name, receiving(sighting))
        least = re_entry(sighting.candidates) if sighting.call is None else None
        if least is not None:
            self._re_entry[name] = min(least, self._re_entry.get(name, least))
        return self._contents.setdefault(name, {})

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
        contents = self._at(like)

        def see(
            call: Payload, number: int, index: int, received_at: Instant, reply: Reply, headers: RawHeaders
        ) -> None:
            message = call.get("messageId")
            if isinstance(message, str) and message:
                content = digest(call)
                once = (content, number, index, received_at or -(instant_of(call.get("timestamp")) or 0))
                if reply is not OK and (answered := answered_of(reply, index, received_at)) is not ACCEPTED:
                    _add(contents, message, once, answered)
                    return
                known = contents.setdefault(message, once)
                if known is not once and (isinstance(known, Story) or not _says_as_much(known, once)):
                    _add(contents, message, once, ACCEPTED)

        return see

    def _follow_entries(self, like: Sighting) -> Follow:
        contents, undone, name = self._at(like), self._undone, like.destination.name

        def see(
            entry: Payload, number: int, index: int, received_at: Instant, reply: Reply, headers: RawHeaders
        ) -> None:
            if entry["action"] != ADD:
                undone.add(name)
            message, once = member_message(entry), (_ENTRY, number, index, received_at)
            if reply is not OK and (answered := answered_of(reply, index, received_at)) is not ACCEPTED:
                _add(contents, message, once, answered)
            elif isinstance(contents.setdefault(message, once), Story):
                _add(contents, message, once, ACCEPTED)

        return see

    def merge(self, other: Self) -> None:
        """Take over what `other` saw."""
        for name, place in other._receiving.items():
            self._receive(name, place)
        self._unclear |= other._unclear
        self._undone |= other._undone
        for destination, least in other._re_entry.items():
            self._re_entry[destination] = min(least, self._re_entry.get(destination, least))
        for destination, theirs in other._contents.items():
            mine = self._contents.setdefault(destination, {})
            for message, known in theirs.items():
                if message not in mine:
                    mine[message] = _copied(known)
                elif isinstance(known, Story):
                    story = mine[message] = story_of(mine[message])
                    story.merge(known)
                else:
                    _add(mine, message, known, ACCEPTED)

    def violations(self, *, retries: bool = True) -> Iterator[Violation]:
        """What attempts at one message show: other content, back-off, final refusals, whole batches.

        `retries` says whether a retry with other content is told as that, or as an id that is used again.
        """
        for destination in self._contents:
            place, stories = self._receiving[destination], dict(self._stories(destination))
            for message, story in stories.items():
                if len(story.contents) > 1:
                    yield from self._reused(place, str(message), story, retries=retries)
                if self._clear(destination, message):
                    named = isinstance(message, str)
                    anew = None if named else self._re_entry.get(destination)
                    for part in story.parts(place.remembered, named=named):
                        yield from breaches(place, part, named=named, anew=anew)
            told_apart = (story for message, story in stories.items() if self._clear(destination, message))
            yield from repeated_whole(place, tuple(told_apart))

    def _clear(self, destination: str, message: Hashable) -> bool:
        """Whether what comes again can be none but `message`."""
        return isinstance(message, str) or destination not in self._undone

    def abandoned(self, *, settled: bool) -> Iterator[Abandoned]:
        """The messages that were to be sent again and were not; `settled` says that nothing more was to come."""
        latest = cache(self._latest)
        for destination, place in self._receiving.items():
            if destination in self._unclear:
                continue
            for message, story in self._stories(destination):
                since, named = partial(latest, place.wall), isinstance(message, str)
                parts = story.parts(place.remembered, named=named) if self._clear(destination, message) else []
                for part in parts:
                    over = settled or part is not parts[-1]
                    found = abandoned(place, part, since, settled=over, named=named)
                    if found is not None:
                        yield found

    def _latest(self, wall: bool) -> Instant:
        """When the last message came, by the wall clock or by the run's."""
        places = (self._contents[name] for name, place in self._receiving.items() if place.wall is wall)
        known = (known for contents in places for known in contents.values())
        return max((each.latest if isinstance(each, Story) else each[3] for each in known), default=0)

    def _stories(self, destination: str) -> list[tuple[Hashable, Story]]:
        """The messages of which all attempts are kept."""
        every = self._contents[destination].items()
        return [(message, known) for message, known in every if isinstance(known, Story)]

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


def _add(contents: Contents, message: Hashable, plain: Plain, answered: Answered) -> None:
    """Note an attempt at a message."""
    content, number, index, when = plain
    known = contents.get(message)
    if answered is ACCEPTED and (known is None or (not isinstance(known, Story) and _says_as_much(known, plain))):
        contents[message] = plain if known is None else min(plain, known)
        return
    story = Story() if known is None else story_of(known)
    story.add(Attempt(number, index, when, content, answered))
    contents[message] = story


def _says_as_much(known: Plain, plain: Plain) -> bool:
    """Whether to keep one of the two is enough: they have one content, and, where others may come, one time."""
    return known[0] == plain[0] and (known[3] == plain[3] or plain[0] == _ENTRY)


def _copied(known: Plain | Story) -> Plain | Story:
    if not isinstance(known, Story):
        return known
    return Story(contents=dict(known.contents), attempts=list(known.attempts))


MESSAGE_ID_UNIQUE = Rule(
    id="message-id-unique",
    sentence="Within a destination, a `messageId` is never used again for other content.",
    source="Handling duplicate data: Segment deduplicates by messageId for at least 24 hours",
    remedy="Make a new messageId for every message, and repeat it only when you send the very same message again.",
    passes=Example(deliveries=(event(track()), event(track(userId="u2", messageId="personas_2")))),
    fails=Example(deliveries=(event(track()), event(track(userId="u2")))),
    history=Messages,
)
