"""Identifiers and chance."""

from __future__ import annotations

import re

from harness.engage.ids import Ids
from harness.engage.timeline import Timeline


def test_ids_have_the_shapes_of_the_specimens() -> None:
    """Prefixes, alphabets and lengths are those seen on the wire."""
    ids = Ids(1)
    assert re.fullmatch("spa_[0-9A-Za-z]{22}", ids.space())
    assert re.fullmatch("aud_[0-9A-Za-z]{27}", ids.computation("a"))
    assert re.fullmatch("personas_[0-9A-Za-z]{27}", ids.message("a"))
    assert re.fullmatch("[a-z0-9]{5}", ids.suffix("a"))


def test_labels_are_told_apart() -> None:
    """Two labels are not one label with both their letters."""
    ids = Ids(1)
    assert len({ids.message("ab", "c"), ids.message("a", "bc"), ids.message("abc")}) == 3


def test_chance_is_spread_over_its_range() -> None:
    """Fractions fill the range from 0 to 1 evenly enough."""
    ids = Ids(1)
    tenths = [int(ids.fraction(str(number)) * 10) for number in range(2000)]
    assert all(150 < tenths.count(tenth) < 250 for tenth in range(10))


def test_a_seed_changes_everything() -> None:
    """Another seed gives other identifiers for the same labels."""
    assert Ids(1).message("a") == Ids(1).message("a") != Ids(2).message("a")


def test_what_falls_due_together_is_done_in_the_order_of_planning() -> None:
    """Work and timers of one instant keep the order in which they were planned."""
    timeline, done = Timeline(), []
    timeline.plan_work(5, lambda _: done.append("first"))
    timeline.plan_timer(5, lambda _: done.append("second"))
    timeline.plan_work(5, lambda _: done.append("third"))
    timeline.plan_timer(4, lambda _: done.append("zeroth"))
    while (planned := timeline.pop(5)) is not None:
        planned[1](planned[0])
    assert done == ["zeroth", "first", "second", "third"]
