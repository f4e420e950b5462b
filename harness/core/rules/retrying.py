"""What the attempts at one message show of its sender: what it tries again, how soon, and how long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from harness.core.delivery import Violation
from harness.core.destinations.destination import SOURCE
from harness.core.instants import MILLISECOND, Duration, Instant, format_duration
from harness.core.retry_profiles import NOT_JUDGED, RetryProfile, retry_profile
from harness.core.rules.attempts import Attempt, Story
from harness.core.rules.sighting import Sighting, proof

RETRY_POLICY = "retry-policy"
RETRY_SAME_MESSAGE = "retry-same-message"

_TWENTIETH = 20
"""Times are judged to one part in so many, and to `_JITTER`: requests do not travel evenly."""
_JITTER: Duration = 50 * MILLISECOND
_ALIKE = 4
"""So many waits in a row that are alike are no back-off."""
_GROWTH = 4
"""A back-off's next wait is at most so many times its last one, or the profile's cap."""


class Receiving(Struct, frozen=True, kw_only=True):
    """A destination, as far as it matters to those who send to it."""

    name: str
    profile: RetryProfile | None
    """How its senders retry; None where nobody knows."""
    wall: bool
    """Whether its senders go by the wall clock, whatever the run's clock says."""


def receiving(sighting: Sighting) -> Receiving:
    """The destination that `sighting` is of; nobody knows what an endpoint behind it made its senders wait."""
    destination, given = sighting.destination, sighting.destination.retries
    source = destination.kind == SOURCE
    if given is None and not source:
        given = retry_profile(sighting.parameters.get("retry_profile", "segment"))
    judged = given is not NOT_JUDGED and destination.url is None
    return Receiving(name=destination.name, profile=given if judged else None, wall=source)


class Abandoned(Struct, frozen=True, kw_only=True):
    """A message that was to be sent again and was not."""

    destination: str
    attempts: tuple[int, ...]
    """The numbers of the deliveries that it came with."""
    violation: Violation


def retried_otherwise(violation: Violation, destination: str) -> Violation:
    """The breach of another rule as what it is where the message before was refused: a retry that changed it."""
    renamed = violation.rule == "once-per-entry"
    return replace(
        violation,
        rule=RETRY_SAME_MESSAGE,
        message=f"{destination} refused a message, and got it again "
        + ("under another messageId" if renamed else "with other content"),
        expected=f"the message of delivery {violation.deliveries[0]}, unchanged",
        actual="another messageId" if renamed else "other content under that messageId",
    )


def breaches(place: Receiving, attempts: Sequence[Attempt], *, named: bool) -> Iterator[Violation]:
    """The first breach of each kind in the attempts at one message; `named`: it can be none but that message."""
    if place.profile is not None:
        told: set[str] = set()
        for kind, violation in _found(place, place.profile, list(_until_accepted(attempts)), named):
            if kind not in told:
                told.add(kind)
                yield violation


def _until_accepted(attempts: Sequence[Attempt]) -> Iterator[Attempt]:
    """The attempts until one is accepted; of each delivery the first."""
    last = 0
    for attempt in attempts:
        if attempt.number != last:
            yield attempt
            if attempt.answered.accepted:
                return
        last = attempt.number


def _found(
    place: Receiving, profile: RetryProfile, attempts: Sequence[Attempt], named: bool
) -> Iterator[tuple[str, Violation]]:
    waits, nth, allowed = list[Duration](), 0, set(profile.once)
    for before, then in pairwise(attempts):
        gap, answered = _gap(before, then), before.answered
        nth = 0 if answered.told else nth + 1
        if answered.sure and not profile.retries(answered.status):
            if named and answered.status not in allowed and not _anew(profile, gap):
                yield "final", _final(place, profile, before, then)
            allowed.discard(answered.status)
        elif gap is not None:
            yield from _too_soon(place, profile, (before, then), gap, nth)
            yield from _too_late(place, profile, (attempts[0], then), gap)
            waits = [*waits, gap] if answered.sure and not answered.told else []
            if not profile.even and _all_alike(waits[-_ALIKE:], profile):
                actual = f"{_ALIKE} waits of {_span(gap)} each"
                yield "alike", _breach(place, (before, then), "does not back off", "waits that grow", actual)
    if profile.attempts is not None and nth + 1 > profile.attempts:
        expected = f"at most {profile.attempts} attempts"
        yield "attempts", _breach(place, attempts[-2:], "does not give up", expected, f"attempt {nth + 1}")


def _gap(before: Attempt, then: Attempt) -> Duration | None:
    """The time between two attempts; None where nobody knows, or the clock stood still for the sender."""
    known = before.when > 0 and then.when > before.when
    return then.when - before.when if known else None


def _anew(profile: RetryProfile, gap: Duration | None) -> bool:
    """Whether a message that comes again after such a time is sent anew, and not tried again."""
    return gap is not None and gap > profile.window


def _final(place: Receiving, profile: RetryProfile, before: Attempt, then: Attempt) -> Violation:
    answer = before.answered.status
    often = " a second time" if answer in profile.once else ""
    return _breach(place, (before, then), f"tries a message again that it answered {answer}{often}",
        f"no retry after {answer}{often}", "one more attempt")  # fmt: skip


