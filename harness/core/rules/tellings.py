"""Messages that tell of one thing, such as an entry: the first sight of each, whatever was retried."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Self, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from harness.core.calls import digest
from harness.core.delivery import Payload
from harness.core.instants import Duration, Instant
from harness.core.rules.sighting import Sighting

_MOST = 255
"""Times that are kept of one stretch; no right sender states two."""
At: TypeAlias = tuple[int, int]
"""A payload's place in a run: the number of its delivery, and its index in it."""


class Sight(Struct, frozen=True, kw_only=True, order=True):
    """One attempt at a message; sights are ordered by when what they tell of happened, then by arrival."""

    happened_at: Instant
    """What the message states, else when its first attempt came; 0 where a capture says neither."""
    at: At
    accepted: bool
    stated: bool
    received_at: Instant
    """When the attempt came; 0 where a capture does not say."""
    message: str = ""
    """Its `messageId`; empty where it has none."""
    doubtful: bool = False
    """Whether nobody knows that this is another message than one before."""

    def follows(self, other: Sight) -> bool:
        """Whether this happened after `other`, or may have: by what both state, else in the order of their arrival."""
        if self.stated and other.stated:
            return self.happened_at >= other.happened_at
        if self.stated == other.stated and self.happened_at and other.happened_at:
            return self > other
        return self.at > other.at


class Stretch(Struct, frozen=True, kw_only=True, gc=False):
    """Attempts under one `messageId` that came soon after each other, so that all are attempts at one message."""

    first: Sight
    since: Instant
    until: Instant
    """When the latest of them came; where a capture does not say, what it states."""
    others: tuple[Instant, ...] = ()
    """What they state besides: the earliest `_MOST` of further times."""

    def near(self, other: Stretch, window: Duration) -> bool:
        """Whether no more than `window` lies between the two."""
        return self.since - window <= other.until and other.since - window <= self.until

    def stated(self) -> set[Instant]:
        """The times that its attempts state."""
        return {*self.others, self.first.happened_at} if self.first.stated else {*self.others}

    def tells_anew(self, earlier: Sequence[Stretch]) -> bool | None:
        """Whether it tells of something else than `earlier` ones did; False: it repeats one, None: nobody knows."""
        if any(self.stated() & stretch.stated() for stretch in earlier):
            return False
        known = all(each.first.stated and each.first.received_at for each in (self, *earlier))
        return True if known else None

    def united(self, other: Stretch) -> Stretch:
        """Both as one."""
        first = min(self.first, other.first)
        stated = (self.stated() | other.stated()) - ({first.happened_at} if first.stated else set())
        return Stretch(
            first=first,
            since=min(self.since, other.since),
            until=max(self.until, other.until),
            others=tuple(sorted(stated)[:_MOST]),
        )


def stretch_of(sight: Sight, until: Instant = 0) -> Stretch:
    """An attempt, repeated without a change until then."""
    came = sight.received_at or sight.happened_at
    return Stretch(first=sight, since=came, until=max(came, until))


def sight_of(sighting: Sighting) -> Sight:
    """The attempt that `sighting` is."""
    stated, named = sighting.timestamp, (sighting.call or sighting.payload).get("messageId")
    return Sight(
        happened_at=sighting.received_at if stated is None else stated,
        at=sighting.at,
        accepted=sighting.accepted,
        stated=stated is not None,
        received_at=sighting.received_at,
        message=named if isinstance(named, str) else "",
    )


class Tellings(Struct, kw_only=True):
    """The messages seen so far, and the attempts at those that have no id."""

    window: Duration
    """How long an id is remembered: what comes again after a longer time may be another message."""
    named: dict[str, tuple[Stretch, ...]] = field(default_factory=dict)
    """By `messageId`, all stretches of attempts, with more than the window between any two."""
    unnamed: dict[bytes, set[Sight]] = field(default_factory=dict)
    """Messages without an id: by content, every sight, since only its order tells a retry from a second message."""

    def add(self, payload: Payload, sight: Sight) -> None:
        """Take an attempt into account: at the message with the payload's `messageId`, else at one of its content."""
        message = payload.get("messageId")
        if isinstance(message, str) and message:
            self.add_named(message, stretch_of(sight))
        else:
            self.unnamed.setdefault(digest(payload), set()).add(sight)

    def add_named(self, message: str, stretch: Stretch) -> None:
        """Take attempts under that id into account."""
        known = self.named.get(message, ())
        apart = [each for each in known if not each.near(stretch, self.window)]
        near = [each for each in known if each.near(stretch, self.window)]
        self.named[message] = (*apart, reduce(Stretch.united, near, stretch))

    def merge(self, other: Self) -> None:
        """Take over what `other` saw."""
        for message, stretches in other.named.items():
            for stretch in stretches:
                self.add_named(message, stretch)
        for content, sights in other.unnamed.items():
            self.unnamed.setdefault(content, set()).update(sights)

    def places(self) -> Iterator[At]:
        """Where attempts were seen: each at messages without an id, the first at the others."""
        yield from (stretch.first.at for stretches in self.named.values() for stretch in stretches)
        yield from (sight.at for sights in self.unnamed.values() for sight in sights)

    def first_sights(self, undone: Sequence[At] = (), *, doubtful: bool = False) -> list[Sight]:
        """The first sight of each message, in order; what undoes such messages was seen at `undone`, in order too.

        `doubtful` adds those that may be another message with the id of one before, or repeat that, long after it.
        """
        return sorted([*self._named_messages(doubtful), *self._unnamed_messages(undone)])

    def _named_messages(self, doubtful: bool) -> Iterator[Sight]:
        for stretches in self.named.values():
            ordered = sorted(stretches, key=lambda stretch: stretch.since)
            for place, stretch in enumerate(ordered):
                anew = place == 0 or stretch.tells_anew(ordered[:place])
                if anew:
                    yield stretch.first
                elif anew is None and doubtful:
                    yield replace(stretch.first, doubtful=True)

    def _unnamed_messages(self, undone: Sequence[At]) -> Iterator[Sight]:
        """Equal content is a retry only after an attempt that failed, and only until that is undone."""
        for sights in self.unnamed.values():
            last: Sight | None = None
            for sight in sorted(sights, key=lambda sight: sight.at):
                if last is None or last.accepted or bisect(undone, last.at) < bisect(undone, sight.at):
                    yield sight
                last = sight
