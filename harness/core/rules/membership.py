"""Rules on what a payload says of membership: `entry-only`, `membership-value`, `list-append-only`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from harness.core.calls import ENTERED, EXIT_EVENTS, EXITED, is_list_entry, subject, subject_name
from harness.core.delivery import Payload, Violation
from harness.core.membership import is_membership
from harness.core.paths import child
from harness.core.rules.examples import KEY, event, identify, listed, track
from harness.core.rules.rule import Example, Rule
from harness.core.rules.sighting import Sighting


def _check_value(sighting: Sighting) -> Iterator[Violation]:
    """The value at the key has the family's type."""
    call, name = sighting.call, sighting.member_name
    if call is None or name is None:
        return
    said = subject(call)
    value = said.get(name)
    if name not in said or _has_type(value, sighting.parameters):
        return
    wrong = "membership value has the wrong type" if is_membership(value) else "value at the key tells of no membership"
    yield Violation(
        rule="membership-value",
        message=f"the {wrong}",
        path=_value_path(call, name),
        expected=" or ".join(map(_typed, _entering(sighting.parameters))),
        actual=_typed(value),
    )


def _has_type(value: object, parameters: Mapping[str, Any]) -> bool:
    """Whether `value` is a membership value as the contract wants it."""
    if parameters.get("value_type") == "either":
        return is_membership(value)
    entered, exited = parameters["entered"], parameters["exited"]
    return type(value) is type(entered) and value in (entered, exited)


def _entering(parameters: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values that an entry may have."""
    return ("true", True) if parameters.get("value_type") == "either" else (parameters["entered"],)


def _check_entry_only(sighting: Sighting) -> Iterator[Violation]:
    """Nothing says that a user is no member any more, where no exit is declared."""
    call, key = sighting.call, sighting.member_name
    if call is None:
        return
    value = subject(call).get(key) if key is not None else None
    if sighting.exits:
        yield from _check_agreement(call, value)
        yield from _check_spelling(call, sighting.parameters.get("exit_event", EXITED))
    elif is_list_entry(sighting.payload):
        return  # to leave a list is to be removed from it, which `list-append-only` forbids
    elif key is not None and (value is False or value == "false") and call.get("event") not in EXIT_EVENTS:
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
    if call.get("type") == "track" and is_membership(value) and event_name in (ENTERED, *EXIT_EVENTS):
        fitting = EXITED if left else ENTERED
        if left == (event_name == ENTERED):
            yield Violation(
                rule="entry-only",
                message="the event and the membership value contradict each other",
                path="$.event",
                expected=json.dumps(fitting),
                actual=json.dumps(event_name),
            )


def _check_spelling(call: Payload, wanted: str) -> Iterator[Violation]:
    """The exit event is spelled as the contract says."""
    event_name = call.get("event")
    if event_name in EXIT_EVENTS and wanted not in (event_name, "any"):
        yield Violation(
            rule="entry-only",
            message="the exit event is spelled otherwise",
            path="$.event",
            expected=json.dumps(wanted),
            actual=json.dumps(event_name),
        )


def _right_value(sighting: Sighting) -> dict[str, Any]:
    name = sighting.member_name
    if sighting.call is None or name is None:
        return {}
    value = {"properties": {name: {"enum": [*_entering(sighting.parameters)]}}}
    return {"properties": {subject_name(sighting.call): value}}


def _right_entry(sighting: Sighting) -> dict[str, Any] | None:
    if sighting.exits and sighting.call is not None:
        return None
    return {"allOf": [{"properties": {"event": {"not": {"enum": [*EXIT_EVENTS]}}}}, _right_value(sighting)]}


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
