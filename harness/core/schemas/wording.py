"""What is expected and what was found, in the words of people who test and not of JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from jsonschema.exceptions import ValidationError

from harness.core.schemas.breach import At, place
from harness.core.schemas.trail import Trail

MISSING = frozenset({"required", "dependentRequired"})
SURPLUS = frozenset({"additionalProperties", "unevaluatedProperties"})

_LONGEST = 120
_DEEPEST_DESCRIPTION = 3
_TYPES = {
    "string": "a string",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "a boolean",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
_FORMATS = {
    "date": "a date such as 2026-11-21",
    "date-time": "a date and time such as 2026-11-21T10:00:00Z",
    "duration": "a duration such as P1DT2H",
    "email": "an email address",
    "hostname": "a host name",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "time": "a time such as 10:00:00Z",
    "uri": "a URI",
    "uuid": "a UUID",
}
_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters long",
    "maxLength": "at most {} characters long",
    "minItems": "a list of at least {}",
    "maxItems": "a list of at most {}",
    "minProperties": "an object with at least {} properties",
    "maxProperties": "an object with at most {} properties",
    "minContains": "a list with at least {} such entries",
    "maxContains": "a list with at most {} such entries",
}
_NOT_EMPTY = {"minLength": "a string that is not empty", "minItems": "a list that is not empty"}


def shown(value: Any) -> str:
    """`value` as JSON, shortened where it is long."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=repr).encode(errors="backslashreplace").decode()
    except (RecursionError, TypeError, ValueError):
        return "a value that JSON cannot carry"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def any_of(words: Sequence[str]) -> str:
    """`words` as alternatives: `a, b or c`."""
    return " or ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def message_for(keyword: str, at: At, expected: str) -> str:
    """The sentence that tells of a breach."""
    if keyword in MISSING:
        return f"{place(at)} is missing"
    if keyword in SURPLUS:
        return f"{place(at)} is not expected here"
    return (
        f"the name {place(at)} must be {expected}" if keyword == "propertyNames" else f"{place(at)} must be {expected}"
    )


_PLAIN: dict[str, Callable[[Any], str]] = {
    "type": lambda value: any_of([_TYPES[each] for each in (value if isinstance(value, list) else [value])]),
    "const": shown,
    "enum": lambda value: any_of([shown(each) for each in value]) or "nothing",
    "pattern": "text that matches {}".format,
    "format": _FORMATS.__getitem__,
    "uniqueItems": "a list without repetition".format,
}


def expected_words(error: ValidationError, trail: Trail, at: At) -> str:
    """What would have been right at `at`; the schema's own `x-expected` goes first."""
    keyword = str(error.validator)
    if keyword in MISSING:
        return place(at)
    if keyword in SURPLUS:
        return "no such property"
    if trail.expected is not None:
        return trail.expected
    words = _of_keyword(keyword, error.validator_value, trail)
    return f"no more than one of these: {words}" if keyword == "oneOf" and not error.context else words


def actual_words(error: ValidationError) -> str:
    """What was found."""
    if error.validator in MISSING:
        return "missing"
    return _typed(error.instance) if error.validator in {"type", "anyOf", "oneOf"} else shown(error.instance)


def options_of(error: ValidationError) -> tuple[str, ...]:
    """The types or texts that would have been right, where the keyword lists them."""
    value = error.validator_value
    if error.validator in {"type", "enum", "const"}:
        return tuple(each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str))
    return ()


def _of_keyword(keyword: str, value: Any, trail: Trail) -> str:
    if keyword in _NOT_EMPTY and value == 1:
        return _NOT_EMPTY[keyword]
    if keyword in _LIMITS:
        return _LIMITS[keyword].format(value)
    if keyword in _PLAIN:
        return _PLAIN[keyword](value)
    match keyword:
        case "items":
            return f"a list of at most {len(trail.node.get('prefixItems', ()))}"
        case "contains":
            return f"a list with {_described(trail.into(value))} in it"
        case "not":
            return f"anything but {_described(trail.into(value))}"
        case _:
            return _alternatives(value, trail)


def _alternatives(branches: list[Any], trail: Trail) -> str:
    return any_of(list(dict.fromkeys(_described(trail.into(each)) for each in branches)))


def _described(trail: Trail, depth: int = 0) -> str:
    """What a subschema demands, in a few words: the keyword that says most about it."""
    node = trail.node
    if not node or node is True or depth > _DEEPEST_DESCRIPTION:
        return "anything"
    if trail.expected is not None:
        return trail.expected
    if "$ref" in node:
        return _described(trail.follow(), depth + 1)
    if node.get("type") == "object" and node.get("required"):
        return f"an object with {' and '.join(node['required'])}"
    for keyword in ("const", "enum", "format", "pattern", "type", *_LIMITS):
        if keyword in node:
            return _of_keyword(keyword, node[keyword], trail)
    if "required" in node:
        return f"an object with {' and '.join(node['required'])}"
    for keyword, joined in (("anyOf", any_of), ("oneOf", any_of), ("allOf", " and ".join)):
        if keyword in node:
            parts = [_described(trail.into(each), depth + 1) for each in node[keyword]]
            return joined(list(dict.fromkeys(parts)))
    return str(node.get("title", "something else"))


def _typed(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return f"the boolean {shown(value)}"
        case str():
            return f"the string {shown(value)}"
        case int() | float():
            return f"the number {shown(value)}"
        case dict():
            return f"the object {shown(value)}"
        case list():
            return f"the list {shown(value)}"
        case _:
            return f"a {type(value).__name__}"
