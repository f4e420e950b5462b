"""The two engines agree: what one refuses the other explains, what one accepts the other finds nothing in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.schemas import load_schema
from harness.core.schemas.explainer import explaining_validator, registry_of
from harness.core.schemas.lint import FORMATS

REPRESENTATIVE: dict[str, Any] = {
    "$id": "https://example.test/representative",
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"enum": ["track", "identify", 1, None, ["a"]]},
        "event": {"const": "Audience Entered", "x-rule": "entry-only"},
        "timestamp": {"format": "date-time"},
        "context": {"$ref": "other#/$defs/context"},
        "properties": {
            "type": ["object", "array"],
            "propertyNames": {"pattern": "^[a-z_\\n]*$"},
            "patternProperties": {"^j_o_[a-z]*$": {"const": True}, "^n_.*$": {"type": "integer", "minimum": 0}},
            "additionalProperties": {"type": ["string", "null"], "maxLength": 2},
            "uniqueItems": True,
            "contains": {"type": "number"},
        },
        "choice": {"oneOf": [{"type": "integer"}, {"minimum": 2, "type": "number"}, {"pattern": "^[ab]+$"}]},
    },
    "if": {"properties": {"type": {"const": "track"}}, "required": ["type"]},
    "then": {"required": ["event"], "dependentRequired": {"event": ["context"]}},
    "else": {"not": {"required": ["event"]}},
    "allOf": [{"properties": {"extra": {}}}],
    "unevaluatedProperties": False,
}
OTHER: dict[str, Any] = {
    "$id": "https://example.test/other",
    "$defs": {
        "context": {
            "type": "object",
            "properties": {"personas": {"$ref": "#/$defs/context"}, "ids": {"items": {"type": "string"}}},
            "additionalProperties": False,
        }
    },
}
RESOURCES = {OTHER["$id"]: OTHER}

NAMES = st.sampled_from(["type", "event", "j_o_a", "j_o_a\n", "n_", "n_\n", "extra", "personas", "ids", "", "A", "é"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.sampled_from([0, 1, 2, 3, 0.0, 1.0, 1.5, 2**53, -1, 1e300]),
    st.sampled_from(["track", "identify", "Audience Entered", "a", "ab\n", "", "\n", "2026-11-21T10:00:00Z"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
PAYLOADS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["track", "identify", "page", 1, 1.0, True, None, ["a"]]),
        "event": st.sampled_from(["Audience Entered", "Audience Exited", "Audience Entered\n"]),
        "timestamp": st.sampled_from(["2026-11-21T10:00:00Z", "2026-11-21", 5]),
        "context": st.dictionaries(NAMES, VALUES, max_size=2),
        "properties": VALUES | st.dictionaries(NAMES, SCALARS, max_size=3),
        "choice": SCALARS,
        "extra": VALUES,
        "surplus": SCALARS,
    },
)

SCHEMA = load_schema(REPRESENTATIVE, name="representative", resources=RESOURCES)
EXPLAINING = explaining_validator(REPRESENTATIVE, registry_of(RESOURCES))


@given(PAYLOADS | VALUES)
def test_both_engines_give_the_same_verdict(instance: Any) -> None:
    """The explaining engine finds an error exactly where the accepting one refuses."""
    assert SCHEMA.accepts(instance) == EXPLAINING.is_valid(instance)


@given(PAYLOADS | VALUES)
def test_breaches_are_found_exactly_in_what_is_refused(instance: Any) -> None:
    """What is refused has breaches that name a keyword, each rule and place once; what is accepted has none."""
    found = SCHEMA.breaches(instance)
    assert (found == []) == SCHEMA.accepts(instance)
    assert len({(each.rule, each.at) for each in found}) == len(found)
    assert all(each.keyword != "schema" for each in found)


FORMAT_SAMPLES = [
    "2026-11-21", "2026-02-30", "2026-11-21T10:00:00Z", "2026-11-21t10:00:00z", "2026-11-21 10:00:00Z",
    "2026-11-21T10:00:00", "2026-12-31T23:59:60Z", "2026-11-21T24:00:00Z", "2026-11-21T10:00:00.123456789+05:30",
    "10:00:00Z", "10:00", "P1D", "PT2H", "a@b.test", "a@b", "@b", "a b@c.test", "example.test", "-a.test",
    "127.0.0.1", "256.0.0.1", "::1", "::ffff:1.2.3.4", "1::2::3", "a:b", "https://example.test/a?b#c", "/a",
    "123e4567-e89b-12d3-a456-426614174000", "123E4567E89B12D3A456426614174000", "", "\n", "2026-11-21\n", 5, None,
]  # fmt: skip


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_both_engines_read_a_format_alike(name: str) -> None:
    """Every format that may be used is asserted, by both engines, for the same values."""
    document = {"format": name}
    fast = [load_schema(document, name=name).accepts(sample) for sample in FORMAT_SAMPLES]
    explaining = explaining_validator(document, registry_of({}))
    assert fast == [explaining.is_valid(sample) for sample in FORMAT_SAMPLES]
    assert True in fast[:-2]
    assert False in fast


NUMBERS = [0, 1, True, False, 0.0, 1.0, -0.0, "1", None, [1], [True], [1.0], {"a": 1}, {"a": True}, {"a": 1.0}, 2**53]


@pytest.mark.parametrize("keyword", ["const", "enum"])
@pytest.mark.parametrize("wanted", NUMBERS, ids=repr)
def test_both_engines_compare_numbers_alike(keyword: str, wanted: Any) -> None:
    """1 is 1.0 and is not true, at any depth, for both engines."""
    document = {keyword: wanted if keyword == "const" else [wanted]}
    fast = load_schema(document, name="sample")
    explaining = explaining_validator(document, registry_of({}))
    for value in NUMBERS:
        assert fast.accepts(value) == explaining.is_valid(value)
    assert fast.accepts(wanted)


@pytest.mark.parametrize("text", ["abc\n", "abc", "\nabc", "ab\nc", ""])
@pytest.mark.parametrize(
    "document",
    [
        {"additionalProperties": {"pattern": "^[a-z]+$"}},
        {"propertyNames": {"pattern": "^[a-z]+$"}},
        {"patternProperties": {"^[a-z]+$": {}}, "additionalProperties": False},
        {"not": {"patternProperties": {"^[a-z]+$": {"not": {}}}}},
    ],
    ids=["value", "name", "surplus", "named"],
)
def test_patterns_match_whole_strings(document: dict[str, Any], text: str) -> None:
    """A pattern does not overlook a line break at the end, for either engine, wherever it stands."""
    right = text == "abc"
    assert load_schema(document, name="sample").accepts({text: text}) == right
    assert explaining_validator(document, registry_of({})).is_valid({text: text}) == right
