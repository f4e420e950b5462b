"""Who is on the lists of a destination."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from harness.core.members import Members, history, identifiers, member_message
from tests.core.receiving import ADS, received

U1, U2 = {"userId": "u1"}, {"userId": "u2"}


def members_after(*bodies: Any) -> list[Any]:
    """The members of the list `k` after all `bodies` were taken."""
    members = Members()
    for body in bodies:
        members.take(received(json.dumps(body).encode(), ADS))
    return list(members.lists().get("k", []))


def add(*users: dict[str, Any]) -> dict[str, Any]:
    """A document that adds these users."""
    return {"list": "k", "add": list(users)}


def remove(*users: dict[str, Any]) -> dict[str, Any]:
    """A document that removes these users."""
    return {"list": "k", "remove": list(users)}


def test_who_is_added_is_a_member_once() -> None:
    """A second add of a member changes nothing, and the order is that of adding."""
    assert members_after(add(U2), add(U1, U2)) == [U2, U1]


def test_details_of_a_member_are_no_identifiers() -> None:
    """Whoever has the same identifiers is the same member, whatever else is said of them."""
    assert members_after(add({**U1, "firstName": "Sam"}), add({**U1, "firstName": "Alex"})) == [
        {**U1, "firstName": "Sam"}
    ]


def test_one_user_with_two_emails_is_two_members() -> None:
    """A list that goes by email has a user once for each of them."""
    assert len(members_after(add({**U1, "email": "a"}, {**U1, "email": "b"}))) == 2


@pytest.mark.parametrize(
    "removed",
    [
        {"userId": "u1", "email": "a"},
        {"userId": "u1"},
        {"email": "a"},
        {"userId": "u1", "anonymousId": "a1"},
        {"userId": "u1", "firstName": "Sam"},
    ],
)
def test_a_member_is_removed_by_any_identifiers_that_agree(removed: dict[str, Any]) -> None:
    """A removal may name some of a member's identifiers, or more than were known, as long as none differs."""
    assert members_after(add({"userId": "u1", "email": "a"}, U2), remove(removed)) == [U2]


@pytest.mark.parametrize("removed", [{"userId": "u1", "email": "b"}, {"anonymousId": "a1"}, {}, {"userId": ""}])
def test_who_differs_in_an_identifier_is_not_removed(removed: dict[str, Any]) -> None:
    """A removal that contradicts a member, or shares nothing with them, does not mean them."""
    assert members_after(add({"userId": "u1", "email": "a"}), remove(removed)) == [{"userId": "u1", "email": "a"}]


def test_an_exact_match_goes_before_others() -> None:
    """A removal with just a member's identifiers removes that member only."""
    assert members_after(add(U1, {**U1, "email": "a"}), remove(U1)) == [{**U1, "email": "a"}]


def test_one_document_adds_before_it_removes() -> None:
    """Who is added and removed in one document is no member."""
    assert members_after({"list": "k", "remove": [U1], "add": [U1, U2]}) == [U2]


def test_lists_are_apart() -> None:
    """A removal from one list leaves the others alone."""
    assert members_after(add(U1), {"list": "other", "remove": [U1]}) == [U1]


def test_who_asks_to_be_forgotten_is_on_no_list() -> None:
    """A `delete` call takes its user off every list, and nobody else."""
    assert members_after(add({**U1, "email": "a"}, {**U1, "email": "b"}, U2), {"type": "delete", **U1}) == [U2]


def test_a_stray_call_changes_no_list() -> None:
    """A call that says nothing of membership adds and removes nobody."""
    assert members_after(add(U1), {"type": "page", **U1}) == [U1]


def test_two_entries_are_one_message_by_list_action_and_identifiers() -> None:
    """Whatever else is said of the user, a list entry is list, action and user."""
    entry = {"list": "k", "action": "add", "user": {"email": "a", "userId": "u1", "firstName": "Sam"}}
    same = {"list": "k", "action": "add", "user": {"userId": "u1", "email": "a"}}
    assert member_message(entry) == member_message(same)
    assert member_message(entry) != member_message({**same, "action": "remove"})
    assert member_message(entry) != member_message({**same, "list": "other"})
    assert identifiers({"email": None}) != identifiers({})


def changes_of(*bodies: Any) -> list[tuple[str, str, int, int]]:
    """The changes of the lists by all `bodies`: action, user, delivery and payload."""
    deliveries = [received(json.dumps(body).encode(), ADS, number=number) for number, body in enumerate(bodies, 1)]
    return [(each.action, each.user["userId"], each.delivery, each.payload) for each in history(deliveries)]


def test_the_history_has_what_changed_a_list_and_nothing_else() -> None:
    """A second adding and the removal of a stranger change nothing; who comes back is added again."""
    assert changes_of(add(U1, U2), add(U1), remove(U1, {"userId": "u3"}), remove(U1), add(U1)) == [
        ("add", "u1", 1, 0),
        ("add", "u2", 1, 1),
        ("remove", "u1", 3, 0),
        ("add", "u1", 5, 0),
    ]


def test_a_removal_that_means_several_members_is_a_change_for_each() -> None:
    """A user id without an email takes off all of the user's emails."""
    one, two = {**U1, "email": "a"}, {**U1, "email": "b"}
    deliveries = [
        received(json.dumps(body).encode(), ADS, number=number)
        for number, body in enumerate([add(one, two), remove(U1)], 1)
    ]
    assert [each.user for each in history(deliveries) if each.action == "remove"] == [one, two]


def test_a_deletion_is_in_the_history_of_each_list() -> None:
    """Deleting a user removes them from all lists of the destination."""
    deletion = {"type": "delete", "userId": "u1"}
    assert changes_of(add(U1), {"list": "other", "add": [U1]}, deletion)[2:] == [
        ("remove", "u1", 3, 0),
        ("remove", "u1", 3, 0),
    ]


def test_the_history_needs_no_more_memory_than_the_members() -> None:
    """However often somebody comes and goes, what is kept is who is there."""
    members = Members()
    for number in range(1, 200):
        members.take(received(json.dumps((add if number % 2 else remove)(U1)).encode(), ADS, number=number))
    assert [len(added) for added in members.added().values()] == [1]


def test_a_member_takes_little_memory() -> None:
    """Far less than the kilobytes of the buffer in which identifiers are written."""
    bodies = [json.dumps(add({"userId": f"u{number}"})).encode() for number in range(500)]
    members = Members()
    members.take(received(bodies[0], ADS))  # loads what is loaded once
    tracemalloc.start()
    try:
        for number, body in enumerate(bodies, 1):
            members.take(received(body, ADS, number=number))
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size / len(bodies) < 2048
