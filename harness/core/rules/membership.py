"""Rules on what a payload says of membership: `entry-only`, `membership-value`, `list-append-only`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from harness.core.calls import ENTERED, EXITED, is_list_entry, subject, subject_name
from harness.core.delivery import Payload, Violation
from harness.core.membership import is_membership
from harness.core.paths import child
from harness.core.rules.examples import KEY, event, identify, listed, track
from harness.core.rules.rule import Example, Rule
from harness.core.rules.sighting import Sighting


def _check_value(sighting: Sighting) -> Iterator[Violation]:
    """The value at the key has the family's type."""
    call, key = sighting.call, sighting.key
    if call is None or key is None:
        return
    said = subject(call)
    entered, exited = sighting.parameters["entered"], sighting.parameters["exited"]
    value = said.get(key)
    if key not in said or (type(value) is type(entered) and value in (entered, exited)):
        return
    yield Violation(
        rule="membership-value",
        message="the membership value has the wrong type" if is_membership(value) else "there is no membership value",
        path=_value_path(call, key),
        expected=_typed(entered),
        actual=_typed(value),
    )


def _check_entry_only(sighting: Sighting) -> Iterator[Violation]:
    """Nothing says that a user is no member any more, where no exit is declared."""
    call, key = sighting.call, sighting.key
    if call is None:
        return
    value = subject(call).get(key) if key is not None else None
    if sighting.exits:
        yield from _check_agreement(call, value)
    elif is_list_entry(sighting.payload):
        return  # to leave a list is to be removed from it, which `list-append-only` forbids
    elif key is not None and (value is False or value == "false") and call.get("event") != EXITED:
        yield Violation(
            rule="entry-only",
            message="a user is said to have left, but the journey declares no exit",
            path=_value_path(call, key),
            expected=_typed(sighting.parameters["entered"]),
            actual=_typed(value),
        )


def _check_agreement(call: Payload, value: object) -> Iterator[Violation]:
    """With an exit declared, the event and the membership value say the same."""
    event_name, left = call.get("event"), value is False or value == "false"
    if call.get("type") == "track" and is_membership(value) and event_name in (ENTERED, EXITED):
        fitting = EXITED if left else ENTERED
        if event_name != fitting:
            yield Violation(
                rule="entry-only",
                message="the event and the membership value contradict each other",
                path="$.event",
                expected=json.dumps(fitting),
                actual=json.dumps(event_name),
            )


def _right_value(sighting: Sighting) -> dict[str, Any]:
    if sighting.call is None or sighting.key is None:
        return {}
    value = {"properties": {sighting.key: {"const": sighting.parameters["entered"]}}}
    return {"properties": {subject_name(sighting.call): value}}


def _right_entry(sighting: Sighting) -> dict[str, Any] | None:
    if sighting.exits and sighting.call is not None:
        return None
    return {"allOf": [{"properties": {"event": {"not": {"const": EXITED}}}}, _right_value(sighting)]}


def _value_path(call: Payload, key: str) -> str:
    return child(child("$", subject_name(call)), key)


def _typed(value: object) -> str:
    kind = {bool: "the boolean", str: "the string", int: "the number", float: "the number"}.get(type(value))
    text = json.dumps(value, ensure_ascii=False, default=str)
    return f"{kind} {text}" if kind else text[:120]


ENTRY_ONLY = Rule(
    id="entry-only",
    sentence="No event but the entry event and no false membership is sent, where the journey declares no exit.",
    source="Send Journeys data to a Destination (2023 and 2024): payloads are shown for entering only; Journeys logic: "
    "unless an exit condition is configured, no exit events are sent",
    remedy="Send nothing when a user leaves the step, or declare the journey's `exit:` if it has one.",
    passes=Example(deliveries=(event(track()),)),
    fails=Example(deliveries=(event(track(event="Audience Exited")),)),
    check=_check_entry_only,
    plainly_right=_right_entry,
)

MEMBERSHIP_VALUE = Rule(
    id="membership-value",
    sentence="The membership value has the family's type.",
    source='Send Journeys data to a Destination: the samples carry the string "true"',
    remedy='Send the type that the contract demands: the string "true" for engage-journeys, a boolean on the wire.',
    passes=Example(deliveries=(event(identify()),)),
    fails=Example(deliveries=(event(identify(traits={KEY: True})),)),
    check=_check_value,
    plainly_right=_right_value,
)

LIST_APPEND_ONLY = Rule(
    id="list-append-only",
    sentence="Nobody is removed from a journey list, where the journey declares neither exit nor expiry of an ad.",
    source="Send Journeys data to a Destination: users who are added to a journey list cannot be removed",
    remedy="Only ever add to the list; to stop targeting, fill a second list and exclude it in the destination.",
    passes=Example(deliveries=(listed("add", {"userId": "u1"}),)),
    fails=Example(deliveries=(listed("remove", {"userId": "u1"}),)),
)
