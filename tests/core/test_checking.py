"""One payload before the contract: schema and rules together, each breach told once."""

from __future__ import annotations

from typing import Any

import pytest

from harness.adapters.contract_files import load_contract
from harness.core.checking import Checker
from harness.core.declarations import Declarations
from harness.core.destinations.destination import Destination
from harness.core.instants import DAY
from harness.core.journeys import Journey, SendStep
from harness.core.rules.examples import KEY, identify, personas, track
from tests.core.receiving import ADS, CRM, checker


def broken(
    payload: dict[str, Any], destination: Destination = CRM, judge: Checker | None = None
) -> list[tuple[str, str]]:
    """Rule and path of all that `payload` breaks."""
    return [(v.rule, v.path) for v in (judge or checker()).violations(payload, None, destination, 0)]


def used_checker(payload: dict[str, Any], destination: Destination = CRM) -> Checker:
    """A checker that has found many like `payload` right, and may take a short way with more of them."""
    judge = Checker(load_contract("engage-journeys"), Declarations())
    assert [broken(payload, destination, judge) for _ in range(100)] == [[]] * 100
    return judge


def test_a_right_payload_breaks_nothing_however_often_it_comes() -> None:
    """The first of its like and those after it are right alike."""
    judge = used_checker(track())
    assert [broken(track(userId=user), judge=judge) for user in ("u1", "u2", "ü 3")] == [[], [], []]


@pytest.mark.parametrize(
    "change",
    [
        {"event": "Audience Exited"},
        {"properties": {KEY: True}},
        {"properties": {KEY: "true", "audience_key": "x"}},
        {"userId": " "},
        {"userId": None},
        {"integrations": {"All": True}},
        {"messageId": 7},
        {"context": {"personas": personas(namespace="spa_other")}},
        {"context": {"personas": personas(computation_class="trait")}},
        {"type": "page"},
    ],
)
def test_what_is_wrong_is_found_after_any_number_of_right_ones(change: dict[str, Any]) -> None:
    """A payload like earlier right ones but for one thing breaks what it would break if it came first."""
    judge = used_checker(track())
    assert broken(track(**change), judge=judge) == broken(track(**change)) != []


def test_a_destination_that_changes_what_it_takes_is_judged_anew() -> None:
    """What was right at a destination of that name is wrong when the destination does not take it any more."""
    judge = used_checker(identify(), Destination(name="crm", calls=("identify",)))
    assert broken(identify(), Destination(name="crm", calls=("track",)), judge) == [("destination-kind", "$.type")]


@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        (identify(userId=None, traits={KEY: False}), "destination-kind"),
        (track(properties={KEY: False}), "entry-only"),
        (track(properties={KEY: True}), "membership-value"),
        (track(properties=None), "key-identity"),
    ],
)
def test_of_several_rules_about_one_place_the_first_is_told(payload: dict[str, Any], rule: str) -> None:
    """Precedence decides, so that one breach is one violation."""
    assert [found for found, _ in broken(payload)] == [rule]


def test_a_violation_has_the_index_of_its_payload() -> None:
    """What a batch breaks says in which payload."""
    (violation,) = checker().violations(track(event="x"), None, CRM, 5)
    assert (violation.payload, violation.severity) == (5, "error")


def test_a_stray_call_at_a_list_is_told_of_by_the_unpacking_alone() -> None:
    """Nothing else of a call that is no member matters at a list."""
    assert broken({"type": "page"}, ADS) == []


def test_a_list_entry_has_its_own_schema() -> None:
    """An entry is judged by what an entry must be, in its own places."""
    entry = {"list": KEY, "action": "remove", "user": {"userId": 5}}
    assert broken(entry, ADS) == [("list-append-only", "$.action"), ("schema", "$.user.userId")]


def test_a_family_without_such_calls_says_which_it_has() -> None:
    """A known type that the family has not, and an unknown one, are told apart."""
    page = checker().violations({"type": "page", "userId": "u1"}, None, Destination(name="crm", calls=("page",)), 0)
    other = checker().violations({"type": 5, "userId": "u1"}, None, CRM, 0)
    assert (page[0].message, page[0].expected) == ("engage-journeys@2024 has no page calls", "track or identify")
    assert (other[0].message, other[0].actual) == ("it is no call: its type is unknown", "5")


@pytest.mark.parametrize("exit_after", [None, DAY])
def test_a_declared_exit_changes_the_schema(exit_after: int | None) -> None:
    """The exit event is right just where the step's journey has an exit."""
    journey = Journey(
        id="j", name="First purchase", steps=(SendStep(name="Opened email", to=("crm",)),), exit_after=exit_after
    )
    judge = Checker(load_contract("engage-journeys"), Declarations([journey]))
    left = track(event="Audience Exited", properties={KEY: "false"})
    assert broken(left, judge=judge) == ([] if exit_after else [("entry-only", "$.event")])


def test_a_key_that_is_no_text_is_judged_like_any_other() -> None:
    """Where no rule looks at keys, a `computation_key` may be any JSON, and the short way for likes leaves it alone."""
    checker = Checker(load_contract("segment-spec"), Declarations())
    call = track(context={"personas": {"computation_key": []}})
    assert checker.violations(call, None, Destination(name="crm"), 0) == ()
