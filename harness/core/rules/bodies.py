"""Rules that the unpacking of a body keeps: `malformed-body` and `destination-kind`."""

from __future__ import annotations

from collections.abc import Iterator

from harness.core.calls import personas
from harness.core.delivery import Payload, Violation
from harness.core.rules.examples import event, track
from harness.core.rules.rule import Example, Rule
from harness.core.rules.sighting import Sighting

TESTER = "event_tester_"
"""How the id of what sent a call begins, where that was the event tester."""


def _check_call_type(sighting: Sighting) -> Iterator[Violation]:
    refusal = sighting.destination.refusal(sighting.index, sighting.payload)
    if refusal is not None:
        yield refusal
    call = sighting.call
    if call is not None and call is not sighting.payload:
        yield from _check_tester(call)


def _check_tester(call: Payload) -> Iterator[Violation]:
    """No test event is among what a list gets."""
    emitter = personas(call).get("event_emitter_id")
    if isinstance(emitter, str) and emitter.startswith(TESTER):
        yield Violation(
            rule="destination-kind",
            message="the event tester sent to a list destination",
            path="$.context.personas.event_emitter_id",
            expected="no test event: the event tester is for event destinations only",
            actual=emitter[:120],
        )


MALFORMED_BODY = Rule(
    id="malformed-body",
    sentence="The body is JSON of a form that the destination's kind can unpack.",
    source="Segment HTTP Tracking API (JSON errors are answered 400); Webhooks (Actions): a batch is a JSON array",
    remedy="Send one JSON object, or a JSON array of them, in UTF-8 with content type application/json.",
    passes=Example(deliveries=(event(track()),)),
    fails=Example(
        deliveries=({"destination": "crm", "kind": "event", "request": {"method": "POST", "body": '{"type": "track"'}},)
    ),
)

DESTINATION_KIND = Rule(
    id="destination-kind",
    sentence="Event destinations get calls of the types that they take; list destinations get members, and no test "
    "events.",
    source="Send Journeys data to a Destination: what is sent depends on the type of the destination, and list "
    "destinations do not have access to the event tester",
    remedy="Send an event destination only the calls that it takes (`calls:` in a scenario), and a list destination "
    "only users.",
    passes=Example(deliveries=(event(track()),)),
    fails=Example(
        deliveries=(
            {
                "destination": "ads",
                "kind": "list",
                "payload": {"type": "track", "event": "Order Completed", "userId": "u"},
            },
        )
    ),
    check=_check_call_type,
    plainly_right=lambda _: {},  # the type alone decides
)

SCHEMA = Rule(
    id="schema",
    sentence="The payload has the form that the contract's JSON Schema gives it, where no other rule names the breach.",
    source="the JSON Schemas of the contract, each with its own sources",
    remedy="Send what is expected at that path; the contract's JSON Schema says the same of all the rest.",
    passes=Example(deliveries=(event(track()),)),
    fails=Example(deliveries=(event(track(messageId=7)),)),
)
