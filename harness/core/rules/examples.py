"""Payloads from which the rules' examples are made: a right one, and how to bend it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEY = "j_o_first_purchase__opened_email_dje83h"
COMPUTATION_ID = "aud_23WNzkzsTS3ydnKz5H71SEhMxls"
SPACE_ID = "spa_w5akhv1XwnGj5j2HVT6NWX"

_READABLE = 1000
_KEPT = 20

JOURNEYS: dict[str, Any] = {
    "first_purchase": {
        "name": "First purchase",
        "steps": [{"send_to_destinations": {"name": "Opened email", "to": ["crm", "ads"]}}],
    }
}
"""The journey that `KEY` belongs to, declared."""


def personas(**changes: Any) -> dict[str, Any]:
    """A complete `context.personas`, with `changes`; a change to None leaves the field out."""
    return _changed(
        {
            "computation_class": "audience",
            "computation_id": COMPUTATION_ID,
            "computation_key": KEY,
            "namespace": SPACE_ID,
            "space_id": SPACE_ID,
        },
        changes,
    )


def track(**changes: Any) -> dict[str, Any]:
    """A right entry as a track call, with `changes`."""
    call = {
        "type": "track",
        "event": "Audience Entered",
        "userId": "u1",
        "messageId": "personas_2fyFNSKX4MjAbsNJF5ZnNzCq0OV",
        "properties": {KEY: "true"},
        "context": {"personas": personas()},
    }
    return _changed(call, changes)


def identify(**changes: Any) -> dict[str, Any]:
    """A right entry as an identify call, with `changes`."""
    call = track(type="identify", event=None, properties=None, traits={KEY: "true", "email": "u1@example.com"})
    return _changed(call, changes)


def event(payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A delivery of `payload` to the event destination `crm`."""
    return {"destination": "crm", "kind": "event", "payload": payload, **more}


def listed(action: str, user: dict[str, Any], key: str = KEY) -> dict[str, Any]:
    """A delivery of one list entry to the list destination `ads`."""
    return {"destination": "ads", "kind": "list", "payload": {"list": key, "action": action, "user": user}}


def abridged(value: Any) -> Any:
    """JSON with its very long texts cut short, so that people can read the rest."""
    match value:
        case str() if len(value) > _READABLE:
            return f"{value[:_KEPT]}… ({len(value):,} characters)"
        case Mapping():
            return {name: abridged(part) for name, part in value.items()}
        case list() | tuple():
            return [abridged(part) for part in value]
        case _:
            return value


def _changed(value: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in {**value, **changes}.items() if item is not None}
