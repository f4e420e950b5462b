"""Instants and durations: what is written is read, and what is read is written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.instants import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    WEEK,
    format_duration,
    isoformat,
    parse_duration,
    parse_instant,
    say_duration,
)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("0s", 0),
        ("500ms", 500 * MILLISECOND),
        ("5s", 5 * SECOND),
        ("90m", 90 * MINUTE),
        ("1.5h", 90 * MINUTE),
        ("7d", 7 * DAY),
        ("2w", 2 * WEEK),
        ("0.001ms", 1),
    ],
)
def test_a_written_duration_is_read(text: str, duration: int) -> None:
    """A number and a unit are a duration in microseconds."""
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "-5s", "5S", "1.s", "1e3s", "5s\n", "５s", "5y", "1h30m"])
def test_what_is_no_duration_is_refused_with_the_units(text: str) -> None:
    """Without a number and a known unit there is no duration, and the error says which units there are."""
    with pytest.raises(ValueError, match=r"is not a duration: write a number and a unit .*ms, s, m, h, d, w"):
        parse_duration(text)


def test_a_duration_that_no_clock_counts_is_refused() -> None:
    """A number too large to calculate with is an error about the text, not about the arithmetic."""
    with pytest.raises(ValueError, match="longer than any clock"):
        parse_duration("9" * 400 + "w")


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (0, "0ms"),
        (1, "0.001ms"),
        (1500, "1.5ms"),
        (1_234_567_891, "1234567.891ms"),
        (90 * SECOND, "90s"),
        (36 * HOUR, "36h"),
        (7 * DAY, "1w"),
        (8 * DAY, "8d"),
    ],
)
def test_a_duration_is_written_in_its_largest_whole_unit(duration: int, text: str) -> None:
    """The unit is the largest that leaves a whole number, and milliseconds where none does."""
    assert format_duration(duration) == text


@given(duration=st.integers(0, 10**15))
def test_a_written_duration_is_the_same_when_it_is_read(duration: int) -> None:
    """No duration changes by being written and read."""
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T10:00:00.123456Z",
        "2026-11-21T10:00:00.123456789Z",
        "2026-11-21T11:00:00.123456+01:00",
        "2026-11-21T10:00:00.123456",
        "2026-11-21 10:00:00.123456Z",
    ],
)
def test_a_time_is_read_in_each_of_its_spellings(text: str) -> None:
    """Nanoseconds are cut off, zones are counted, and no zone means UTC."""
    assert parse_instant(text) == 1_795_255_200_123_456


@pytest.mark.parametrize("text", ["", "soon", "10:00", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """What names no instant is a ValueError."""
    with pytest.raises(ValueError, match=r"."):
        parse_instant(text)


@given(instant=st.integers(0, 4 * 10**15))
def test_a_written_instant_is_the_same_when_it_is_read(instant: int) -> None:
    """No instant changes by being written and read, and it is written with microseconds and a Z."""
    assert parse_instant(isoformat(instant)) == instant
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", isoformat(instant))


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        (0, "0ms"),
        (1, "0.001ms"),
        (250 * MILLISECOND, "250ms"),
        (SECOND + 250 * MILLISECOND, "1s 250ms"),
        (MINUTE + 250 * MILLISECOND, "1m"),
        (4 * HOUR + 30 * MINUTE, "4h 30m"),
        (DAY + 30 * MINUTE, "1d 30m"),
        (WEEK - SECOND, "6d 23h 59m 59s"),
    ],
)
def test_a_duration_is_said_in_its_units(duration: int, said: str) -> None:
    """What people read has each unit that counts, and no milliseconds beside minutes."""
    assert say_duration(duration) == said
