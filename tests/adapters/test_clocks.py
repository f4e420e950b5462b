"""The clocks of runs."""

from __future__ import annotations

import pytest

from harness.adapters.clocks import LATEST, VIRTUAL_START, FollowingClock, VirtualClock, wall_clock
from harness.core.instants import HOUR, SECOND, isoformat


def test_a_virtual_clock_stands_until_it_is_moved() -> None:
    """It begins at a fixed time and shows what it was set to."""
    clock = VirtualClock()
    clock.set(VIRTUAL_START + HOUR)
    assert (clock.now(), isoformat(VIRTUAL_START)) == (VIRTUAL_START + HOUR, "2026-01-05T09:00:00.000000Z")


def test_a_virtual_clock_may_be_set_to_its_present() -> None:
    """Nothing moves, and nothing is wrong."""
    clock = VirtualClock()
    clock.set(clock.now())
    assert clock.now() == VIRTUAL_START


def test_a_virtual_clock_does_not_go_back() -> None:
    """Not by a microsecond."""
    with pytest.raises(ValueError, match=r"does not go back: it is 2026-01-05T09:00:00.000000Z, not 2026-01-05T08:59"):
        VirtualClock().set(VIRTUAL_START - 1)


def test_a_following_clock_shows_the_wall_clock_and_its_jumps() -> None:
    """Jumps add up on top of the time that passes."""
    clock = FollowingClock()
    assert 0 <= wall_clock() - clock.now() + SECOND <= 2 * SECOND
    clock.set(clock.now() + HOUR)
    clock.set(clock.now() + HOUR)
    assert 0 <= clock.now() - wall_clock() - 2 * HOUR + SECOND <= 2 * SECOND


def test_a_following_clock_may_be_set_to_a_present_that_was_just_read() -> None:
    """It goes on by itself between the reading and the setting, which is not going back."""
    clock = FollowingClock()
    before = clock.now()
    clock.set(before)
    assert clock.now() >= before


def test_a_following_clock_does_not_go_back() -> None:
    """A time that lies well behind is refused."""
    clock = FollowingClock()
    with pytest.raises(ValueError, match="does not go back"):
        clock.set(clock.now() - HOUR)


@pytest.mark.parametrize("clock", [VirtualClock(), FollowingClock()])
def test_no_clock_goes_where_dates_end(clock: VirtualClock | FollowingClock) -> None:
    """A time that could not be written is refused before it is shown."""
    with pytest.raises(ValueError, match="no further than 9000-01-01"):
        clock.set(LATEST + 1)
