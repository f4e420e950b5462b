"""What a JSON Schema demands, in words."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.schemas.demands import demands


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"required": ["event"]}, ["event is there"]),
        ({"properties": {"event": {"const": "A"}}}, ['event is "A"']),
        ({"properties": {"event": {"enum": ["A", None]}}}, ['event is "A" or null']),
        ({"properties": {"a": {"properties": {"b": {"type": ["string", "null"]}}}}}, ["a.b is of type string or null"]),
        ({"properties": {"a": {"pattern": "^x$"}}}, ["a matches ^x$"]),
        ({"properties": {"a": {"pattern": "^x$", "x-expected": "an x"}}}, ["a is an x"]),
        ({"properties": {"a": {"enum": ["x", "y"], "x-expected": "an x"}}}, ['a is "x" or "y"']),
        ({"type": "object", "minProperties": 1}, ["the payload is of type object", "the payload is not empty"]),
        (
            {"properties": {"a": {"minLength": 2, "maxLength": 3}}},
            ["a has at least 2 characters", "a has at most 3 characters"],
        ),
        ({"allOf": [{"required": ["a"]}, {"required": ["a"]}]}, ["a is there"]),
        ({"properties": {"a": True}}, []),
    ],
)
def test_each_demand_is_a_sentence(schema: dict[str, Any], words: list[str]) -> None:
    """A keyword becomes a sentence about its place, and nothing is said twice."""
    assert list(demands(schema, {})) == words


def test_a_reference_is_followed_into_its_own_document() -> None:
    """What another document demands is said, references of its own included."""
    common = {"$id": "urn:c", "$defs": {"call": {"$ref": "#/$defs/base"}, "base": {"required": ["userId"]}}}
    assert demands({"properties": {"a": {"$ref": "urn:c#/$defs/call"}}}, {"urn:c": common}) == ("a.userId is there",)


def test_a_schema_that_refers_to_itself_has_an_end() -> None:
    """A recursive schema is told to its first return."""
    schema = {"$id": "urn:s", "required": ["a"], "properties": {"a": {"$ref": "#"}}}
    assert demands(schema, {}) == ("a is there", "a.a is there")
