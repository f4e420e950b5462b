"""Whom a payload is about, in one word."""

from __future__ import annotations

from harness.core.calls import call_email
from harness.core.delivery import Payload

_IDENTIFIERS = ("userId", "anonymousId", "email")


def user_label(payload: Payload) -> str:
    """The user's `userId`, else `anonymousId`, else email; empty where there is none."""
    user = payload.get("user")
    holder = user if isinstance(user, dict) and "action" in payload else payload
    for name in _IDENTIFIERS:
        value = holder.get(name)
        if isinstance(value, str) and value:
            return value
    return (call_email(payload) or "") if holder is payload else ""
