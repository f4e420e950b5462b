"""Messages that a sender gave up too early: tried again too seldom, or never."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from msgspec import Struct

from harness.core.delivery import Violation
from harness.core.instants import Instant, say_duration
from harness.core.retry_profiles import RetryProfile
from harness.core.rules.attempts import Attempt
from harness.core.rules.retrying import Receiving, breach, overrun, sendings, until_accepted

_GROWTH = 4
"""A back-off's next wait is at most so many times its last one, or the profile's cap."""


class Abandoned(Struct, frozen=True, kw_only=True):
    """A message that was to be sent again and was not."""

    destination: str
    attempts: tuple[int, ...]
    """The numbers of the deliveries that it came with."""
    violation: Violation


def abandoned(
    place: Receiving, attempts: Sequence[Attempt], latest: Callable[[], Instant], *, settled: bool, named: bool
) -> Abandoned | None:
    """The message, where its last attempt failed and another was due by now; None where nobody can know.

    `latest` says when the last of all messages came. What is sent anew later was due before that, too.
    """
    profile = place.profile
    if profile is None:
        return None
    parted = list(sendings(place, profile, until_accepted(attempts), named))
    for tries, anew in pairwise([*parted, []]):
        if not _was_due(profile, tries):
            continue
        if anew:
            return _abandoned(
                place, profile, tries, f"got it again only after {say_duration(anew[0].when - tries[-1].when)}"
            )
        if settled or latest() > tries[0].when + overrun(profile.window):
            return _abandoned(place, profile, tries, "never got it again")
    return None


def _was_due(profile: RetryProfile, tries: Sequence[Attempt]) -> bool:
    """Whether another attempt had to follow these."""
    last = tries[-1].answered
    if last.accepted or not last.sure or not profile.retries(last.status):
        return False
    return tries[0].when > 0 and tries[-1].when > 0 and not _may_give_up(profile, tries)


def _may_give_up(profile: RetryProfile, tries: Sequence[Attempt]) -> bool:
    """Whether the next attempt may fall beyond what the profile allows."""
    first, last = tries[0], tries[-1]
    if profile.attempts is not None and len(tries) >= profile.attempts:
        return True
    told = any(each.answered.told for each in tries)
    window = profile.told_in_all if told and profile.told_in_all is not None else profile.window
    waited = last.when - tries[-2].when if len(tries) > 1 and tries[-2].when > 0 else 0
    longest = max(_GROWTH * waited, profile.cap) if waited else 0
    return last.when + max(longest, last.answered.told) > first.when + window


def _abandoned(place: Receiving, profile: RetryProfile, tries: Sequence[Attempt], what: str) -> Abandoned:
    first, last = tries[0], tries[-1]
    spent = say_duration(last.when - first.when)
    tried = "1 attempt" if len(tries) == 1 else f"{len(tries)} attempts in {spent}"
    violation = breach(
        place,
        tries[-1:],
        f"answered a message {last.answered.status or 'nothing'}, and {what}",
        f"another attempt, as there was time until {say_duration(profile.window)} after the first",
        f"none after {tried}",
    )
    return Abandoned(destination=place.name, attempts=tuple(each.number for each in tries), violation=violation)
