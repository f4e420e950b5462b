"""The sources of a run: what client libraries sent to `/v1/…`, taken in as Segment's Tracking API takes it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from harness.core.calls import CALL_TYPES
from harness.core.clock import Clock
from harness.core.delivery import Delivery, Payload
from harness.core.destinations.sources import typed, with_defaults
from harness.core.instants import isoformat
from harness.core.systems import Source, SystemFailed

_LOG = logging.getLogger("harness.server")


class Sources:
    """Counts what came in, and hands each message once to the system that it feeds."""

    def __init__(self, clock: Clock, failed: Callable[[str], None]) -> None:
        """Feed nothing yet; `clock` is the run's, and `failed` is told when the system cannot take a call."""
        self._clock = clock
        self._failed = failed
        self.feeds: Source | None = None
        """The system that accepted calls go to."""
        self.calls: list[tuple[str, Payload]] = []
        """Every accepted call with its source's write key, in order."""
        self.refused: Counter[str] = Counter()
        """How many calls were not taken in, by Segment's discard reason."""
        self._seen: set[str] = set()

    def clear(self) -> None:
        """Forget what came in."""
        self.calls.clear()
        self.refused.clear()
        self._seen.clear()

    def take_delivery(self, delivery: Delivery) -> None:
        """Take the calls in that a source was told it may forget."""
        for index, call in enumerate(delivery.payloads):
            if delivery.accepts(index):
                self.take(typed(call, delivery.arrival.path), delivery.destination, {})

    def take(self, call: Any, write_key: str, defaults: Mapping[str, Any]) -> str | None:
        """Take one call in; the discard reason where it is not taken, None where it is.

        `defaults` are what a batch says for all its calls. A `messageId` that came before is taken and dropped.
        """
        if not isinstance(call, dict):
            return self._refuse("bad_request")
        whole = with_defaults(call, defaults)
        reason = _discard_reason(whole)
        if reason is not None:
            return self._refuse(reason)
        message = whole.get("messageId")
        if isinstance(message, str) and message:
            if message in self._seen:
                return None
            self._seen.add(message)
        whole.setdefault("receivedAt", isoformat(self._clock.now()))
        self.calls.append((write_key, whole))
        self._feed(whole, write_key)
        return None

    def _feed(self, call: Payload, write_key: str) -> None:
        """Hand a call on; its sender has its answer whatever becomes of it, as it would from Segment."""
        if self.feeds is None:
            return
        try:
            self.feeds.ingest(call, write_key)
        except SystemFailed as error:
            self._not_taken(call, write_key, str(error))
        except Exception as error:  # noqa: BLE001  # neither may a fault of ours cost the sender its answer
            _LOG.exception("a call of source %s could not be taken in", write_key)
            self._not_taken(call, write_key, f"{type(error).__name__}: {error}")

    def _not_taken(self, call: Payload, write_key: str, why: str) -> None:
        self._failed(f"the system could not take a {call['type']} call of source {write_key[:80]!r} in: {why}")

    def _refuse(self, reason: str) -> str:
        self.refused[reason] += 1
        return reason

    def summary(self) -> dict[str, Any]:
        """What came in: counts by source and call type, and the reasons of what was not taken."""
        counts: dict[str, Counter[str]] = {}
        for write_key, call in self.calls:
            counts.setdefault(write_key, Counter())[str(call["type"])] += 1
        return {"sources": {key: dict(count) for key, count in counts.items()}, "refused": dict(self.refused)}


def _discard_reason(call: Mapping[str, Any]) -> str | None:
    """Why Segment would not take the call in, in its own words; None where it would."""
    if call.get("type") not in CALL_TYPES:
        return "bad_request"
    if not any(isinstance(call.get(name), str | int) and call.get(name) != "" for name in ("userId", "anonymousId")):
        return "no_user_anon_id"
    if call["type"] == "track":
        if not call.get("event"):
            return "event_not_defined"
        if not isinstance(call["event"], str):
            return "event_not_string"
    for name in ("properties", "traits"):
        if not isinstance(call.get(name, {}), dict | None):
            return f"{name}_not_object"
    return None