def _too_soon(
    place: Receiving, profile: RetryProfile, pair: tuple[Attempt, Attempt], gap: Duration, nth: int
) -> Iterator[tuple[str, Violation]]:
    answered = pair[0].answered
    told = min(answered.told, profile.told_most) if answered.status in profile.obeys else 0
    if told and gap < _floor(told):
        yield (
            "told",
            _breach(
                place, pair, "does not obey Retry-After", f"no attempt for {_span(told)}", f"one after {_span(gap)}"
            ),
        )
    elif not answered.told and gap < _floor(least := profile.least_wait(nth)):
        expected = f"a wait of at least {_span(least)} before retry {nth}"
        yield "soon", _breach(place, pair, "tries again without a back-off", expected, f"one after {_span(gap)}")


def _too_late(
    place: Receiving, profile: RetryProfile, pair: tuple[Attempt, Attempt], gap: Duration
) -> Iterator[tuple[str, Violation]]:
    first, then = pair
    if not first.when or gap > profile.window:
        return
    elapsed = then.when - first.when
    if elapsed > profile.window + profile.window // _TWENTIETH:
        expected = f"no attempt more than {_span(profile.window)} after the first"
        yield "late", _breach(place, (first, then), "does not give up", expected, f"one after {_span(elapsed)}")


def _all_alike(waits: Sequence[Duration], profile: RetryProfile) -> bool:
    if len(waits) < _ALIKE or max(waits) >= profile.cap // 2:
        return False
    return max(waits) - min(waits) <= max(waits) // _TWENTIETH


def repeated_whole(destination: str, stories: Sequence[Story]) -> Iterator[Violation]:
    """One breach for each message that was accepted by itself, and came again together with those that were not."""
    again = {
        (before.number, then.number)
        for story in stories
        for before, then in story.pairs()
        if before.answered.apart and not before.answered.accepted and before.answered.sure
    }
    for story in stories if again else ():
        for before, then in story.pairs():
            answered = before.answered
            if answered.apart and answered.accepted and answered.sure and (before.number, then.number) in again:
                yield Violation(
                    rule=RETRY_SAME_MESSAGE,
                    message=f"{destination} took this part of a batch, and got it again with those that failed",
                    payload=then.place,
                    expected=f"only what failed in delivery {before.number}",
                    actual=f"what was answered {answered.status} there",
                    deliveries=proof(before.at, then.at),
                )


def abandoned(
    place: Receiving, attempts: Sequence[Attempt], latest: Callable[[], Instant], settled: bool
) -> Abandoned | None:
    """The message, where its last attempt failed and another was due by now; None where nobody can know.

    `latest` says when the last of all messages came.
    """
    tries = list(_until_accepted(attempts))
    first, last, profile = tries[0], tries[-1], place.profile
    answered = last.answered
    if profile is None or answered.accepted or not answered.sure or not profile.retries(answered.status):
        return None
    if not (first.when and last.when) or not (settled or latest() > first.when + profile.window * 21 // 20):
        return None
    if _may_give_up(profile, tries):
        return None
    tried = f"{len(tries)} attempt{'' if len(tries) == 1 else 's'}"
    violation = _breach(
        place,
        tries[-1:],
        f"answered a message {answered.status or 'nothing'}, and never got it again",
        f"another attempt, as there was time until {_span(profile.window)} after the first",
        f"none after {tried} in {_span(last.when - first.when)}",
    )
    return Abandoned(destination=place.name, attempts=tuple(each.number for each in tries), violation=violation)


def _may_give_up(profile: RetryProfile, tries: Sequence[Attempt]) -> bool:
    """Whether the next attempt may fall beyond what the profile allows."""
    first, last = tries[0], tries[-1]
    if profile.attempts is not None and len(tries) >= profile.attempts:
        return True
    told = any(each.answered.told for each in tries)
    window = profile.told_in_all if told and profile.told_in_all is not None else profile.window
    waited = last.when - tries[-2].when if len(tries) > 1 else 0
    longest = max(_GROWTH * waited, profile.cap) if waited else 0
    return last.when + max(longest, last.answered.told) > first.when + window


def _breach(place: Receiving, attempts: Iterable[Attempt], what: str, expected: str, actual: str) -> Violation:
    places = [attempt.at for attempt in attempts]
    subject = place.name if what.startswith("answered") else f"the sender to {place.name}"
    return Violation(
        rule=RETRY_POLICY,
        message=f"{subject} {what}",
        payload=places[-1][1],
        expected=f"{expected} ({place.profile.name})" if place.profile else expected,
        actual=actual,
        deliveries=proof(*places),
    )


def _floor(wait: Duration) -> Duration:
    return wait - wait // _TWENTIETH - _JITTER


def _span(duration: Duration) -> str:
    """A duration in the largest unit that says it well."""
    return format_duration(duration // MILLISECOND * MILLISECOND) if duration >= MILLISECOND else "less than 1ms"
