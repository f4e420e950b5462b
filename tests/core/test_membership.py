"""Which key a call is about."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.membership import is_membership, key_of

K = "j_o_a__b_abcde"
OTHER = "j_o_c__d_abcde"


@pytest.mark.parametrize(
    ("call", "key"),
    [
        ({"context": {"personas": {"computation_key": K}}, "properties": {"audience_key": OTHER, OTHER: "true"}}, K),
        ({"context": {"personas": {"computation_key": ""}}, "properties": {"audience_key": K, OTHER: "true"}}, K),
        ({"context": {"personas": {"computation_key": 5}}, "properties": {"audience_key": 5, K: "true"}}, K),
        ({"type": "identify", "traits": {K: "maybe", "vip": "true"}, "properties": {OTHER: "true"}}, K),
        ({"properties": {"first purchase": "true", "plan": "pro"}}, "first purchase"),
        ({"properties": {"first purchase": False}}, "first purchase"),
    ],
)
def test_the_key_is_found_where_a_call_says_it_most_plainly(call: dict[str, Any], key: str) -> None:
    """The key is the computation's, else the audience's, else the only name with the prefix, else the only member."""
    assert key_of(call) == key


@pytest.mark.parametrize(
    "call",
    [
        {},
        {"properties": None},
        {"properties": {"plan": "pro", "n": 1}},
        {"properties": {K: "true", OTHER: "true"}},
        {"properties": {"a": "true", "b": True}},
        {"type": "identify", "properties": {K: "true"}},
    ],
)
def test_where_nothing_or_several_could_be_the_key_there_is_none(call: dict[str, Any]) -> None:
    """Nothing is guessed: without a candidate, or with two, a call has no key."""
    assert key_of(call) is None


@pytest.mark.parametrize("value", [True, False, "true", "false"])
def test_membership_is_said_in_booleans_and_their_words(value: Any) -> None:
    """Both types occur in real traffic."""
    assert is_membership(value)


@pytest.mark.parametrize("value", ["True", "", 1, 0, None, [], {}])
def test_nothing_else_says_membership(value: Any) -> None:
    """Numbers, other spellings and null say nothing."""
    assert not is_membership(value)
