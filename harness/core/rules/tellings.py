"""Messages that tell of one thing, such as an entry: the first sight of each, whatever was retried."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from typing import Self, TypeAlias

from msgspec import Struct, field

from harness.core.calls import digest
from harness.core.delivery import Payload
from harness.core.instants import Instant
from harness.core.rules.sighting import Sighting

At: TypeAlias = tuple[int, int]
"""A payload's place in a run: the number of its delivery, and its index in it."""


class Sight(Struct, frozen=True, kw_only=True, order=True):
    """One attempt at a message; sights are ordered by when what they tell of happened, then by arrival."""

    happened_at: Instant
    """What the message states, else when its first attempt came; 0 where a capture says neither."""
    at: At
    accepted: bool
    stated: bool

    def follows(self, other: Sight) -> bool:
        """Whether this happened after `other`, or may have: by what both state, else in the order of their arrival."""
        if self.stated and other.stated:
            return self.happened_at >= other.happened_at
        if self.stated == other.stated and self.happened_at and other.happened_at:
            return self > other
        return self.at > other.at


def sight_of(sighting: Sighting) -> Sight:
    """The attempt that `sighting` is."""
    stated = sighting.timestamp
    return Sight(
        happened_at=sighting.received_at if stated is None else stated,
        at=sighting.at,
        accepted=sighting.accepted,
        stated=stated is not None,
    )


class Tellings(Struct, kw_only=True):
    """The messages seen so far, and the attempts at those that have no id."""

    named: dict[str, Sight] = field(default_factory=dict)
    """By `messageId`, the first sight of each."""
    unnamed: dict[bytes, set[Sight]] = field(default_factory=dict)
    """Messages without an id: by content, every sight, since only its order tells a retry from a second message."""

    def add(self, payload: Payload, sight: Sight) -> None:
        """Take an attempt into account: at the message with the payload's `messageId`, else at one of its content."""
        message = payload.get("messageId")
        if isinstance(message, str) and message:
            self.add_named(message, sight)
        else:
            self.unnamed.setdefault(digest(payload), set()).add(sight)

    def add_named(self, message: str, sight: Sight) -> None:
        """Take an attempt at the message of that id into account."""
        self.named[message] = min(sight, self.named.get(message, sight))

    def merge(self, other: Self) -> None:
        """Take over what `other` saw."""
        for message, sight in other.named.items():
            self.add_named(message, sight)
        for content, sights in other.unnamed.items():
            self.unnamed.setdefault(content, set()).update(sights)

    def places(self) -> Iterator[At]:
        """Where attempts were seen: each at messages without an id, the first at the others."""
        yield from (sight.at for sight in self.named.values())
        yield from (sight.at for sights in self.unnamed.values() for sight in sights)

    def first_sights(self, undone: Sequence[At] = ()) -> list[Sight]:
        """The first sight of each message, in order; what undoes such messages was seen at `undone`, in order too."""
        return sorted([*self.named.values(), *self._unnamed_messages(undone)])

    def _unnamed_messages(self, undone: Sequence[At]) -> Iterator[Sight]:
        """Equal content is a retry only after an attempt that failed, and only until that is undone."""
        for sights in self.unnamed.values():
            last: Sight | None = None
            for sight in sorted(sights, key=lambda sight: sight.at):
                if last is None or last.accepted or bisect(undone, last.at) < bisect(undone, sight.at):
                    yield sight
                last = sight
