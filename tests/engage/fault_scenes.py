"""Small histories in which faults of time, retries and several emails show, and how they show."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from msgspec.structs import replace

from harness.core.authentication import Bearer, Signing
from harness.core.calls import personas, subject
from harness.core.instants import DAY, HOUR, MINUTE, SECOND, Instant
from harness.core.journeys import Entry
from harness.core.profiles import Profile
from harness.engage.pipeline import Request
from harness.engage.retries import Answer, Breakdown, Outcome
from tests.engage.spaces import ALEX, SAM, STEP, Destination, accept, event, journey, list_, play, space_of

Calls: TypeAlias = list[dict[str, Any]]


def outage(request: Request, now: Instant) -> Outcome:
    """Answer 503 twice, then 200."""
    return Answer(status=503 if request.attempt < 3 else 200)


def refusal(request: Request, now: Instant) -> Outcome:
    """Answer 400."""
    return Answer(status=400)


def down(request: Request, now: Instant) -> Outcome:
    """Answer 503, always."""
    return Answer(status=503)


def unsupported(request: Request, now: Instant) -> Outcome:
    """Answer 501."""
    return Answer(status=501)


def cut(request: Request, now: Instant) -> Outcome:
    """Break the first connection, and then accept."""
    return Breakdown(reason="ECONNRESET") if request.attempt == 1 else Answer(status=200)


def limited(request: Request, now: Instant) -> Outcome:
    """Ask for ten minutes of patience, and then accept."""
    return Answer(status=429, headers={"Retry-After": "600"}) if request.attempt == 1 else Answer(status=200)


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


def within(pause: int, destination: Destination) -> Callable[[str | None], Calls]:
    """A scene in which so much time passes after one entry to a destination that answers like this."""
    return lambda fault: entering(fault, pause, destination=destination)


def more_than(number: int) -> Callable[[Calls], bool]:
    """Whether more calls were sent than `number`."""
    return lambda calls: len(calls) > number


def exiting(*pauses: int) -> Callable[[str | None], Calls]:
    """A scene with an exit after four days and a re-entry after thirty more."""
    return lambda fault: entering(fault, *pauses, exit_after=4 * DAY, re_entry_after=30 * DAY)


def two_emails(fault: str | None) -> Calls:
    """A scene in which somebody has two emails."""
    return entering(fault, HOUR, profile=Profile(name="two", user_id="u1", emails=("a@example.com", "b@example.com")))


def two_destinations(fault: str | None) -> Calls:
    """A scene with a step that has two destinations."""
    return entering(fault, HOUR, to=("crm", "mail"))


def demanding(fault: str | None) -> Calls:
    """A scene with a destination that demands credentials and a signature; for each request, its headers and body."""
    address = replace(event("crm"), auth=Bearer(token="token-x"), signature=Signing(secret="shared"))
    space = space_of(address, fault=fault)
    space.publish(journey("crm"))
    space.enter("winback", STEP, ALEX)
    return [{**request.headers, "body": request.body} for request in play(space, HOUR)]


def signer(calls: Calls) -> str:
    """Whether, and how, the only request of `demanding` is signed."""
    ((body, signature),) = [(call["body"], call.get("X-Signature")) for call in calls]
    signatures = {
        None: "nobody",
        Signing(secret="shared").signature(body): "its sender",
        Signing(secret="another secret").signature(body): "somebody else",
    }
    return signatures.get(signature, "its sender, of something else")


def moved(request: Request, now: Instant) -> Outcome:
    """Lead elsewhere, and answer 200 there."""
    return Answer(status=200) if request.location == "/new" else Answer(status=307, headers={"Location": "/new"})


def partly(fault: str | None) -> Calls:
    """A scene with a list that takes the first of two users at once and the second at last."""

    def answer(request: Request, now: Instant) -> Outcome:
        users = json.loads(request.body)["add"]
        failing = [request.attempt == 1 and user["userId"] == "u2" for user in users]
        items = [{"status": 503 if fails else 200} for fails in failing]
        return Answer(status=207, body=json.dumps({"items": items}).encode())

    space = space_of(list_("ads"), fault=fault)
    space.publish(journey("ads"))
    for profile in (ALEX, SAM):
        space.enter("winback", STEP, profile)
    return [json.loads(request.body) for request in play(space, DAY, answer)]


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
    "retry-with-other-content": (trying(outage), distinct(lambda call: call["context"].get("retried")), 2, 1),
    "given-up-early": (trying(outage), len, 2, 3),
    "unavailable-not-retried": (trying(outage), len, 1, 3),
    "cut-connection-not-retried": (trying(cut), len, 1, 2),
    "unsupported-retried": (trying(unsupported), len, 5, 1),
    "retry-after-ignored": (within(5 * MINUTE, limited), len, 2, 1),
    "retried-at-once": (within(SECOND, outage), len, 3, 1),
    "retried-every-minute": (within(10 * MINUTE, down), more_than(8), True, False),
    "window-ignored": (within(12 * HOUR, down), more_than(30), True, False),
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
    "credentials-missing": (demanding, lambda calls: calls[0].get("Authorization"), None, "Bearer token-x"),
    "credentials-wrong": (demanding, lambda calls: calls[0].get("Authorization"), "Bearer token-a", "Bearer token-x"),
    "signature-missing": (demanding, signer, "nobody", "its sender"),
    "signature-by-another-secret": (demanding, signer, "somebody else", "its sender"),
    "signature-of-other-bytes": (demanding, signer, "its sender, of something else", "its sender"),
    "redirect-not-followed": (trying(moved), len, 1, 2),
    "whole-batch-again": (partly, lambda calls: [len(call["add"]) for call in calls], [2, 2], [2, 1]),
    "last-destination-forgotten": (two_destinations, len, 1, 2),
}
"""By fault: a history, what to read off its calls, and what that is in a space with the fault and in a right one."""
