"""Deduplication of what sources send: a client that had no answer sends the same message again."""

from __future__ import annotations

from harness.core.delivery import Payload
from harness.core.instants import DAY, Duration, Instant

WINDOW: Duration = DAY
"""How long a `messageId` is remembered."""


class Heard:
    """The messages heard within the window."""

    def __init__(self) -> None:
        self._at: dict[str, Instant] = {}

    def repeats(self, call: Payload, now: Instant) -> bool:
        """Whether the call's `messageId` was heard before; a call without one never was."""
        self._forget(now - WINDOW)
        message = call.get("messageId")
        if not isinstance(message, str) or not message:
            return False
        if message in self._at:
            return True
        self._at[message] = now
        return False

    def _forget(self, before: Instant) -> None:
        # In the order in which they were heard, so that the search ends at the first that is young enough.
        while self._at and self._at[oldest := next(iter(self._at))] < before:
            del self._at[oldest]
