"""What calls say: about whom, in what content, as which message."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.calls import (
    call_email,
    call_user,
    content,
    digest,
    is_list_entry,
    message_of,
    personas,
    section,
    subject,
    subject_name,
)


@pytest.mark.parametrize(
    ("call_type", "name"),
    [
        ("track", "properties"),
        ("page", "properties"),
        ("identify", "traits"),
        ("group", "traits"),
        (None, "properties"),
    ],
)
def test_the_subject_of_a_call_stands_where_its_type_says(call_type: str | None, name: str) -> None:
    """Track calls speak in properties, identify and group calls in traits."""
    call = {"type": call_type, "properties": {"at": "properties"}, "traits": {"at": "traits"}}
    assert subject_name(call) == name
    assert subject(call) == {"at": name}


@pytest.mark.parametrize("value", [None, "text", 5, [], True])
def test_what_is_no_object_has_nothing_in_it(value: Any) -> None:
    """A place that should hold an object and does not is read as an empty one."""
    assert section({"context": value}, "context") == {}
    assert personas({"context": value}) == {}
    assert personas({"context": {"personas": value}}) == {}


@pytest.mark.parametrize(
    "call",
    [
        {"traits": {"email": "a@example.com"}, "context": {"traits": {"email": "b"}}, "properties": {"email": "c"}},
        {"traits": {"email": ""}, "context": {"traits": {"email": "a@example.com"}}, "properties": {"email": "c"}},
        {"context": {"traits": 5}, "properties": {"email": "a@example.com"}},
    ],
)
def test_the_email_of_a_call_is_found_in_traits_context_or_properties(call: dict[str, Any]) -> None:
    """The email is in the traits, else in those of the context, else in the properties."""
    assert call_email(call) == "a@example.com"


@pytest.mark.parametrize("call", [{}, {"context": None}, {"traits": {"email": 5}}, {"email": "a@example.com"}])
def test_a_call_may_carry_no_email(call: dict[str, Any]) -> None:
    """What stands elsewhere, or is no text, is not the user's email."""
    assert call_email(call) is None


def test_the_user_of_a_call_has_all_its_identifiers() -> None:
    """As a list entry's user, a call's user has its ids, email and external ids."""
    external = [{"id": "1", "type": "crm"}]
    call = {"userId": "u1", "anonymousId": "a1", "traits": {"email": "e"}, "context": {"externalIds": external}}
    assert call_user(call) == {"userId": "u1", "anonymousId": "a1", "email": "e", "externalIds": external}


def test_empty_identifiers_are_no_part_of_the_user() -> None:
    """What is empty or null identifies nobody."""
    assert call_user({"userId": "", "anonymousId": None, "context": {"externalIds": []}}) == {}


@pytest.mark.parametrize("change", [{"sentAt": "x"}, {"receivedAt": "y"}, {"sentAt": None}])
def test_when_a_call_was_sent_is_no_part_of_its_content(change: dict[str, Any]) -> None:
    """Content and digest are the same whenever a call was sent and received, in whatever order its members are."""
    call = {"type": "track", "userId": "u1"}
    turned = {**change, "userId": "u1", "type": "track"}
    assert content(call) == content(turned)
    assert digest(call) == digest(turned)


@pytest.mark.parametrize("change", [{"timestamp": "x"}, {"messageId": "m"}, {"userId": "u2"}, {"context": {}}])
def test_all_else_is_part_of_its_content(change: dict[str, Any]) -> None:
    """Anything else that changes makes another content."""
    assert digest({"userId": "u1"}) != digest({"userId": "u1", **change})


def test_a_digest_is_the_same_in_every_process() -> None:
    """A digest is eight bytes that do not depend on how Python hashes today."""
    assert digest({"type": "track", "userId": "u1"}).hex() == "54b4c95e20333285"


@pytest.mark.parametrize("identifier", [None, "", 7, ["m"]])
def test_a_message_without_an_id_is_its_content(identifier: Any) -> None:
    """What is no id tells no message from another, so the content does."""
    call = {"messageId": identifier, "userId": "u1"}
    assert message_of({"messageId": "m1", "userId": "u1"}) == "m1"
    assert message_of(call) == message_of({**call, "sentAt": "now"}) == digest(call)


def test_a_list_entry_is_no_call() -> None:
    """A list entry has a list and an action, and no type."""
    entry = {"list": "k", "action": "add", "user": {}}
    assert is_list_entry(entry)
    assert not is_list_entry({**entry, "type": "track"})
    assert not is_list_entry({"list": "k", "add": []})


@pytest.mark.parametrize("change", [{"list": 5}, {"action": None}, {"user": "u1"}, {"user": None}])
def test_what_cannot_be_a_list_entry_is_none(change: dict[str, Any]) -> None:
    """An entry names its list and action in text, and its user as an object."""
    assert not is_list_entry({"list": "k", "action": "add", "user": {}, **change})
