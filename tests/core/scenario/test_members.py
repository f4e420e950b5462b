"""Expectations on the members of lists."""

from __future__ import annotations

import pytest

from harness.core.delivery import Delivery
from tests.core.scenario.writing import OTHER_KEY, delivery, entry, unmet

ALEX = {"userId": "u1", "email": "alex@example.com"}
SAM = {"userId": "u2", "email": "sam@example.com"}
SAM_AT_WORK = {"userId": "u2", "email": "sam@work.example.com"}
BOTH = delivery(1, "ads", *(entry("add", user) for user in (ALEX, SAM, SAM_AT_WORK)))
BOUGHT = delivery(2, "ads", *(entry("add", user, OTHER_KEY) for user in (SAM, SAM_AT_WORK)))


@pytest.mark.parametrize(
    "demands",
    [
        "step: Opened email, are: [alex, sam]",
        "step: Bought, are: [sam]",
        "step: Opened email, not_on: Bought, are: [alex]",
        "are: [sam, alex]",
        "include: [alex]",
        "step: Bought, exclude: [alex]",
        "step: Opened email, count: 3",
        "count: {at_least: 5}",
    ],
)
def test_members_are_as_expected(demands: str) -> None:
    """Each of these is true of two lists, on both of which one person stands with two emails."""
    assert unmet(f"[members: {{of: ads, {demands}}}]", BOTH, BOUGHT) == []


@pytest.mark.parametrize(
    ("demands", "actual"),
    [
        ("step: Bought, are: [alex, sam]", "alex is missing (sent to another list only); on it: "),
        ("step: Opened email, are: [alex]", "u2 (sam@example.com), u2 (sam@work.example.com) are on it"),
        ("step: Opened email, not_on: Bought, include: [sam]", "sam is missing (on the other list); on it: u1 "),
        ("step: Opened email, exclude: [alex]", "u1 (alex@example.com) is on it"),
        ("step: Bought, count: 1", "2: u2 (sam@example.com), u2 (sam@work.example.com)"),
        ("step: Bought, are: []", "u2 (sam@example.com), u2 (sam@work.example.com) are on it"),
    ],
)
def test_members_are_otherwise(demands: str, actual: str) -> None:
    """Each of these is false of the same lists, and the text says who is the cause."""
    (found,) = unmet(f"[members: {{of: ads, {demands}}}]", BOTH, BOUGHT)
    assert found.actual.startswith(actual)


def test_each_email_of_a_profile_must_be_on_the_list() -> None:
    """A profile with two emails is a member only with both."""
    (found,) = unmet("[members: {of: ads, are: [sam]}]", delivery(1, "ads", entry("add", SAM)))
    assert found.actual == "sam is on it without sam@work.example.com; on it: u2 (sam@example.com)"
    assert found.nearest is not None
    assert found.nearest.difference == "it adds u2 (sam@example.com)"


def test_who_was_removed_is_no_member() -> None:
    """A removal that was accepted takes effect, and the text says that it was one."""
    gone = delivery(2, "ads", entry("remove", ALEX))
    (found,) = unmet("[members: {of: ads, include: [alex]}]", delivery(1, "ads", entry("add", ALEX)), gone)
    assert found.actual == "alex is missing (removed again); on it: nobody"
    assert found.nearest is not None
    assert (found.nearest.delivery, found.nearest.difference) == (gone, "it removes alex")


def test_who_was_refused_is_no_member() -> None:
    """Only what was accepted counts, and the text says that it was sent in vain."""
    refused = delivery(1, "ads", entry("add", ALEX), status=503)
    (found,) = unmet("[members: {of: ads, are: [alex]}]", refused)
    assert found.actual == "alex is missing (sent, and never accepted in 1 attempt); on it: nobody"
    assert found.nearest is not None
    assert found.nearest.difference == "it was never accepted, in 1 attempt"


def test_who_was_never_sent_is_told_so() -> None:
    """Where nothing about the profile came, the text says that."""
    (found,) = unmet("[members: {of: ads, are: [alex]}]")
    assert found.actual == "alex is missing (never sent there); on it: nobody"
    assert found.nearest is None


@pytest.mark.parametrize(
    ("demands", "payload", "difference"),
    [
        ("step: Opened email, not_on: Bought, include: [sam]", BOUGHT, "it adds sam to the list that is taken off"),
        ("step: Opened email, exclude: [alex]", BOTH, "it adds u1 (alex@example.com)"),
        ("step: Bought, are: []", BOUGHT, "it adds u2 (sam@example.com)"),
        ("step: Bought, count: 1", BOUGHT, "it adds u2 (sam@work.example.com)"),
        ("step: Bought, include: [alex]", BOTH, "its key "),
    ],
)
def test_the_entry_that_explains_most_is_shown(demands: str, payload: Delivery, difference: str) -> None:
    """The nearest payload is the one that put somebody where they should not be, or that comes closest to adding."""
    (found,) = unmet(f"[members: {{of: ads, {demands}}}]", BOTH, BOUGHT)
    assert found.nearest is not None
    assert found.nearest.delivery is payload
    assert found.nearest.difference.startswith(difference)
