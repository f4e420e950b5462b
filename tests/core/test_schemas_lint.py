"""What a schema of ours may not contain, and what is said about it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.schemas import SchemaError, load_schema
from harness.core.schemas.patterns import pattern_problem


def refusal(document: Any, resources: Any = None) -> SchemaError:
    """The error that `document` is refused with."""
    with pytest.raises(SchemaError) as refused:
        load_schema(document, name="sample", resources=resources)
    return refused.value


@pytest.mark.parametrize(
    ("document", "pointer", "words"),
    [
        ({"properties": {"a/b": {"patern": "^a$"}}}, "/properties/a~1b/patern", "did you mean 'pattern'?"),
        ({"items": {"multipleOf": 2}}, "/items/multipleOf", "multipleOf may not be used"),
        ({"definitions": {}}, "/definitions", "use $defs"),
        ({"$dynamicRef": "#a"}, "/$dynamicRef", "use $ref"),
        ({"$defs": {"a": {"$id": "x"}}}, "/$defs/a/$id", "only a whole document has an $id"),
        ({"$id": "https://example.test/a#b"}, "/$id", "write a URI without #"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema", "is not the dialect"),
        ({"format": "regex"}, "/format", "the format 'regex' may not be used"),
        ({"format": "datetime"}, "/format", "did you mean 'date-time'?"),
        ({"patternProperties": {"abc": {}}}, "/patternProperties/abc", "does not match whole strings"),
        ({"anyOf": [{}, {"pattern": "^\\d$"}]}, "/anyOf/1/pattern", "write a class out"),
        ({"properties": {"a": False}}, "/properties/a", '{"not": {}}'),
        ({"properties": {"items": False}}, "/properties/items", '{"not": {}}'),
        ({"properties": {"a": 5}}, "/properties/a", "a subschema is an object or true"),
        ({"unevaluatedProperties": {}}, "/unevaluatedProperties", "use additionalProperties"),
        ({"const": [2**53 + 1]}, "/const", "too large to be compared exactly"),
        ({"enum": [{"a": 1e300}]}, "/enum", "too large to be compared exactly"),
        ({"x-rule": ""}, "/x-rule", "a text that is not empty"),
        ({"x-expected": 3}, "/x-expected", "a text that is not empty"),
        ({"properties": {"a": {"type": "strin"}}}, "/properties/a/type", "strin"),
        ({"required": "a"}, "/required", "array"),
        ({"anyOf": {}}, "/anyOf", "array"),
        ({"pattern": 1}, "/pattern", "a pattern is a text"),
        ({"$ref": 1}, "/$ref", "a $ref is a text"),
        ({"const": float("nan")}, "", "it is not JSON"),
        (["type"], "", "a schema is an object"),
    ],
)
def test_what_is_not_ours_is_refused_at_its_place(document: Any, pointer: str, words: str) -> None:
    """A schema outside of our part of JSON Schema is refused with a pointer to the place, and a remedy."""
    error = refusal(document)
    assert error.pointer == pointer
    assert words in str(error)


@pytest.mark.parametrize(
    "ref",
    ["https://example.test/elsewhere", "other#/$defs/a", "file:///etc/passwd", "#anchor", "#/$defs/missing"],
)
def test_nothing_beyond_what_is_at_hand_can_be_referred_to(ref: str) -> None:
    """A reference to anything but the document itself and what was handed in is refused, so nothing is ever fetched."""
    refusal({"$id": "https://example.test/a", "properties": {"a": {"$ref": ref}}})


def test_an_unknown_document_is_refused_with_the_nearest_known() -> None:
    """A reference to an unknown document names the nearest known id."""
    common = {"$id": "https://example.test/common"}
    error = refusal({"$ref": "https://example.test/comon"}, {"https://example.test/common": common})
    assert "did you mean 'https://example.test/common'?" in error.message


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"$ref": "#/x-parts/a", "x-parts": {"a": {"multipleOf": 2}}}, "/$ref"),
        ({"items": {"$ref": "#/default"}, "default": {"pattern": "a"}}, "/items/$ref"),
        ({"items": {"$ref": "#/$defs"}, "$defs": {"title": {}}}, "/items/$ref"),
        ({"not": {"$ref": "#/enum/0"}, "enum": [{"format": "regex"}]}, "/not/$ref"),
    ],
)
def test_only_subschemas_can_be_referred_to(document: Any, pointer: str) -> None:
    """What stands where no subschema stands was not linted, so nothing may refer to it."""
    error = refusal(document)
    assert (error.pointer, error.message.endswith("names no subschema")) == (pointer, True)


CIRCLE = {"a/b": {"$ref": "#/$defs/c"}, "c": {"allOf": [{"$ref": "#/$defs/a~1b"}]}}
FAR_PATTERNS: dict[str, Any] = {"a": {"then": {"patternProperties": {"^a$": {}}}}}


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"$ref": "#"}, ""),
        ({"not": {"$ref": "#"}}, "/not"),
        ({"if": {"$ref": "#"}}, "/if"),
        ({"dependentSchemas": {"a": {"$ref": "#"}}}, "/dependentSchemas/a"),
        ({"items": {"$ref": "#/$defs/a~1b"}, "$defs": CIRCLE}, "/$defs/c/allOf/0"),
        ({"$ref": "#/$defs/b/oneOf/0", "$defs": {"b": {"oneOf": [{"$ref": "#/$defs/b"}]}}}, "/$defs/b"),
    ],
)
def test_a_schema_cannot_refer_to_itself_for_one_value(document: Any, pointer: str) -> None:
    """Where judging one value would lead back to itself, one engine says yes and the other never ends."""
    error = refusal(document)
    assert (error.pointer, "refers to itself" in error.message) == (pointer, True)


def test_a_schema_may_refer_to_itself_for_what_is_in_the_value() -> None:
    """A schema of trees is one; so are two references to one subschema, and names with signs in references."""
    document = {
        "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#/$defs/x~1%25y"}},
        "allOf": [{"$ref": "#/$defs/x~1%25y"}, {"$ref": "#/$defs/x~1%25y"}],
        "$defs": {"x/%y": {"type": "object", "additionalProperties": {"$ref": "#"}}},
    }
    schema = load_schema(document, name="sample")
    assert schema.accepts({"a": {"a": {}}})
    assert not schema.accepts({"a": {"a": 1}})


def test_a_circle_through_two_documents_is_refused() -> None:
    """A circle is found wherever it leads, and named by the document where it closes."""
    other = {"$id": "https://example.test/b", "$ref": "https://example.test/c"}
    third = {"$id": "https://example.test/c", "anyOf": [{"$ref": "b"}]}
    error = refusal({"$ref": "https://example.test/b"}, {each["$id"]: each for each in (other, third)})
    assert (error.name, error.pointer) == ("https://example.test/c", "/anyOf/0")


@pytest.mark.parametrize(
    "document",
    [
        {"patternProperties": {"^a$": {}}, "unevaluatedProperties": False},
        {"$ref": "#/$defs/a", "$defs": FAR_PATTERNS, "unevaluatedProperties": False},
    ],
)
def test_unevaluated_properties_may_not_depend_on_patterns(document: Any) -> None:
    """One engine matches names with patterns of its own, which see no line break at the end, so the two may differ."""
    assert refusal(document).pointer == "/unevaluatedProperties"


def test_documents_at_hand_are_linted_too() -> None:
    """A fault in a document that is referred to is refused under that document's name."""
    error = refusal({"$ref": "https://example.test/b"}, {"https://example.test/b": {"items": {"multipleOf": 1}}})
    assert (error.name, error.pointer) == ("https://example.test/b", "/items/multipleOf")


