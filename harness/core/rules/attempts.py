"""Attempts at messages: what is kept of each, and of all attempts at one message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
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
"""Number of the delivery, index in it, and when it came; where nobody knows, what it states, below 0, or 0."""
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
    """When it came; where nobody knows, what it states, below 0, or 0."""
    content: bytes
    answered: Answered

    @property
    def at(self) -> tuple[int, int]:
        """Its place in the run."""
        return self.number, self.place

    def repeats(self, before: Attempt) -> bool:
        """Whether it tells nothing that one before it does not: it was accepted at the same time, as that was."""
        accepted = self.answered == before.answered == ACCEPTED
        return accepted and self.when == before.when and self.content == before.content


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
    """The attempts at one message, where there was more than a single one that was accepted."""

    contents: dict[bytes, tuple[Sight, Sight]] = field(default_factory=dict)
    """By digest, the first sight of each content that it came with, and the first of the latest time."""
    attempts: list[Attempt] = field(default_factory=list)
    """In order; the first `MOST` of them."""

    def add(self, attempt: Attempt) -> None:
        """Take an attempt into account."""
        sight = (attempt.number, attempt.place, attempt.when)
        self._sighted(attempt.content, sight, sight)
        if self.attempts and attempt.at < self.attempts[-1].at:
            self.attempts = _telling([*self.attempts, attempt])
        elif len(self.attempts) < MOST and not any(attempt.repeats(each) for each in self.attempts):
            self.attempts.append(attempt)

    def merge(self, other: Self) -> None:
        """Take over what `other` holds."""
        for content, sights in other.contents.items():
            self._sighted(content, *sights)
        self.attempts = _telling([*self.attempts, *other.attempts])

    def _sighted(self, content: bytes, first: Sight, last: Sight) -> None:
        known = self.contents.get(content)
        if known is not None:
            first, last = min(first, known[0]), min(last, known[1], key=lambda sight: (-sight[2], sight))
        self.contents[content] = first, last

    def reuses(self, window: Duration) -> list[tuple[bytes, Sight, Sight]]:
        """Each time that it came with another content within `window`: the content before, its sight, and the next."""
        if len(self.contents) == 1:
            return []
        found: dict[frozenset[bytes], tuple[bytes, Sight, Sight]] = {}
        firsts: dict[bytes, Sight] = {}
        before: tuple[bytes, Sight] | None = None
        for content, sight in self._sights():
            if before is None or not _within(window, before[1], sight):
                firsts = {}
            elif content not in firsts:
                first = firsts[before[0]]
                told = first if _within(window, first, sight) else before[1]
                found.setdefault(frozenset((before[0], content)), (before[0], told, sight))
            firsts.setdefault(content, sight)
            before = content, sight
        return list(found.values())

    def _sights(self) -> list[tuple[bytes, Sight]]:
        """All sights that are kept, with what came, in the order of their times as far as these are known."""
        every = {(content, sight) for content, sights in self.contents.items() for sight in sights}
        every |= {(each.content, (each.number, each.place, each.when)) for each in self.attempts}
        timed = all(sight[2] > 0 for _, sight in every)
        return sorted(every, key=lambda seen: (seen[1][2] if timed else 0, seen[1]))

    def parts(self, window: Duration, *, named: bool) -> list[list[Attempt]]:
        """The attempts until one is accepted, by the content that they repeat; none where not all are kept.

        What comes after more than `window` is sent anew. `named`: it can be none but that message; others end with the
        first part that was accepted. None either where another content came within `window`.
        """
        if len(self.attempts) >= MOST or self.reuses(window):
            return []
        parts: list[list[Attempt]] = []
        last: Attempt | None = None
        for attempt in self._in_order():
            over = bool(parts) and _is_over(parts[-1])
            anew = last is not None and 0 < last.when < attempt.when - window
            if not parts or (anew and over and named) or (not over and attempt.content != parts[-1][-1].content):
                parts.append([attempt])
            elif not over:
                parts[-1].append(attempt)
            last = attempt
        return parts

    def _in_order(self) -> list[Attempt]:
        """The attempts by time, where all are known to have one; else by their places."""
        timed = all(each.when > 0 for each in self.attempts)
        return sorted(self.attempts, key=lambda each: (each.when if timed else 0, each.at))

    def pairs(self) -> Iterator[tuple[Attempt, Attempt]]:
        """Each attempt, until one was accepted, with the next one, where that came in another delivery."""
        told = _until_over(self._in_order())
        return ((each, then) for each, then in pairwise(told) if each.number != then.number)

    @property
    def latest(self) -> Instant:
        """When the last of the attempts came that are kept."""
        return max(each.when for each in self.attempts)

    def refused_until(self, place: tuple[int, int], content: bytes) -> bool:
        """Whether the message came with `content` only before `place`, and was refused each time."""
        told = [attempt for attempt in _until_over(self._in_order()) if attempt.content == content]
        return bool(told) and all(each.at < place and not each.answered.accepted for each in told)


def _within(window: Duration, before: Sight, then: Sight) -> bool:
    """Whether no more than `window` lies between two sights, as far as both say the same; else nobody knows."""
    first, second = before[2], then[2]
    if (first > 0) is not (second > 0):
        return False
    return not first or not second or abs(second - first) <= window


def _telling(attempts: Iterable[Attempt]) -> list[Attempt]:
    """As many of `attempts` as are kept, in order, without those that tell nothing new."""
    kept: list[Attempt] = []
    for attempt in sorted(attempts):
        if len(kept) < MOST and not any(attempt.repeats(each) for each in kept):
            kept.append(attempt)
    return kept


def _until_over(attempts: Iterable[Attempt]) -> list[Attempt]:
    """`attempts` until nothing more is told of the message."""
    kept: list[Attempt] = []
    for attempt in attempts:
        if _is_over(kept):
            break
        kept.append(attempt)
    return kept


def _is_over(attempts: Sequence[Attempt]) -> bool:
    """Whether nothing that comes after these attempts tells anything more of the message."""
    accepted = next((place for place, each in enumerate(attempts) if each.answered.accepted), None)
    return accepted is not None and len(attempts) > accepted + attempts[accepted].answered.apart
