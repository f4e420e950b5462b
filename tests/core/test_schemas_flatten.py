"""Flat schemas accept what the schemas accept that they were made of."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.adapters.contract_files import shipped_contracts
from harness.core.rules.examples import KEY, identify, listed, track
from harness.core.schemas import Schema, load_schema
from tests.core.rules.traffic import JSON, calls

PARTS: list[dict[str, Any]] = [
    {"required": ["userId"], "properties": {"userId": {"type": "string", "pattern": "^[!-~]+$"}}},
    {"properties": {"properties": {"required": [KEY], "properties": {KEY: {"const": "true"}}}}},
    {"properties": {"event": {"not": {"const": "Audience Exited"}}}},
]
"""What rules call plainly right."""
ENTRIES = st.builds(
    lambda action, user: listed(action, user)["payload"], st.sampled_from(["add", "remove", 5]), st.just({}) | JSON
)


@cache
def schemas() -> list[tuple[Schema, Schema, Schema]]:
    """Each schema of the shipped contracts, flat, and flat with parts."""
    found = [each for contract in shipped_contracts() for each in contract.schemas.values()]
    return [(schema, schema.narrowed([]), schema.narrowed(PARTS)) for schema in found]


@settings(deadline=None, max_examples=50)
@given(payload=calls() | calls(JSON) | ENTRIES)
def test_a_flat_schema_accepts_the_same(payload: dict[str, Any]) -> None:
    """Every schema that we ship accepts a payload exactly where its flat form does, and so with what narrows it."""
    for schema, flat, narrowed in schemas():
        assert flat.accepts(payload) == schema.accepts(payload)
        both = schema.accepts(payload) and all(load_schema(part, name="part").accepts(payload) for part in PARTS)
        assert narrowed.accepts(payload) == both


def flat(document: dict[str, Any], *parts: dict[str, Any]) -> dict[str, Any]:
    """The document of a schema that was narrowed by `parts`."""
    return dict(load_schema(document, name="own").narrowed(parts).document)


def test_what_is_said_in_several_places_is_said_once() -> None:
    """Members are looked into once, limits are the tighter ones, and a fixed value makes all else needless."""
    document = {
        "type": ["object", "null"],
        "minProperties": 1,
        "properties": {"a": {"type": "string", "x-rule": "schema"}},
    }
    part = {"type": "object", "minProperties": 2, "properties": {"a": {"const": "b"}, "c": {}}}
    assert flat(document, part) == {
        "type": "object",
        "minProperties": 2,
        "properties": {"a": {"const": "b"}, "c": {}},
    }


@pytest.mark.parametrize(
    "document",
    [
        {"$id": "urn:tree", "properties": {"child": {"$ref": "urn:tree"}}},
        {"properties": {"a": {}}, "additionalProperties": False},
        {"$defs": {"a": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/a"}}},
    ],
    ids=["recursive", "closed", "relative"],
)
def test_what_cannot_be_flat_stays(document: dict[str, Any]) -> None:
    """A schema that refers to itself, or whose keywords depend on each other, is kept, and still narrowed."""
    part = {"properties": {"b": {"const": 1}}}
    assert flat(document, part) == {"allOf": [{"$ref": document.get("$id", "https://nameless.invalid/")}, part]}


@pytest.mark.parametrize(
    ("one", "other"),
    [({"const": 1}, {"const": 2}), ({"pattern": "^a+$"}, {"pattern": "^b+$"}), ({"type": "null"}, True)],
)
def test_what_cannot_be_joined_stands_side_by_side(one: dict[str, Any], other: Any) -> None:
    """Two keywords that cannot be said as one both hold."""
    schema = load_schema({"properties": {"a": one}}, name="own")
    narrowed = schema.narrowed([{"properties": {"a": other}}])
    values = [{"a": value} for value in (1, 2, "a", "b", None)]
    both = load_schema({"properties": {"a": other}}, name="other")
    assert [narrowed.accepts(v) for v in values] == [schema.accepts(v) and both.accepts(v) for v in values]


@settings(deadline=None, max_examples=50)
@given(payload=calls() | calls(JSON) | ENTRIES)
def test_beside_a_member_that_is_right_the_rest_decides(payload: dict[str, Any]) -> None:
    """Of payloads whose `context` a schema accepts, what leaves that out accepts those that the schema accepts."""
    for _, _, narrowed in schemas():
        for right in (track(), identify()):
            if narrowed.accepts(right):
                given = {**payload, "context": right["context"]}
                assert narrowed.besides("context")(given) == narrowed.accepts(given)
                assert narrowed.besides("context")(right)


WHOLE: list[dict[str, Any]] = [
    {"type": "object", "maxProperties": 1, "properties": {"a": {"type": "string"}}},
    {"properties": {"a": {"type": "string"}, "b": {"$ref": "#/properties/a"}}},
]


@pytest.mark.parametrize("document", WHOLE)
def test_a_schema_that_cannot_be_taken_apart_decides_as_a_whole(document: dict[str, Any]) -> None:
    """Where other parts of a schema may be about a member too, nothing is left out."""
    schema = load_schema(document, name="own")
    assert schema.besides("a") == schema.accepts
