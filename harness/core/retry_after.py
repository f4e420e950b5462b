"""The header `Retry-After`: how long a sender is told to wait."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from harness.core.instants import SECOND, Duration, Instant, parse_instant

_HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


def told_wait(headers: Iterable[tuple[str, str]], now: Instant) -> Duration | None:
    """How long after `now` the headers of an answer tell its receiver to wait, at least 0; None where they do not."""
    text = next((value.strip() for name, value in headers if name.lower() == "retry-after"), "")
    if not text:
        return None
    if text.isascii() and text.isdigit():
        # More digits than any wait has are read as "never", without building the number.
        return int(text[:12]) * SECOND
    try:
        date = datetime.strptime(text, _HTTP_DATE).replace(tzinfo=UTC)
    except ValueError:
        return None
    return max(parse_instant(date.isoformat()) - now, 0)
