"""Attempts at messages: what is kept of each, and of all attempts at one message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, pairwise
from typing import NamedTuple, Self, TypeAlias

from msgspec import Struct, field

from harness.core.delivery import Reply, Respond
from harness.core.instants import SECOND, Duration, Instant
from harness.core.retry_after import told_wait

MOST = 256
"""Attempts at one message that are kept, the earliest of them: no right sender makes so many."""
PROMPT: Duration = SECOND
"""An answer that takes longer than this may have come too late for its sender."""
_WITH_STATUS = ("malformed_chunk",)
"""Faults that come behind the head of an answer."""
_UNSURE = range(300, 400)
"""Answers that a client may follow by itself, so that nobody knows what its sender made of them."""

Sight: TypeAlias = tuple[int, int, Instant]
"""Number of the delivery, index in it, and when it came."""
Plain: TypeAlias = tuple[bytes, int, int, Instant]
"""The only attempt at a message, which was accepted: the digest of its content, and its sight."""


class Answered(NamedTuple):
    """What a sender was told of one message in a delivery."""

    status: int = 200
    """0: nothing that is an answer."""
    told: Duration = 0
    """How long to wait, by `Retry-After`; 0: it was not told."""
    sure: bool = True
    """Whether it is known that the sender had this answer."""
    apart: bool = False
    """Whether the answer told several messages apart."""
    at_once: bool = False
    """Whether it was told that it need not wait."""

    @property
    def accepted(self) -> bool:
        """Whether the sender was told that it may forget the message."""
        return 200 <= self.status < 300


ACCEPTED = Answered()


class Attempt(NamedTuple):
    """One attempt at a message; attempts are ordered by their place in the run."""

    number: int
    place: int
    when: Instant
    """0 where nobody knows."""
    content: bytes
    answered: Answered

    @property
    def at(self) -> tuple[int, int]:
        """Its place in the run."""
        return self.number, self.place


def answered_of(reply: Reply, index: int, now: Instant) -> Answered:
    """What `reply`, given at `now`, tells a sender of the payload at `index`."""
    if not isinstance(reply, Respond):
        # However late the connection broke, no sender can take that for an answer, but where the status came before.
        return Answered(status=0, sure=reply.latency <= PROMPT or reply.name not in _WITH_STATUS)
    apart = reply.items is not None and index < len(reply.items)
    status = reply.items[index] if reply.items is not None and apart else reply.status
    if 200 <= status < 300 and not apart:
        return ACCEPTED
    told = told_wait(reply.headers, now) if reply.headers else None
    sure = reply.latency + reply.dribble <= PROMPT and status not in _UNSURE
    return Answered(status=status, told=told or 0, sure=sure, apart=apart, at_once=told == 0)


class Story(Struct, kw_only=True):
    """The attempts at one message until it is accepted, where that was not plainly so at the first; then it is over."""

    contents: dict[bytes, tuple[Sight, Sight]] = field(default_factory=dict)
    """By digest, the first sight of each content that it came with, and the first of the latest time, even after it."""
    attempts: list[Attempt] = field(default_factory=list)
    """In order; the first `MOST` of them. After one that was accepted among others, the next follows."""

    def add(self, attempt: Attempt) -> None:
        """Take an attempt into account."""
        sight = (attempt.number, attempt.place, attempt.when)
        self._sighted(attempt.content, sight, sight)
        if not self.attempts or attempt.at < self.attempts[-1].at or not _is_over(self.attempts):
            self.attempts = _until_over([*self.attempts, attempt])

    def merge(self, other: Self) -> None:
        """Take over what `other` holds."""
        for content, sights in other.contents.items():
            self._sighted(content, *sights)
        self.attempts = _until_over([*self.attempts, *other.attempts])

    def _sighted(self, content: bytes, first: Sight, last: Sight) -> None:
        known = self.contents.get(content)
        if known is not None:
            first, last = min(first, known[0]), min(last, known[1], key=lambda sight: (-sight[2], sight))
        self.contents[content] = first, last

    def reuses(self, window: Duration) -> list[tuple[bytes, Sight, Sight]]:
        """Each time that it came with another content within `window`: the content before, its sight, and the next."""
        if len(self.contents) == 1:
            return []
        firsts = sorted((first, content) for content, (first, _) in self.contents.items())
        every = sorted({(sight, content) for content, sights in self.contents.items() for sight in sights})
        found: dict[frozenset[bytes], tuple[bytes, Sight, Sight]] = {}
        for (before, content), (sight, other) in chain(pairwise(firsts), pairwise(every)):
            if content != other and sight[2] - before[2] <= window:
                found.setdefault(frozenset((content, other)), (content, before, sight))
        return list(found.values())

    def parts(self, window: Duration) -> list[list[Attempt]]:
        """The attempts, by the content that they repeat; none where not all are kept, or another came too early."""
        if len(self.attempts) >= MOST or self.reuses(window):
            return []
        return [list(part) for _, part in groupby(self.attempts, key=lambda attempt: attempt.content)]

    def pairs(self) -> Iterator[tuple[Attempt, Attempt]]:
        """Each attempt with the next one, where that came in another delivery."""
        return ((each, then) for each, then in pairwise(self.attempts) if each.number != then.number)

    def refused_until(self, place: tuple[int, int], content: bytes) -> bool:
        """Whether the message came with `content` only before `place`, and was refused each time."""
        told = [attempt for attempt in self.attempts if attempt.content == content]
        return bool(told) and all(each.at < place and not each.answered.accepted for each in told)


def _until_over(attempts: Iterable[Attempt]) -> list[Attempt]:
    """As many of `attempts` as are kept, in order."""
    kept: list[Attempt] = []
    for attempt in sorted(attempts):
        if len(kept) == MOST or _is_over(kept):
            break
        kept.append(attempt)
    return kept


def _is_over(attempts: Sequence[Attempt]) -> bool:
    """Whether nothing that comes after these attempts tells anything more of the message."""
    accepted = next((place for place, each in enumerate(attempts) if each.answered.accepted), None)
    return accepted is not None and len(attempts) > accepted + attempts[accepted].answered.apart


def story_of(known: Plain | Story) -> Story:
    """All attempts at a message of which `known` is kept."""
    if isinstance(known, Story):
        return known
    story = Story()
    story.add(plain_attempt(known))
    return story


def plain_attempt(known: Plain) -> Attempt:
    """The accepted attempt that `known` is."""
    content, number, index, when = known
    return Attempt(number, index, when, content, ACCEPTED)
