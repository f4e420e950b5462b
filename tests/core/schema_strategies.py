"""Schemas within the vocabulary that is linted, and values that are nearly right, made up by Hypothesis."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from harness.core.schemas.lint import FORMATS

TEXTS = st.sampled_from(
    ["a", "ab", "b\n", "\n", "", "é", "😀", "a\u0301", "2026-11-21", "2026-11-21T10:00:00Z", "a@b.test"]
)
NUMBERS = st.sampled_from(
    [0, 1, 2, -1, 0.0, 1.0, -0.0, 1.5, 0.1, 2**53, 2**53 + 1, float(2**53), 2**63, 2**64 - 1, 1e300]
)
SCALARS: st.SearchStrategy[Any] = st.none() | st.booleans() | NUMBERS | TEXTS
NAMES = st.sampled_from(["a", "ab", "b\n", "", "é", "x"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
PATTERNS = st.sampled_from(["^[a-z]*$", "^.$", "^(?:a|b)+$", "^[^a]+$", "^a{1,2}$", "^.*\\n$", "^$", "^[\\n-~]+?$"])
SIZES = st.integers(0, 3)
EXACT = st.sampled_from([0, 1, 2, -1, 1.0, 1.5, 0.1, 2**53, -(2**53)])
"""Numbers that may stand in `const` and `enum`."""
CONSTANTS: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | EXACT | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=3,
)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])


def _keywords(inner: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    names = st.lists(NAMES, max_size=2, unique=True)
    several = st.lists(inner, min_size=1, max_size=3)
    named = st.dictionaries(NAMES, inner, max_size=2)
    return {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "const": CONSTANTS,
        "enum": st.lists(CONSTANTS, min_size=1, max_size=3),
        "minimum": NUMBERS,
        "maximum": NUMBERS,
        "exclusiveMinimum": NUMBERS,
        "exclusiveMaximum": NUMBERS,
        "minLength": SIZES,
        "maxLength": SIZES,
        "pattern": PATTERNS,
        "format": st.sampled_from(sorted(FORMATS)),
        "items": inner | st.just(value=False),
        "prefixItems": several,
        "minItems": SIZES,
        "maxItems": SIZES,
        "uniqueItems": st.booleans(),
        "contains": inner,
        "minContains": SIZES,
        "maxContains": SIZES,
        "properties": named,
        "patternProperties": st.dictionaries(PATTERNS, inner, max_size=2),
        "additionalProperties": inner | st.just(value=False),
        "unevaluatedProperties": st.booleans(),
        "propertyNames": inner,
        "required": names,
        "dependentRequired": st.dictionaries(NAMES, names, max_size=2),
        "dependentSchemas": named,
        "minProperties": SIZES,
        "maxProperties": SIZES,
        "allOf": several,
        "anyOf": several,
        "oneOf": several,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "$ref": st.sampled_from(["#/$defs/one", "#/$defs/two"]),
    }


def _schema(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keywords = _keywords(inner)
    return st.lists(st.sampled_from(sorted(keywords)), min_size=1, max_size=3, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({each: keywords[each] for each in chosen})
    )


LEAVES: st.SearchStrategy[Any] = (
    st.just(value=True)
    | st.just({})
    | st.fixed_dictionaries({"type": TYPES})
    | st.fixed_dictionaries({"const": SCALARS})
)
SCHEMAS = _schema(_schema(LEAVES) | LEAVES)
DOCUMENTS = st.builds(
    lambda root, one, two: {**root, "$defs": {"one": one, "two": two}}, SCHEMAS, SCHEMAS, _schema(LEAVES)
)
"""Schemas of every keyword that may be used; some are refused at load, such as those that lead in a circle."""

MUTANTS: Sequence[Any] = (
    None, True, False, "true", "false", 0, 1, 1.0, 1.5, 2**53 + 1, "", "\n", "a", "Audience Exited", [], {}, ["true"],
    {"type": "track"}, "j_o_a__b_12345", "2026-11-21T10:00:00Z", "spa_w5akhv1XwnGj5j2HVT6NWX", "x" * 513,
)  # fmt: skip
"""Values to put in the place of others."""


@st.composite
def mutated(draw: st.DrawFn, seeds: Sequence[Any]) -> Any:
    """One of `seeds`, changed in up to three places: something left out, added, replaced, or respelled."""
    value = json.loads(json.dumps(draw(st.sampled_from(seeds))))
    for _ in range(draw(st.sampled_from([0, 1, 1, 2, 3]))):
        value = _mutant(draw, value)
    return value


def _mutant(draw: st.DrawFn, value: Any) -> Any:
    """`value` with one place in it changed: it, or what is in it."""
    inside = list(value) if isinstance(value, Mapping) else list(range(len(value))) if isinstance(value, list) else []
    if not inside or draw(st.integers(0, 4)) == 0:
        return _changed(draw, value)
    place = draw(st.sampled_from(inside))
    value[place] = _mutant(draw, value[place])
    return value


def _changed(draw: st.DrawFn, value: Any) -> Any:
    replaced = draw(st.sampled_from(MUTANTS))
    match value:
        case dict():
            name = draw(st.sampled_from([*value, "extra", "userId", "userId\n", "j_o_x__y_abcde"]))
            return {key: each for key, each in value.items() if key != name} | draw(
                st.sampled_from([{}, {name: replaced}, {f"{name}\n": replaced}])
            )
        case list():
            return draw(st.sampled_from([value[1:], [*value, replaced], value * 2]))
        case str():
            return draw(st.sampled_from([f"{value}\n", value.upper(), value[:-1], f" {value}", replaced]))
        case bool() | None:
            return replaced
        case _:
            return draw(st.sampled_from([float(value), -value, str(value), replaced]))
