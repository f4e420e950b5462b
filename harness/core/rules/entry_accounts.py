"""What was seen of one user at one step: the messages that tell of their entries, and which of them are too many."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct, field

from harness.core.declarations import DeclaredStep
from harness.core.delivery import Severity, Violation
from harness.core.instants import MINUTE, Duration, say_duration
from harness.core.rules.sighting import proof
from harness.core.rules.tellings import Sight, Stretch, Tellings

_JITTER = MINUTE
"""How much sooner than declared a second entry may come, where no message states its time: attempts come unevenly."""


class Account(Struct, frozen=True, kw_only=True):
    """What was seen of one user at one step of one destination, in one type of call."""

    re_entry: Duration | None
    """The least time between two entries; None: nobody may enter again."""
    look_alikes: int
    """How many messages one entry may have: one for each email that the profile declares."""
    what: str
    """Who got what for whom, for messages."""
    messages: Tellings
    users: set[str] = field(default_factory=set)
    """Every `userId` and `anonymousId` that came with it."""

    def take(self, message: str, stretch: Stretch, users: Iterable[str]) -> None:
        """Note attempts at the message of that id."""
        self.users.update(users)
        self.messages.add_named(message, stretch)

    def merge(self, other: Account) -> None:
        """Take over what `other` holds."""
        self.users.update(other.users)
        self.messages.merge(other.messages)


def surplus(entries: Account, ends: Collection[Sight], severity: Severity) -> Iterator[Violation]:
    """One violation for each message that belongs to an entry which already has as many as it may have.

    `ends` are the ends of entries: a user asked to be forgotten, or left where users come and go.
    """
    opened: Sight | None = None
    told = 0
    for sight in entries.messages.first_sights():
        if opened is None or _re_enters(entries, opened, sight) or _ended(opened, sight, ends):
            opened, told = sight, 1
        elif told < entries.look_alikes:
            told += 1
        else:
            messages = "1 message" if entries.look_alikes == 1 else f"{entries.look_alikes} messages"
            wait, gap = entries.re_entry, sight.happened_at - opened.happened_at
            until = "" if wait is None else f", and no other entry until {say_duration(wait)} after it"
            yield Violation(
                rule="once-per-entry",
                severity=severity,
                message=f"{entries.what} more than once for one entry",
                payload=sight.at[1],
                path="$.timestamp" if sight.message and sight.message == opened.message else "$.messageId",
                expected=f"{messages} for each entry{until}",
                actual="one message more, which is no retry" + (f", {say_duration(gap)} after it" if until else ""),
                deliveries=proof(opened.at, sight.at),
            )


def _ended(opened: Sight, sight: Sight, ends: Collection[Sight]) -> bool:
    """Whether the entry that was opened came to an end before that of `sight`."""
    return any(end.follows(opened) and sight.follows(end) for end in ends)


def _re_enters(entries: Account, opened: Sight, sight: Sight) -> bool:
    """Whether a user may be in for a second time by then; nobody is accused where a capture does not say when."""
    if entries.re_entry is None:
        return False
    untimed = not opened.happened_at or not sight.happened_at
    slack = 0 if opened.stated and sight.stated else _JITTER
    return untimed or sight.happened_at - opened.happened_at >= entries.re_entry - slack


def re_entry(steps: Iterable[DeclaredStep]) -> Duration | None:
    """The least time between two entries of one of `steps`.

    Users exit a while after they entered the journey, so a step that is not its only one may be entered just before.
    """
    times = [
        step.journey.re_entry_after + ((step.journey.exit_after or 0) if len(step.journey.steps) == 1 else 0)
        for step in steps
        if step.journey.re_entry_after is not None
    ]
    return min(times, default=None)
