"""Calls of the Segment spec, and list entries: how to read who and what they are about."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import orjson
from xxhash import xxh3_64_digest

from harness.core.delivery import Payload

CALL_TYPES = ("track", "identify", "group", "page", "screen", "alias")
DELETE = "delete"
"""The call by which a user asks to be forgotten; legal everywhere."""

ENTERED = "Audience Entered"
EXITED = "Audience Exited"
EXIT_EVENTS = (EXITED, "Audience Exit")
"""The exit event in the two spellings of its sources."""

_EMPTY: Mapping[str, Any] = {}


def section(payload: Payload, name: str) -> Mapping[str, Any]:
    """The object at `name` of `payload`; empty where there is none."""
    value = payload.get(name)
    return value if isinstance(value, dict) else _EMPTY


def subject(call: Payload) -> Mapping[str, Any]:
    """What the call says of its user: `properties` of a track, `traits` of an identify or group."""
    return section(call, subject_name(call))


def subject_name(call: Payload) -> str:
    """Where in the call that is."""
    return "traits" if call.get("type") in ("identify", "group") else "properties"


def personas(call: Payload) -> Mapping[str, Any]:
    """The journey's details, `context.personas`; empty where there are none."""
    return section(section(call, "context"), "personas")


def call_email(call: Payload) -> str | None:
    """The email that the call carries: in `traits`, `context.traits` or `properties`."""
    context = call.get("context")
    elsewhere = context.get("traits") if isinstance(context, dict) else None
    for place in (call.get("traits"), elsewhere, call.get("properties")):  # for each line of a capture: no more calls
        if place and isinstance(place, dict):
            email = place.get("email")
            if isinstance(email, str) and email:
                return email
    return None


def call_user(call: Payload) -> dict[str, Any]:
    """The user of a call in the form of a list entry's user."""
    user = {name: call[name] for name in ("userId", "anonymousId") if call.get(name)}
    email = call_email(call)
    if email:
        user["email"] = email
    external = section(call, "context").get("externalIds")
    if external:
        user["externalIds"] = external
    return user


def is_list_entry(payload: Payload) -> bool:
    """Whether `payload` is one list entry and not a call."""
    return (
        "action" in payload
        and "type" not in payload
        and isinstance(payload["action"], str)
        and isinstance(payload.get("list"), str)
        and isinstance(payload.get("user"), dict)
    )


UNTOLD = ("sentAt", "receivedAt")
"""Members that are no part of what a payload says."""


def content(payload: Payload) -> bytes:
    """What a payload says, in one canonical form; when it was sent and received is no part of it."""
    if "sentAt" in payload or "receivedAt" in payload:
        payload = dict(payload)
        payload.pop("sentAt", None)
        payload.pop("receivedAt", None)
    try:
        return orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # Keys that are no texts, which no JSON has; to allow for them takes several times as long.
        return orjson.dumps(payload, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def digest(payload: Payload) -> bytes:
    """Eight bytes that stand for the content of `payload`, the same in every process."""
    return xxh3_64_digest(content(payload))


def message_of(payload: Payload) -> Hashable:
    """What makes two deliveries attempts at one message: its `messageId`, else its content."""
    identifier = payload.get("messageId")
    return identifier if isinstance(identifier, str) and identifier else digest(payload)
