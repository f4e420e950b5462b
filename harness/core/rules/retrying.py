"""What the attempts at one message show of its sender: what it tries again, how soon, and how long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from harness.core.delivery import Severity, Violation
from harness.core.destinations.destination import SOURCE
from harness.core.instants import HOUR, MILLISECOND, Duration, parse_duration, say_duration
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


class Receiving(Struct, frozen=True, kw_only=True):
    """A destination, as far as it matters to those who send to it."""

    name: str
    profile: RetryProfile | None
    """How its senders retry; None where nobody knows."""
    wall: bool
    """Whether its senders go by the wall clock, whatever the run's clock says."""
    remembered: Duration
    """What comes again after so long is sent anew, such as by a replay, and is no retry."""
    severity: Severity
    """A warning where nobody knows that it was one destination."""


def message_id_window(parameters: Mapping[str, Any]) -> Duration:
    """How long the id of a message is remembered, by a contract's parameters."""
    window = parameters.get("message_id_window")
    return parse_duration(window) if isinstance(window, str) else 24 * HOUR


def receiving(sighting: Sighting) -> Receiving:
    """The destination that `sighting` is of; nobody knows what an endpoint behind it made its senders wait."""
    window = message_id_window(sighting.parameters)
    destination, given = sighting.destination, sighting.destination.retries
    source = destination.kind == SOURCE
    if given is None and not source:
        given = retry_profile(sighting.parameters.get("retry_profile", "segment"))
    judged = given is not NOT_JUDGED and destination.url is None
    return Receiving(
        name=destination.name,
        profile=given if judged else None,
        wall=source,
        remembered=max(window, overrun(given.window) if judged and given is not None else 0),
        severity="error" if destination.named else "warning",
    )


def retried_otherwise(violation: Violation, destination: str) -> Violation:
    """The breach of another rule as what it is where the message before was refused: a retry that changed it."""
    renamed = violation.rule == "once-per-entry" and violation.path == "$.messageId"
    return replace(
        violation,
        rule=RETRY_SAME_MESSAGE,
        message=f"{destination} refused a message, and got it again "
        + ("under another messageId" if renamed else "with other content"),
        expected=f"the message of delivery {violation.deliveries[0]}, unchanged",
        actual="another messageId" if renamed else "other content under that messageId",
    )


def breaches(
    place: Receiving, attempts: Sequence[Attempt], *, named: bool, anew: Duration | None = None
) -> Iterator[Violation]:
    """The first breach of each kind in the attempts at one message; `named`: it can be none but that message.

    `anew` is how long after the first of the attempts another message may come that looks like it; None: never.
    """
    if place.profile is None:
        return
    told: set[str] = set()
    for sending in sendings(place, place.profile, until_accepted(attempts), named):
        until = sending[0].when + anew if anew is not None and sending[0].when > 0 else None
        tries = [attempt for attempt in sending if until is None or attempt.when < until]
        for kind, violation in _found(place, place.profile, tries, named):
            if kind not in told:
                told.add(kind)
                yield violation


def sendings(
    place: Receiving, profile: RetryProfile, attempts: Iterable[Attempt], named: bool
) -> Iterator[list[Attempt]]:
    """The attempts, parted where the message is sent anew, and not tried again."""
    sending: list[Attempt] = []
    for attempt in attempts:
        if sending:
            gap, answered = _gap(sending[-1], attempt), sending[-1].answered
            over = not named and answered.sure and not profile.retries(answered.status)
            if over or (gap is not None and gap >= place.remembered):
                yield sending
                sending = []
        sending.append(attempt)
    yield sending


def until_accepted(attempts: Iterable[Attempt]) -> Iterator[Attempt]:
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
    waits, nth, most, allowed = list[Duration](), 0, 0, set(profile.once)
    for before, then in pairwise(attempts):
        gap, answered = _gap(before, then), before.answered
        nth = 0 if answered.told else nth + 1
        most = max(most, nth)
        if answered.sure and not profile.retries(answered.status):
            if named and answered.status not in allowed:
                yield "final", _final(place, profile, before, then)
            allowed.discard(answered.status)
        elif gap is not None:
            yield from _too_soon(place, profile, (before, then), gap, nth)
            yield from _too_late(place, profile, (attempts[0], then))
            waits = [*waits, gap] if answered.sure and not answered.told else []
            if not profile.even and _all_alike(waits[-_ALIKE:], profile):
                actual = f"{_ALIKE} waits of {say_duration(gap)} each"
                yield "alike", breach(place, (before, then), "does not back off", "waits that grow", actual)
    if profile.attempts is not None and most + 1 > profile.attempts:
        expected = f"at most {profile.attempts} attempts"
        yield "attempts", breach(place, attempts[-2:], "does not give up", expected, f"attempt {most + 1}")


