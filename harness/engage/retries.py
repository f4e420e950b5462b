"""Which failures are tried again, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from harness.core.instants import SECOND, Duration, Instant, parse_instant
from harness.engage.ids import Ids
from harness.engage.settings import Settings

RETRIED = frozenset({408, 423, 429, 500, *range(502, 512), 598, 599})
"""Statuses after which a message is sent again; 501 is a final no."""

_HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
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
        return self.status in RETRIED

    @property
    def reason(self) -> str:
        """The word for it in a delivery overview."""
        return str(self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """No answer: the connection failed, or took too long; always tried again."""

    reason: str
    """The name that Segment's documents use, such as `ECONNREFUSED` or `ETIMEDOUT`."""
    accepted: bool = field(default=False, init=False)
    retried: bool = field(default=True, init=False)


Outcome: TypeAlias = Answer | Breakdown


def next_wait(outcome: Outcome, *, attempt: int, now: Instant, settings: Settings, ids: Ids, label: str) -> Duration:
    """How long to wait after failed attempt number `attempt`: a randomised back-off, or longer where told so."""
    exponent = min(attempt - 1, 64)
    longest = min(settings.retry_first * settings.retry_factor**exponent, settings.retry_cap)
    drawn = round(longest / 2 * (1 + ids.fraction("wait", label, str(attempt))))
    told = _told_wait(outcome.headers, now) if isinstance(outcome, Answer) else 0
    return max(drawn, told, 1)


def _told_wait(headers: Mapping[str, str], now: Instant) -> Duration:
    text = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if text.isascii() and text.isdigit():
        # More digits than any wait has are read as "never", without building the number.
        return int(text[:12]) * SECOND
    try:
        date = datetime.strptime(text, _HTTP_DATE).replace(tzinfo=UTC)
    except ValueError:
        return 0
    return parse_instant(date.isoformat()) - now
