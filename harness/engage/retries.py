"""Which failures are tried again, and when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar, Self, TypeAlias

from msgspec import Struct, field

from harness.core.instants import Duration, Instant
from harness.core.retry_after import told_wait
from harness.engage.ids import Ids
from harness.engage.settings import Settings

RETRIED = frozenset({408, 423, 429, 500, *range(502, 512), 598, 599})
"""Statuses after which a message is sent again; 501 is a final no."""

UNAUTHORIZED = 401
"""The status after which a token is renewed, and the message sent a second time, where there is a token."""

REDIRECT = 307
"""The status after which a message is sent again to the URL that `Location` names."""


class Answer(Struct, frozen=True, kw_only=True):
    """A destination's HTTP answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def accepted(self) -> bool:
        """Whether the message needs no more care: a 2xx."""
        return 200 <= self.status < 300

    @property
    def retried(self) -> bool:
        """Whether the message is sent again."""
        return self.status in RETRIED or self.location is not None

    @property
    def location(self) -> str | None:
        """Where a redirect sends the message; None where the answer is none."""
        if self.status != REDIRECT:
            return None
        return next((value for name, value in self.headers.items() if name.lower() == "location"), None)

    @property
    def results(self) -> tuple[Self, ...] | None:
        """The answer to each item of a batch; None where the answer does not tell them apart."""
        statuses = _statuses(self.body) if self.status in (200, 207) else None
        return None if statuses is None else tuple(type(self)(status=status) for status in statuses)

    @property
    def reason(self) -> str:
        """The word for it in a delivery overview."""
        return str(self.status)


class Breakdown(Struct, frozen=True, kw_only=True):
    """No answer: the connection failed, or took too long; always tried again."""

    reason: str
    """The name that Segment's documents use, such as `ECONNREFUSED` or `ETIMEDOUT`."""
    accepted: ClassVar[bool] = False
    retried: ClassVar[bool] = True


Outcome: TypeAlias = Answer | Breakdown


def _statuses(body: bytes) -> list[int] | None:
    """The statuses in a body of either form: an array of results, or an object with such `items`."""
    if b'"status"' not in body:
        return None
    try:
        document = json.loads(body)
    except ValueError:
        return None
    results = document.get("items") if isinstance(document, dict) else document
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        return None
    statuses = [result.get("status") for result in results]
    return statuses if all(type(status) is int for status in statuses) else None


def next_wait(outcome: Outcome, *, attempt: int, now: Instant, settings: Settings, ids: Ids, label: str) -> Duration:
    """How long to wait after failed attempt number `attempt`: a randomised back-off, or longer where told so."""
    exponent = min(attempt - 1, 64)
    longest = min(settings.retry_first * settings.retry_factor**exponent, settings.retry_cap)
    drawn = round(longest / 2 * (1 + ids.fraction("wait", label, str(attempt))))
    told = told_wait(outcome.headers.items(), now) if isinstance(outcome, Answer) and outcome.headers else None
    return max(drawn, told or 0, 1)
