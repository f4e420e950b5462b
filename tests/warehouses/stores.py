"""Calls and stores for the tests of warehouses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.core.warehouses.rows import Row, rows_of

MOMENT = 1_767_603_600_000_000
"""2026-01-05T09:00:00Z."""


def track(
    message: str, user: str = "u1", event: str = "Order Completed", said: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A track call with the properties `said`, and `more`."""
    properties = {**(said or {}), **more}
    return {"type": "track", "event": event, "userId": user, "messageId": message, "properties": properties}


def identify(message: str, user: str | None = "u1", *, received: str | None = None, **traits: Any) -> dict[str, Any]:
    """An identify call, of somebody anonymous where `user` is None."""
    who = {"anonymousId": "a1"} if user is None else {"userId": user}
    call = {"type": "identify", **who, "messageId": message, "traits": traits}
    return call if received is None else {**call, "receivedAt": received}


def rows(*calls: dict[str, Any]) -> list[tuple[Row, ...]]:
    """The rows of calls, received one second after the other."""
    return [rows_of(call, MOMENT + index * 1_000_000) for index, call in enumerate(calls)]
