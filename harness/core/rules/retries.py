"""The rules on trying again: `retry-same-message` and `retry-policy`."""

from __future__ import annotations

from typing import Any

from harness.core.rules.examples import event, track
from harness.core.rules.messages import Messages
from harness.core.rules.retrying import RETRY_POLICY, RETRY_SAME_MESSAGE
from harness.core.rules.rule import Example, Rule

_ENTRY = track(timestamp="2026-11-21T10:00:00Z")
_LATER = track(timestamp="2026-11-21T10:05:00Z")
_UNAVAILABLE = {"status": 503}


def _at(time: str, reply: dict[str, Any] | None = None) -> dict[str, Any]:
    """An attempt at the entry at that time of the day."""
    told = {} if reply is None else {"reply": reply}
    return event(_ENTRY, received_at=f"2026-11-21T{time}Z", **told)


SAME_MESSAGE = Rule(
    id=RETRY_SAME_MESSAGE,
    sentence="A retry repeats the message: the same `messageId` and content, and of a batch only what failed.",
    source="Handling duplicate data: a retry repeats its messageId; Actions framework, MultiStatus: only failed "
    "events of a batch are retried",
    remedy="Keep what you sent until it is accepted, send just that again, and read the statuses of a batch one "
    "by one.",
    passes=Example(deliveries=(event(_ENTRY, reply=_UNAVAILABLE), event(_ENTRY))),
    fails=Example(deliveries=(event(_ENTRY, reply=_UNAVAILABLE), event(_LATER))),
    history=Messages,
)
POLICY = Rule(
    id=RETRY_POLICY,
    sentence="What may succeed later is tried again with a back-off until the window ends, and nothing else is.",
    source="Destinations: failed calls are retried for four hours with a randomised exponential back-off; "
    "integration error codes and RetryableError: 408, 423, 429, 500, 502 to 511, 598, 599, and a 401 once",
    remedy="Retry by the profile of `docs/retries.md` that your destination states, wait as long as `Retry-After` "
    "says, and give up when its window ends.",
    passes=Example(deliveries=(_at("10:00:00", _UNAVAILABLE), _at("10:01:00"))),
    fails=Example(deliveries=(_at("10:00:00", {"status": 400}), _at("10:01:00"))),
    history=Messages,
)
