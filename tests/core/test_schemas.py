"""What a schema says about values: the rule, the place, and words that testers understand."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.schemas import Breach, Schema, load_schema

TRACK: dict[str, Any] = {
    "$id": "https://example.test/track",
    "type": "object",
    "required": ["event", "context"],
    "properties": {
        "event": {"const": "Audience Entered", "x-rule": "entry-only"},
        "timestamp": {"type": "string", "format": "date-time"},
        "context": {"$ref": "common#/$defs/context", "x-rule": "personas-context"},
        "properties": {
            "patternProperties": {"^j_o_[a-z0-9_]+$": {"const": "true", "x-rule": "membership-value"}},
            "propertyNames": {"maxLength": 20, "x-rule": "key-naming"},
        },
    },
}
COMMON = {
    "$id": "https://example.test/common",
    "$defs": {
        "context": {"type": "object", "required": ["id"], "properties": {"id": {"$ref": "#/$defs/id"}}},
        "id": {"type": "string", "pattern": "^jou_[a-z]+$", "x-rule": "id-form", "x-expected": "an id such as jou_a"},
    },
}
GOOD: dict[str, Any] = {"event": "Audience Entered", "context": {"id": "jou_a"}}


def track() -> Schema:
    """A schema that refers to another document."""
    return load_schema(TRACK, name="track", resources={COMMON["$id"]: COMMON})  # type: ignore[dict-item]


def breaches(schema: Any, instance: Any) -> list[Breach]:
    """What `schema` finds wrong with `instance`."""
    return load_schema(schema, name="sample").breaches(instance)


def only(schema: Any, instance: Any) -> Breach:
    """The one breach that `schema` finds in `instance`."""
    (breach,) = breaches(schema, instance)
    return breach


def test_a_right_value_is_accepted_without_breaches() -> None:
    """A value that fulfils the schema is accepted and has no breaches."""
    assert track().accepts(GOOD)
    assert track().breaches(GOOD) == []


@pytest.mark.parametrize(
    ("change", "rule", "path"),
    [
        ({"event": "Audience Exited"}, "entry-only", "$.event"),
        ({"context": {"id": "x"}}, "id-form", "$.context.id"),
        ({"context": {}}, "id-form", "$.context.id"),
        ({"context": 5}, "personas-context", "$.context"),
        ({"timestamp": "yesterday"}, "schema", "$.timestamp"),
        ({"properties": {"j_o_x": True}}, "membership-value", "$.properties.j_o_x"),
        ({"properties": {"a" * 21: 1}}, "key-naming", "$.properties." + "a" * 21),
    ],
)
def test_a_breach_has_the_rule_of_the_nearest_subschema(change: dict[str, Any], rule: str, path: str) -> None:
    """The rule is that of the nearest enclosing subschema, through references, and `schema` where none names one."""
    (breach,) = track().breaches({**GOOD, **change})
    assert (breach.rule, breach.path) == (rule, path)


def test_a_missing_property_breaks_its_own_rule() -> None:
    """What is missing breaks the rule that its own subschema names, at the place where it should be."""
    (breach,) = track().breaches({"event": "Audience Entered"})
    assert (breach.rule, breach.path) == ("personas-context", "$.context")
    assert (breach.expected, breach.actual) == ("context", "missing")


def test_a_missing_property_without_a_rule_breaks_the_rule_around_it() -> None:
    """What is missing and has no rule of its own breaks the rule of the object that demands it."""
    schema = {"properties": {"a": {"x-rule": "outer", "required": ["b"], "properties": {"b": {}}}}}
    assert only(schema, {"a": {}}).rule == "outer"


@pytest.mark.parametrize("keyword", ["additionalProperties", "unevaluatedProperties"])
def test_each_surplus_property_is_a_breach(keyword: str) -> None:
    """Every property that may not be there is told of by itself, with the names that may."""
    schema = {"properties": {"a": {}}, "allOf": [{"properties": {"b": {}}}], keyword: False}
    if keyword == "additionalProperties":
        schema["properties"] = {"a": {}, "b": {}}
    found = breaches(schema, {"a": 1, "it's": None, "b": 2, "c": [1]})
    assert [(each.path, each.actual, each.options) for each in found] == [
        (r"$['it\'s']", "null", ("a", "b")),
        ("$.c", "[1]", ("a", "b")),
    ]


@pytest.mark.parametrize(
    ("schema", "instance", "expected", "actual"),
    [
        ({"const": "Audience Entered"}, "Audience Exited", '"Audience Entered"', '"Audience Exited"'),
        ({"const": "true"}, True, '"true"', "true"),
        ({"enum": ["a", 1, None]}, "b", '"a", 1 or null', '"b"'),
        ({"type": "string"}, True, "a string", "the boolean true"),
        ({"type": ["integer", "null"]}, 1.5, "a whole number or null", "the number 1.5"),
        ({"type": "object"}, [1], "an object", "the list [1]"),
        ({"type": "array"}, {"a": 1}, "a list", 'the object {"a": 1}'),
        ({"type": "boolean"}, None, "a boolean", "null"),
        ({"minLength": 1}, "", "a string that is not empty", '""'),
        ({"maxLength": 2}, "abc", "at most 2 characters long", '"abc"'),
        ({"minimum": 3}, 2, "at least 3", "2"),
        ({"maxItems": 1}, [1, 2], "a list of at most 1", "[1, 2]"),
        ({"prefixItems": [{}], "items": False}, [1, 2], "a list of at most 1", "[1, 2]"),
        ({"uniqueItems": True}, [1, 1], "a list without repetition", "[1, 1]"),
        ({"contains": {"const": 1}}, [2], "a list with 1 in it", "[2]"),
        ({"contains": {"const": 1}, "minContains": 2}, [1], "a list with at least 2 such entries", "[1]"),
        ({"not": {"enum": ["a", "b"]}}, "a", 'anything but "a" or "b"', '"a"'),
        ({"pattern": "^[a-z]+$"}, "A", "text that matches ^[a-z]+$", '"A"'),
        ({"format": "email"}, "x", "an email address", '"x"'),
        ({"anyOf": [{"type": "string"}, {"$ref": "#/$defs/n"}], "$defs": {"n": {"type": "null"}}}, 1,
         "a string or null", "the number 1"),
        ({"oneOf": [{"minimum": 1}, {"maximum": 5}]}, 3, "no more than one of these: at least 1 or at most 5",
         "the number 3"),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {}, "an object with a or an object with b",
         "the object {}"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "b", "missing"),
        ({"x-expected": "a key", "type": "string"}, 1, "a key", "the number 1"),
    ],
)  # fmt: skip
def test_words_are_for_testers(schema: Any, instance: Any, expected: str, actual: str) -> None:
    """What was expected and what was found is said without the vocabulary of JSON Schema."""
    breach = only(schema, instance)
    assert (breach.expected, breach.actual) == (expected, actual)


@pytest.mark.parametrize(
    ("alternative", "words"),
    [
        (True, "anything"),
        ({"x-expected": "a key"}, "a key"),
        ({"$ref": "#/$defs/far-0"}, "anything"),
        ({"type": "object", "required": ["a", "b"]}, "an object with a and b"),
        ({"anyOf": [{"const": 1}, {"const": 2}]}, "1 or 2"),
        ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, "at least 1 and at most 2"),
        ({"properties": {}}, "something else"),
        ({"title": "a thing", "properties": {}}, "a thing"),
    ],
)
def test_alternatives_are_described_by_what_says_most(alternative: Any, words: str) -> None:
    """What a subschema demands is said in a few words."""
    far = {f"far-{n}": {"$ref": f"#/$defs/far-{n + 1}"} for n in range(9)}
    schema = {"not": {"anyOf": [alternative]}, "$defs": {**far, "far-9": {"title": "far away"}}}
    assert only(schema, {"a": 1, "b": 2} if "type" in str(alternative) else 1).expected == f"anything but {words}"


def test_words_of_a_schema_are_about_its_own_value() -> None:
    """What `x-expected` says of an object is not said of what is in it, but is of the same value's other keywords."""
    schema = {"x-expected": "a person", "allOf": [{"type": "object"}], "properties": {"age": {"type": "integer"}}}
    assert only(schema, {"age": "x"}).expected == "a whole number"
    assert only(schema, 5).expected == "a person"


