"""The calls and list users that a space sends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson

from harness.core.calls import ENTERED, EXITED
from harness.core.instants import isoformat
from harness.engage.identities import Recipient
from harness.engage.steps import Move

COMPUTATION_CLASS = "audience"
JOURNEY_CALLS = ("track", "identify")
"""The call types that journeys send."""


def membership_call(
    kind: str,
    move: Move,
    recipient: Recipient,
    *,
    space_id: str,
    message_id: str,
    integrations: Mapping[str, Any],
) -> dict[str, Any]:
    """The `track` or `identify` call that tells of `move`, complete as it goes over the wire."""
    moment = isoformat(move.at)
    body = _track(move) if kind == "track" else _identify(move, recipient)
    return {
        "type": kind,
        **_present(userId=recipient.user_id, anonymousId=recipient.anonymous_id),
        **body,
        "context": _context(kind, move, recipient, space_id),
        "integrations": dict(integrations),
        "messageId": message_id,
        "timestamp": moment,
        "originalTimestamp": moment,
        "receivedAt": moment,
        "sentAt": None,
    }


def list_user(recipient: Recipient) -> dict[str, str]:
    """The user of a list sync document."""
    return _present(userId=recipient.user_id, email=recipient.email, anonymousId=recipient.anonymous_id)


def encode(document: Any) -> bytes:
    """The JSON text of `document`, compact, in UTF-8."""
    try:
        return orjson.dumps(document)
    except TypeError:  # whole numbers of more than 64 bits
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def membership(move: Move) -> str:
    """The membership value: a string, as the documents print it."""
    return "true" if move.entered else "false"


def _track(move: Move) -> dict[str, Any]:
    return {"event": ENTERED if move.entered else EXITED, "properties": {move.step.key: membership(move)}}


def _identify(move: Move, recipient: Recipient) -> dict[str, Any]:
    return {"traits": {move.step.key: membership(move), **_present(email=recipient.email)}}


def _context(kind: str, move: Move, recipient: Recipient, space_id: str) -> dict[str, Any]:
    context: dict[str, Any] = {
        "library": {"name": "unknown", "version": "unknown"},
        "personas": {
            "computation_class": COMPUTATION_CLASS,
            "computation_id": move.step.computation_id,
            "computation_key": move.step.key,
            "namespace": space_id,
            "space_id": space_id,
        },
    }
    if kind == "track" and recipient.email is not None:
        context["traits"] = {"email": recipient.email}
    return context


def _present(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}
