"""Expectations on lists as such: when members are in effect, whether lists are targetable, what happened to members."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from harness.core.delivery import Delivery
from harness.core.instants import HOUR, Instant
from harness.core.lists.syncs import Sync
from harness.core.lists.view import ListView
from harness.core.scenario.evidence import Evidence
from harness.core.scenario.expecting import unmet_expectations
from harness.core.verdict import Unmet
from tests.core.scenario.writing import OTHER_KEY, delivery, entry, sample

ALEX, SAM = {"userId": "u1", "email": "alex@example.com"}, {"userId": "u2", "email": "sam@example.com"}
BEGAN: Instant = 1_000 * HOUR
HOURLY = ListView(sync=Sync(every=HOUR), minimum_size=2, set_up_at=BEGAN, now=BEGAN + 10 * HOUR)


def at(hours: float, number: int, *payloads: Any) -> Delivery:
    """A delivery to the list, so many hours after the set-up."""
    made = delivery(number, "ads", *payloads)
    return replace(made, arrival=replace(made.arrival, received_at=BEGAN + round(hours * HOUR)))


SAM_AT_WORK = {**SAM, "email": "sam@work.example.com"}
STORY = (
    at(0, 1, entry("add", ALEX)),
    at(2.5, 2, entry("add", SAM), entry("add", SAM_AT_WORK), entry("add", SAM, OTHER_KEY)),
    at(5.5, 3, entry("remove", ALEX)),
)
"""Alex comes and goes; Sam comes with two emails, with one of them to another list as well."""


def unmet(demands: str, *deliveries: Delivery, view: ListView = HOURLY) -> list[Unmet]:
    """What the lists do not meet of these demands."""
    scenario = sample(f"do: []\nexpect: [members: {{of: ads, {demands}}}]")
    evidence = Evidence(deliveries or STORY, scenario.declarations(), lists={"ads": view})
    return unmet_expectations(scenario.expectations, evidence)


@pytest.mark.parametrize(
    "demands",
    [
        "step: Opened email, at: 30m, are: [alex]",
        "step: Opened email, at: 30m, in_effect: true, are: []",
        "step: Opened email, at: 1h, in_effect: true, are: [alex]",
        "step: Opened email, at: 5.75h, are: [sam]",
        "step: Opened email, at: 5.75h, in_effect: true, are: [alex, sam]",
        "step: Opened email, in_effect: true, are: [sam], count: 2",
        "step: Opened email, at: 3h, in_effect: true, not_on: Bought, include: [alex, sam]",
        "step: Opened email, not_on: Bought, in_effect: true, count: 0",
        "step: Opened email, targetable: true",
        "step: Opened email, at: 1h, targetable: false",
        "step: Bought, targetable: false",
        "at: 0s, targetable: false",
        "step: Opened email, history: {alex: [add, remove], sam: [add]}",
        "step: Opened email, at: 5h, history: {alex: [add]}",
        "step: Bought, history: {alex: [], sam: [add]}",
    ],
)
def test_lists_are_as_expected(demands: str) -> None:
    """Each of these is true of the two lists."""
    assert unmet(demands) == []


@pytest.mark.parametrize(
    ("demands", "actual"),
    [
        ("step: Opened email, at: 1h, are: [alex, sam]", "sam is missing (added at 1970-02-11T18:30:00.000000Z, later"),
        ("at: 30m, in_effect: true, are: [alex]", "alex is missing (added at 1970-02-11T16:00:00.000000Z, in effect f"),
        ("in_effect: true, include: [alex]", "alex is missing (removed again)"),
        ("step: Opened email, targetable: false", "j_o_win_back__opened_email_abcde has 2"),
        ("targetable: true", "j_o_win_back__bought_fghij has 1"),
        ("step: Bought, history: {alex: [add]}", "never on it"),
        ("step: Opened email, history: {alex: [add]}", "add (delivery 1, 1970-02-11T16:00:00.000000Z), remove (deliv"),
        ("step: Opened email, history: {sam: []}", "add (delivery 2, 1970-02-11T18:30:00.000000Z); add (delivery 2,"),
    ],
)
def test_lists_are_otherwise(demands: str, actual: str) -> None:
    """Each of these is false of them, and the text says why."""
    (found,) = unmet(demands)
    assert found.actual.startswith(actual), found.actual


def test_who_was_never_added_is_not_merely_late() -> None:
    """Time is the reason only for those who were added."""
    (found,) = unmet("at: 1h, include: [alex]", at(0, 1, entry("add", SAM)), at(2, 2, entry("remove", ALEX)))
    assert found.actual.startswith("alex is missing (only ever removed)")


def test_without_a_cadence_all_is_in_effect_at_once() -> None:
    """As it was told."""
    view = replace(HOURLY, sync=None)
    assert unmet("step: Opened email, at: 0s, in_effect: true, are: [alex]", view=view) == []


def test_where_there_is_no_list_none_is_targetable() -> None:
    """The text says so."""
    (found,) = unmet("step: Opened email, targetable: true", at(0, 1, entry("add", SAM, OTHER_KEY)))
    assert found.actual == "there is no list"