def test_the_message_names_the_place() -> None:
    """A message says where the value stands and what it must be."""
    schema = {"properties": {"a b": {"items": {"type": "string"}}}}
    assert only(schema, {"a b": [1]}).message == "['a b'][0] must be a string"


def test_alternatives_are_one_breach_with_their_own_rule() -> None:
    """Where no alternative fits, there is one breach, with the rule of what holds the alternatives."""
    schema = {"x-rule": "identity", "anyOf": [{"const": 1, "x-rule": "one"}, {"const": 2, "x-rule": "two"}]}
    breach = only(schema, 3)
    assert (breach.rule, breach.keyword) == ("identity", "anyOf")


def test_the_only_alternative_of_the_right_type_is_judged_itself() -> None:
    """Where just one alternative takes values of that type, its own breaches are told."""
    inner = {"type": "object", "properties": {"a": {"const": 1}}, "additionalProperties": False}
    found = breaches({"anyOf": [{"type": "string"}, inner]}, {"a": 2, "b": 3})
    assert [each.path for each in found] == ["$.a", "$.b"]


def test_long_values_are_shortened() -> None:
    """A long value is cut to what fits a line."""
    actual = only({"const": 1}, "x" * 1000).actual
    assert len(actual) == 120
    assert actual.endswith("…")