def _gap(before: Attempt, then: Attempt) -> Duration | None:
    """The time between two attempts; None where nobody knows, or the clock stood still for the sender."""
    known = before.when > 0 and then.when > before.when
    return then.when - before.when if known else None


def _final(place: Receiving, profile: RetryProfile, before: Attempt, then: Attempt) -> Violation:
    answer = before.answered.status
    often = " a second time" if answer in profile.once else ""
    return breach(place, (before, then), f"tries a message again that it answered {answer}{often}",
        f"no retry after {answer}{often}", "one more attempt")  # fmt: skip


def _too_soon(
    place: Receiving, profile: RetryProfile, pair: tuple[Attempt, Attempt], gap: Duration, nth: int
) -> Iterator[tuple[str, Violation]]:
    answered = pair[0].answered
    told = min(answered.told, profile.told_most) if answered.status in profile.obeys else 0
    if told and gap < _floor(told):
        expected = f"no attempt for {say_duration(told)}"
        yield "told", breach(place, pair, "does not obey Retry-After", expected, f"one after {say_duration(gap)}")
    elif not answered.told and not answered.at_once and gap < _floor(least := profile.least_wait(nth)):
        expected = f"a wait of at least {say_duration(least)} before retry {nth}"
        yield "soon", breach(place, pair, "tries again without a back-off", expected, f"one after {say_duration(gap)}")


def _too_late(
    place: Receiving, profile: RetryProfile, pair: tuple[Attempt, Attempt]
) -> Iterator[tuple[str, Violation]]:
    first, then = pair
    if first.when > 0 and (elapsed := then.when - first.when) > overrun(profile.window):
        expected = f"no attempt more than {say_duration(profile.window)} after the first"
        yield "late", breach(place, (first, then), "does not give up", expected, f"one after {say_duration(elapsed)}")


def _all_alike(waits: Sequence[Duration], profile: RetryProfile) -> bool:
    if len(waits) < _ALIKE or max(waits) >= profile.cap // 2:
        return False
    return max(waits) - min(waits) <= max(waits) // _TWENTIETH


def repeated_whole(place: Receiving, stories: Iterable[Story]) -> Iterator[Violation]:
    """One breach for each message that was accepted by itself, and came again together with those that were not."""
    stories = [story for story in stories if any(attempt.answered.apart for attempt in story.attempts)]

    def anew(before: Attempt, then: Attempt) -> bool:
        return (_gap(before, then) or 0) >= place.remembered

    again = {
        (before.number, then.number)
        for story in stories
        for before, then in story.pairs()
        if before.answered.apart and not before.answered.accepted and before.answered.sure and not anew(before, then)
    }
    for story in stories if again else ():
        for before, then in story.pairs():
            answered = before.answered
            told = answered.apart and answered.accepted and answered.sure and not anew(before, then)
            if told and (before.number, then.number) in again:
                yield Violation(
                    rule=RETRY_SAME_MESSAGE,
                    message=f"{place.name} took this part of a batch, and got it again with those that failed",
                    severity=place.severity,
                    payload=then.place,
                    expected=f"only what failed in delivery {before.number}",
                    actual=f"what was answered {answered.status} there",
                    deliveries=proof(before.at, then.at),
                )


def breach(place: Receiving, attempts: Iterable[Attempt], what: str, expected: str, actual: str) -> Violation:
    """A breach of `retry-policy` that `attempts` prove."""
    places = [attempt.at for attempt in attempts]
    subject = place.name if what.startswith("answered") else f"the sender to {place.name}"
    return Violation(
        rule=RETRY_POLICY,
        severity=place.severity,
        message=f"{subject} {what}",
        payload=places[-1][1],
        expected=f"{expected} ({place.profile.name})" if place.profile else expected,
        actual=actual,
        deliveries=proof(*places),
    )


def overrun(window: Duration) -> Duration:
    """The end of a window, as it is judged."""
    return window + window // _TWENTIETH


def _floor(wait: Duration) -> Duration:
    return wait - wait // _TWENTIETH - _JITTER
