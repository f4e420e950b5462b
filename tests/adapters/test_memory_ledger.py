"""Ledgers in memory, bounded and not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.adapters.memory_ledger import BoundedLedger, MemoryLedger
from harness.core.delivery import Delivery
from harness.core.instants import HOUR
from harness.core.keeping import Bounds, Loss, size_of
from harness.core.ledger import Ledger
from tests.core.receiving import NOON, received


def filled(ledger: Ledger, count: int) -> Ledger:
    """The ledger, with so many deliveries more."""
    for number in range(ledger.last + 1, ledger.last + count + 1):
        ledger.append(received(b"{}", number=number))
    return ledger


def numbers(deliveries: Sequence[Delivery]) -> list[int]:
    """Their numbers."""
    return [delivery.number for delivery in deliveries]


def test_without_bounds_all_is_kept() -> None:
    """Nothing is lost, and nothing said to be."""
    ledger = filled(MemoryLedger(), 5)
    assert (numbers(ledger.deliveries()), numbers(ledger.deliveries(3)), ledger.losses()) == (
        [1, 2, 3, 4, 5],
        [4, 5],
        (),
    )


def test_a_bounded_ledger_keeps_the_latest_and_says_what_it_dropped() -> None:
    """The oldest go, and are counted."""
    ledger = filled(BoundedLedger(Bounds(max=3)), 8)
    assert numbers(ledger.deliveries()) == [6, 7, 8]
    assert ledger.losses() == (Loss(cause="max", count=5, first=1, last=5, why="max=3"),)


@pytest.mark.parametrize(("after", "found"), [(0, [6, 7, 8]), (5, [6, 7, 8]), (6, [7, 8]), (8, []), (99, [])])
def test_what_is_left_is_found_by_number(after: int, found: list[int]) -> None:
    """Numbers stay what they were."""
    assert numbers(filled(BoundedLedger(Bounds(max=3)), 8).deliveries(after)) == found


def test_bytes_are_bounded() -> None:
    """Bodies and headers of what is kept take no more than is allowed."""
    size = size_of(received(b"{}"))
    ledger = filled(BoundedLedger(Bounds(max_bytes=4 * size)), 9)
    assert numbers(ledger.deliveries()) == [6, 7, 8, 9]
    assert [loss.cause for loss in ledger.losses()] == ["max_bytes"]


def test_age_is_bounded() -> None:
    """What arrived too long ago goes when something comes."""
    now = [NOON]
    ledger = filled(BoundedLedger(Bounds(max_age=HOUR), now=lambda: now[0]), 2)
    now[0] += 2 * HOUR
    ledger.append(received(b"{}", number=3))
    assert numbers(ledger.deliveries()) == [3]
    assert [(loss.cause, loss.count, loss.why) for loss in ledger.losses()] == [("max_age", 2, "max_age=1h")]


@pytest.mark.parametrize("ledger", [MemoryLedger(), BoundedLedger(Bounds(max=2))])
def test_cleared_it_begins_anew(ledger: Ledger) -> None:
    """Deliveries, numbers and losses are forgotten."""
    filled(ledger, 5).clear()
    assert (numbers(ledger.deliveries()), ledger.last, tuple(ledger.losses())) == ([], 0, ())
