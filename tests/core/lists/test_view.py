"""Who is on lists at a time, as told and as in effect."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.instants import HOUR, Instant
from harness.core.lists.syncs import Sync
from harness.core.lists.view import ListView
from harness.core.members import Change

HOURLY = Sync(every=HOUR)
NOW: Instant = 100 * HOUR


def change(action: str, user: str, hours: float) -> Change:
    """A change of the list `k`, so many hours after the run began."""
    return Change("k", action, {"userId": user}, NOW + round(hours * HOUR), 1, 0)


CHANGES = [change("add", "u1", 0), change("add", "u2", 0.5), change("remove", "u1", 1.5), change("add", "u1", 2.5)]


def users(lists: Any) -> list[str]:
    """Who is on the list."""
    return [each.user["userId"] for each in lists["k"].values()]


@pytest.mark.parametrize(
    ("hours", "told", "in_effect"),
    [
        (0, ["u1"], []),
        (0.5, ["u1", "u2"], []),
        (1, ["u1", "u2"], ["u1", "u2"]),
        (1.5, ["u2"], ["u1", "u2"]),
        (2, ["u2"], ["u2"]),
        (2.5, ["u2", "u1"], ["u2"]),
        (3, ["u2", "u1"], ["u2", "u1"]),
    ],
)
def test_members_in_effect_lag_behind_those_that_were_told(hours: float, told: list[str], in_effect: list[str]) -> None:
    """Both who was added and who was removed."""
    view, at = ListView(sync=HOURLY), NOW + round(hours * HOUR)
    assert users(view.members_at(CHANGES, at, in_effect=False)) == told
    assert users(view.members_at(CHANGES, at, in_effect=True)) == in_effect


def test_without_a_sync_all_is_in_effect_at_once() -> None:
    """As it was told."""
    view = ListView()
    assert users(view.members_at(CHANGES, NOW, in_effect=True)) == ["u1"]


def test_nobody_was_on_a_list_before_it_began() -> None:
    """But the list is named."""
    assert ListView().members_at(CHANGES, NOW - 1, in_effect=False) == {"k": {}}


@pytest.mark.parametrize(
    ("members", "minimum", "targetable"), [(0, 0, False), (1, 0, True), (2, 3, False), (3, 3, True)]
)
def test_a_list_is_targetable_from_its_minimum_size_on(members: int, minimum: int, *, targetable: bool) -> None:
    """And never where nobody is on it."""
    assert ListView(minimum_size=minimum).targets(members) is targetable
