"""Instants and durations, in whole microseconds, so that no two clocks ever disagree by a rounding."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

Instant: TypeAlias = int
"""Microseconds since 1970-01-01T00:00:00Z."""

Duration: TypeAlias = int
"""Microseconds."""

MILLISECOND: Duration = 1_000
SECOND: Duration = 1_000_000
MINUTE: Duration = 60 * SECOND
HOUR: Duration = 60 * MINUTE
DAY: Duration = 24 * HOUR
WEEK: Duration = 7 * DAY

UNITS = {"ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_EPOCH = _EPOCH.replace(tzinfo=None)


def parse_duration(text: str) -> Duration:
    """The duration that `text` writes, such as `500ms`, `1.5h` or `7d`; ValueError names the units."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is not a duration: write a number and a unit ({', '.join(UNITS)}), such as 5s or 7d"
        )
    try:
        return round(float(match[1]) * UNITS[match[2]])
    except OverflowError:
        raise ValueError(f"{text[:20]}… is longer than any clock can count: write a shorter duration") from None


def format_duration(duration: Duration) -> str:
    """`duration` in the largest unit that leaves a whole number, such as `90s` or `2w`."""
    for unit in ("w", "d", "h", "m", "s", "ms"):
        if duration and duration % UNITS[unit] == 0:
            return f"{duration // UNITS[unit]}{unit}"
    return f"{duration / MILLISECOND:.3f}".rstrip("0").rstrip(".") + "ms"


def say_duration(duration: Duration) -> str:
    """`duration` for people, such as `1d 2h 30m` or `1s 250ms`; milliseconds count only below a minute."""
    parts: list[str] = []
    rest = duration
    for unit in ("w", "d", "h", "m", "s", "ms"):
        count, rest = divmod(rest, UNITS[unit])
        if count and (unit != "ms" or duration < MINUTE):
            parts.append(f"{count}{unit}")
    return " ".join(parts) or format_duration(duration)


def isoformat(instant: Instant) -> str:
    """`instant` as ISO 8601 with microseconds and a `Z`, such as `2026-11-21T10:00:00.123456Z`."""
    return f"{(_PLAIN_EPOCH + timedelta(microseconds=instant)).isoformat(timespec='microseconds')}Z"


def parse_instant(text: str) -> Instant:
    """The instant that an ISO 8601 text names (nanoseconds are cut off, no zone means UTC); else ValueError."""
    moment = datetime.fromisoformat(text)
    try:
        since = moment - _EPOCH
    except TypeError:
        since = moment - _PLAIN_EPOCH
    return since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds  # for each line of a capture


def instant_of(written: Any) -> Instant | None:
    """The instant that a member of a payload names; None where it names none that can be read."""
    try:
        return parse_instant(written) if isinstance(written, str) else None
    except (ValueError, OverflowError):
        return None
