"""Expectations on messages: when they are met, and what is said where they are not."""

from __future__ import annotations

import pytest

from harness.core.delivery import Delivery
from tests.core.scenario.writing import OTHER_KEY, delivery, entry, track, unmet

ONCE = delivery(1, "crm", track("u1", "m1"))
REFUSED = delivery(2, "crm", track("u2", "m2"), status=503)
AGAIN = delivery(3, "crm", track("u2", "m2"))
TRAFFIC = (ONCE, REFUSED, AGAIN)
LISTED = delivery(4, "ads", entry("add", {"userId": "u1"}))


@pytest.mark.parametrize(
    "expectation",
    [
        "received: {to: crm, count: 2}",
        "received: {to: [crm], count: {at_least: 1, at_most: 2}}",
        "received: {to: crm, count: 1, profiles: alex}",
        "received: {to: crm, count: 2, profiles: [alex, sam], type: track, event: Audience Entered}",
        "received: {to: crm, count: 2, step: Opened email}",
        "received: {to: crm, count: 0, step: Bought}",
        "received: {to: crm, count: 2, key: j_o_win_back__opened_email_abcde}",
        "received: {to: ads, count: 1, action: add}",
        'received: {to: crm, count: 1, where: {userId: u2, $.properties.j_o_win_back__opened_email_abcde: "true"}}',
        "undelivered: {to: [crm, ads], count: 0}",
        "attempts: {to: crm, each: {at_most: 2}, total: 3}",
        "attempts: {to: crm, each: 2, profiles: sam}",
        "attempts: {to: crm, each: 0, step: Bought}",
        "unexpected: allowed",
    ],
)
def test_an_expectation_is_met(expectation: str) -> None:
    """Each of these is true of two messages, one of which took a second attempt, and of one list entry."""
    assert unmet(f"[{expectation}]", *TRAFFIC, LISTED) == []


@pytest.mark.parametrize(
    "expectation",
    [
        "received: {to: crm, count: 3}",
        "received: {to: crm, count: {at_most: 1}}",
        "received: {to: crm, count: 1, profiles: [alex, sam]}",
        "received: {to: crm, type: identify}",
        "received: {to: crm, event: audience entered}",
        "received: {to: crm, step: Bought}",
        "received: {to: ads, action: remove}",
        "received: {to: crm, where: {properties.j_o_win_back__opened_email_abcde: true}}",
        "received: {to: crm, where: {userId.name: u1}}",
        "received: {to: crm, where: {messageId: null}}",
        "undelivered: {to: crm}",
        "attempts: {to: crm, each: 2}",
        "attempts: {to: crm, total: {at_least: 4}}",
        "attempts: {to: crm, each: 1, step: Bought}",
        "nothing_else: true",
    ],
)
def test_an_expectation_is_unmet(expectation: str) -> None:
    """Each of these is false of the same traffic, and told once."""
    assert len(unmet(f"[{expectation}]", *TRAFFIC, LISTED)) == 1


def test_each_destination_is_judged_for_itself() -> None:
    """Of several destinations, those that fail are told one by one."""
    found = unmet("[received: {to: [crm, ads], count: 2}]", *TRAFFIC, LISTED)
    assert [each.expected for each in found] == ["2 messages accepted by ads"]


@pytest.mark.parametrize(
    ("each", "told"),
    [
        (0, "2 of 2 messages were tried 1 to 2 times"),
        (1, "1 of 2 messages was tried 2 times"),
        (2, "1 of 2 messages was tried once"),
    ],
)
def test_attempts_are_told_in_numbers(each: int, told: str) -> None:
    """How often the messages were tried that were not tried so often as expected."""
    (found,) = unmet(f"[attempts: {{to: crm, each: {each}}}]", *TRAFFIC)
    assert found.actual == told


def test_attempts_of_several_alike_are_told_once() -> None:
    """Where all were tried equally often, the number is that of each."""
    (found,) = unmet("[attempts: {to: crm, each: 2}]", ONCE, AGAIN)
    assert found.actual == "2 of 2 messages were tried once each"


def test_the_nearest_payload_differs_least() -> None:
    """Among several, the one with the fewest differences is shown, with these differences."""
    (found,) = unmet("[received: {to: crm, profiles: sam, step: Bought}]", *TRAFFIC)
    assert found.nearest is not None
    assert found.nearest.delivery is AGAIN
    assert found.nearest.difference.startswith("its key ")


@pytest.mark.parametrize(
    ("other", "surplus"),
    [
        ("received: {to: crm, count: 2}", "1 more: 1 at ads"),
        ("members: {of: ads, are: [alex]}", "2 more: 2 at crm"),
        ("members: {of: ads, step: Bought, are: []}", "3 more: 1 at ads, 2 at crm"),
        ("attempts: {to: crm, each: 2, profiles: sam}", "2 more: 1 at ads, 1 at crm"),
    ],
)
def test_nothing_else_counts_what_no_other_speaks_of(other: str, surplus: str) -> None:
    """An expectation covers the messages that it admits, whether or not it is met."""
    (found,) = [each for each in unmet(f"[{other}, nothing_else: true]", *TRAFFIC, LISTED) if each.nearest]
    assert (found.expectation, found.actual) == ("nothing_else", surplus)


@pytest.mark.parametrize("order", [TRAFFIC, TRAFFIC[::-1]])
def test_a_message_is_accepted_if_any_attempt_is(order: tuple[Delivery, ...]) -> None:
    """The order of attempts does not matter: once accepted is accepted."""
    assert unmet("[received: {to: crm, count: 2}, undelivered: {to: crm, count: 0}]", *order) == []


def test_a_step_is_known_by_its_key() -> None:
    """Messages of another declared step are told apart by the key that they carry."""
    bought = delivery(5, "crm", track("u1", "m5", OTHER_KEY))
    assert unmet("[received: {to: crm, count: 1, step: Bought}]", *TRAFFIC, bought) == []
