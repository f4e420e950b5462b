"""When a change of a list is in effect."""

from __future__ import annotations

import pytest

from harness.core.instants import HOUR, MINUTE, Instant, isoformat, parse_duration, parse_instant
from harness.core.lists.presets import CADENCES, MINIMUM_SIZES
from harness.core.lists.syncs import Sync, Window

BEGUN: Instant = parse_instant("2026-01-05T09:00:00Z")
NIGHT = Window(opens=23 * HOUR, closes=2 * HOUR + 30 * MINUTE)
MORNING = Window(opens=10 * HOUR, closes=12 * HOUR)


def hours(after: str, sync: Sync) -> str:
    """When what comes so long after the first adding is in effect: day and time."""
    return isoformat(sync.in_effect_at(BEGUN + parse_duration(after), BEGUN))[8:16]


@pytest.mark.parametrize(
    ("after", "at"),
    [("0s", "05T10:00"), ("59m", "05T10:00"), ("1h", "05T11:00"), ("61m", "05T11:00"), ("26h", "06T12:00")],
)
def test_a_change_waits_for_the_next_synchronisation(after: str, at: str) -> None:
    """They are counted from the first adding; what comes at the very moment of one waits for the next."""
    assert hours(after, Sync(every=HOUR)) == at


@pytest.mark.parametrize(
    ("after", "at"), [("0s", "05T15:00"), ("5.9h", "05T15:00"), ("6h", "05T18:00"), ("10h", "05T21:00")]
)
def test_the_first_synchronisation_may_take_longer(after: str, at: str) -> None:
    """Later ones are counted from it."""
    assert hours(after, Sync(first=6 * HOUR, every=3 * HOUR)) == at


@pytest.mark.parametrize(
    ("window", "after", "at"),
    [
        (MORNING, "0s", "05T10:00"),
        (MORNING, "1.5h", "05T11:00"),
        (MORNING, "2h", "06T10:00"),
        (MORNING, "20h", "06T10:00"),
        (NIGHT, "0s", "05T23:00"),
        (NIGHT, "13.5h", "05T23:00"),
        (NIGHT, "16.5h", "06T02:00"),
        (NIGHT, "17h", "06T23:00"),
    ],
)
def test_a_synchronisation_outside_the_window_is_put_off_until_it_opens(window: Window, after: str, at: str) -> None:
    """At its opening it is open, at its closing it is closed; it may reach over midnight."""
    assert hours(after, Sync(every=HOUR, window=window)) == at


def test_later_changes_are_never_in_effect_before_earlier_ones() -> None:
    """So that the lists in effect are those of some time before."""
    sync = Sync(first=7 * HOUR, every=2 * HOUR, window=NIGHT)
    found = [sync.in_effect_at(BEGUN + minute * MINUTE, BEGUN) for minute in range(0, 4000, 7)]
    assert found == sorted(found)
    assert all(at > BEGUN + index * 7 * MINUTE for index, at in enumerate(found))


def test_a_sync_is_written_as_it_was_read() -> None:
    """For whoever asks the server for it."""
    sync = Sync(first=90 * MINUTE, every=HOUR, window=NIGHT)
    assert sync.written() == {"every": "1h", "first": "90m", "window": {"from": "23:00", "to": "02:30"}}


@pytest.mark.parametrize("preset", [*CADENCES.values(), *MINIMUM_SIZES.values()], ids=lambda preset: preset.name)
def test_every_preset_names_its_source(preset: object) -> None:
    """A number without one would be a guess."""
    assert "Segment documentation" in getattr(preset, "source", "")