def test_breaches_come_in_the_order_of_the_value() -> None:
    """Breaches are in the order in which the value was written, what is missing after what is there."""
    schema = {
        "required": ["gone"],
        "properties": {"a": {"const": 1}, "b": {"items": {"const": 1}}, "c": {"const": 1}},
    }
    found = breaches(schema, {"c": 0, "b": [1, 0, 0], "a": 0})
    assert [each.path for each in found] == ["$.c", "$.b[1]", "$.b[2]", "$.a", "$.gone"]


def test_one_rule_is_broken_once_at_one_place() -> None:
    """Several keywords of one rule that fail at one place are one breach."""
    assert len(breaches({"x-rule": "r", "minLength": 3, "pattern": "^[0-9]*$"}, "a")) == 1


def test_two_rules_at_one_place_are_two_breaches() -> None:
    """Keywords of different rules that fail at one place are told apart."""
    found = breaches({"allOf": [{"x-rule": "a", "minLength": 3}, {"x-rule": "b", "pattern": "^[0-9]*$"}]}, "a")
    assert [each.rule for each in found] == ["a", "b"]


def nested(levels: int) -> Any:
    """Objects in objects, so many levels deep."""
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def test_deep_nesting_is_a_breach_and_no_crash() -> None:
    """A value nested more deeply than can be explained is one breach of `schema`."""
    breach = only({"type": "object", "properties": {"a": {"$ref": "#"}}}, nested(1000))
    assert (breach.rule, breach.path) == ("schema", "$")
    assert "nested too deeply" in breach.message


def test_a_deep_value_can_be_shown_as_refused() -> None:
    """A deep value that a flat schema refuses is refused for its own cause."""
    assert only({"const": 1}, nested(100_000)).keyword == "const"


@pytest.mark.parametrize("value", ["\ud800", float("nan"), {1: 2}])
def test_what_is_not_json_is_refused_with_a_breach(value: Any) -> None:
    """Values that JSON cannot carry are refused, and the refusal is explained even where no keyword fails."""
    breach = only({"type": ["string", "number", "object"], "propertyNames": {"minLength": 1}}, value)
    assert breach.rule == "schema"
    breach.message.encode()
    breach.actual.encode()


def test_a_value_of_no_json_type_is_named() -> None:
    """What is no JSON value at all is told by its type."""
    assert only({"type": "string"}, b"x").actual == "a bytes"


def test_values_that_a_schema_refuses_are_shown_whole_when_no_cause_is_found() -> None:
    """A refusal without a cause says so, and names the schema."""
    breach = only({"type": "number"}, float("inf"))
    assert "no single cause" in breach.message
    assert breach.expected == "what the schema sample allows"


def test_a_document_that_declares_its_dialect_is_explained_like_any_other() -> None:
    """A resource with `$schema` does not bring back the engine's own words and places."""
    common = {"$schema": "https://json-schema.org/draft/2020-12/schema", **COMMON}
    schema = load_schema(TRACK, name="track", resources={str(COMMON["$id"]): common})
    (breach,) = schema.breaches({**GOOD, "context": {}})
    assert breach.path == "$.context.id"