def test_a_document_at_hand_has_the_id_that_it_is_known_by() -> None:
    """A document under another name than its own is refused."""
    error = refusal({}, {"https://example.test/b": {"$id": "https://example.test/c"}})
    assert error.pointer == "/$id"


def test_annotations_of_ones_own_are_allowed() -> None:
    """Any keyword that starts with x- may stand in a schema."""
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "x-owner": {"team": 1}}
    assert load_schema(document, name="sample").accepts(1)


def test_a_schema_cannot_be_changed_from_outside() -> None:
    """What happens to the document after loading does not change what is accepted."""
    document = {"properties": {"a": {"const": 1}}}
    schema = load_schema(document, name="sample")
    document["properties"]["a"]["const"] = 2
    assert schema.accepts({"a": 1})
    assert schema.breaches({"a": 2})


@pytest.mark.parametrize(
    "pattern",
    [
        "^$",
        "^(a|b)$",
        r"^j_o_[a-z0-9]+(?:_[a-z0-9]+)*__[a-z0-9_]+$",
        r"^[^\]\\x-]{2,3}?$",
        r"^a\.b\$\n.*$",
        "^a{2}b{2,}c?$",
    ],
)
def test_patterns_that_all_engines_read_alike_are_allowed(pattern: str) -> None:
    """A whole-string pattern of plain constructs is allowed."""
    assert pattern_problem(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "remedy"),
    [
        ("a$", "write ^(?:a)$"),
        ("^a", "write ^(?:a)$"),
        ("^", "write"),
        ("^a|b$", "write ^(?:a|b)$"),
        (r"^a\$", "a backslash goes only before"),
        (r"^\w+$", "write a class out"),
        (r"^[\s]$", "inside [...]"),
        (r"^\bx$", "write a class out"),
        (r"^(a)\1$", "write a class out"),
        (r"^\u0041$", "write a class out"),
        ("^(?=a)a$", "no lookaround"),
        ("^(?i:a)$", "no flags"),
        ("^(?P<n>a)$", "no named groups"),
        ("^[[:alpha:]]$", "inside [...]"),
        ("^[]$", "inside [...]"),
        ("^[a&&b]$", "name each character once"),
        ("^[a||b]$", "name each character once"),
        ("^a$b$", "use $ once"),
        ("^a^b$", "use ^ once"),
        ("^a{,3}$", "repeat with"),
        ("^a{$", "repeat with"),
        ("^a++$", "repeat with"),
        ("^*a$", "mend it"),
        ("^(a$", "mend it"),
        ("^a)$", "mend it"),
        ("^[z-a]$", "mend it"),
        ("^é$", "match others with a class"),
        ("^a\n$", "match others with a class"),
    ],
)
def test_patterns_that_engines_read_differently_are_refused(pattern: str, remedy: str) -> None:
    """A pattern that one engine reads in another way than the next, or not at all, is refused with a remedy."""
    problem = pattern_problem(pattern)
    assert problem is not None
    assert remedy in problem[1]
