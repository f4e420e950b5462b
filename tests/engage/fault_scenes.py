"""Small histories in which faults of time, retries and several emails show, and how they show."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from harness.core.calls import personas, subject
from harness.core.instants import DAY, HOUR, Instant
from harness.core.journeys import Entry
from harness.core.profiles import Profile
from harness.engage.pipeline import Request
from harness.engage.retries import Answer, Outcome
from tests.engage.spaces import ALEX, SAM, STEP, Destination, accept, event, journey, play, space_of

Calls: TypeAlias = list[dict[str, Any]]


def outage(request: Request, now: Instant) -> Outcome:
    """Answer 503 twice, then 200."""
    return Answer(status=503 if request.attempt < 3 else 200)


def refusal(request: Request, now: Instant) -> Outcome:
    """Answer 400."""
    return Answer(status=400)


def entering(
    fault: str | None,
    *pauses: int,
    profile: Profile = ALEX,
    to: Sequence[str] = ("crm",),
    destination: Destination = accept,
    **more: Any,
) -> Calls:
    """The calls that a space sends when somebody enters, again and again, with these pauses after it."""
    space = space_of(event("crm"), event("mail"), fault=fault)
    space.publish(journey(*to, **more))
    requests = []
    for pause in pauses:
        space.enter("winback", STEP, profile)
        requests += play(space, pause, destination)
    return [json.loads(request.body) for request in requests]


def trying(destination: Destination) -> Callable[[str | None], Calls]:
    """A scene in which one entry is sent to a destination that answers like this."""
    return lambda fault: entering(fault, 5 * HOUR, destination=destination)


def exiting(*pauses: int) -> Callable[[str | None], Calls]:
    """A scene with an exit after four days and a re-entry after thirty more."""
    return lambda fault: entering(fault, *pauses, exit_after=4 * DAY, re_entry_after=30 * DAY)


def two_emails(fault: str | None) -> Calls:
    """A scene in which somebody has two emails."""
    return entering(fault, HOUR, profile=Profile(name="two", user_id="u1", emails=("a@example.com", "b@example.com")))


def two_destinations(fault: str | None) -> Calls:
    """A scene with a step that has two destinations."""
    return entering(fault, HOUR, to=("crm", "mail"))


def unasked(fault: str | None) -> Calls:
    """A scene in which somebody does what no entry condition speaks of."""
    space = space_of(event("crm"), fault=fault)
    space.publish(journey("crm", entry=Entry(event="Order Completed")))
    space.ingest({"type": "track", "event": "Page Viewed", "userId": "u1"}, "shop")
    return [json.loads(request.body) for request in play(space, HOUR)]


def two_versions(fault: str | None) -> Calls:
    """A scene in which a journey is published, and published again, and somebody enters each version."""
    space = space_of(event("crm"), fault=fault)
    for profile in (ALEX, SAM):
        space.publish(journey("crm"))
        space.enter("winback", STEP, profile)
    return [json.loads(request.body) for request in play(space, HOUR)]


def distinct(read: Callable[[dict[str, Any]], Any]) -> Callable[[Calls], int]:
    """How many different values `read` finds."""
    return lambda calls: len({read(call) for call in calls})


def last_value(calls: Calls) -> Any:
    """The membership value of the last call."""
    return subject(calls[-1])[personas(calls[-1])["computation_key"]]


SCENES: dict[str, tuple[Callable[[str | None], Calls], Callable[[Calls], Any], Any, Any]] = {
    "key-changes-per-attempt": (trying(outage), distinct(lambda call: personas(call)["computation_key"]), 2, 1),
    "key-changes-per-version": (two_versions, distinct(lambda call: personas(call)["computation_key"]), 2, 1),
    "retry-with-new-message-id": (trying(outage), distinct(lambda call: call["messageId"]), 3, 1),
    "retry-with-new-timestamp": (trying(outage), distinct(lambda call: call["timestamp"]), 3, 1),
    "never-retried": (trying(outage), len, 1, 3),
    "refusals-retried": (trying(refusal), len, 5, 1),
    "accepted-sent-again": (trying(accept), len, 5, 1),
    "exit-too-early": (exiting(3 * DAY), len, 2, 1),
    "exit-twice": (exiting(5 * DAY), len, 3, 2),
    "exit-without-entry": (exiting(5 * DAY), len, 1, 2),
    "exit-too-late": (exiting(5 * DAY), len, 1, 2),
    "exit-says-true": (exiting(5 * DAY), last_value, "true", "false"),
    "re-entry-too-early": (exiting(5 * DAY, HOUR), len, 3, 2),
    "re-entry-never": (exiting(40 * DAY, HOUR), len, 2, 3),
    "entry-before-condition": (unasked, len, 1, 0),
    "one-email-only": (two_emails, len, 1, 2),
    "last-destination-forgotten": (two_destinations, len, 1, 2),
}
"""By fault: a history, what to read off its calls, and what that is in a space with the fault and in a right one."""
