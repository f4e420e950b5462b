"""What a schema of ours may contain: the part of JSON Schema 2020-12 that both engines read in the same way."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NoReturn
from urllib.parse import urldefrag, urljoin

from harness.core.schemas.patterns import pattern_problem
from harness.core.spelling import near_miss

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FORMATS = frozenset({"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"})
"""Formats that may be used; both engines ask the same function."""

ONE_SUBSCHEMA = frozenset(
    {"additionalProperties", "items", "contains", "propertyNames", "not", "if", "then", "else", "unevaluatedProperties"}
)
LIST_OF_SUBSCHEMAS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
NAMED_SUBSCHEMAS = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs"})

_SAYINGS = frozenset({"$schema", "$id", "$comment", "title", "description", "default", "examples", "deprecated"})
_VALUES = frozenset(
    {"$ref", "type", "const", "enum", "format", "pattern", "uniqueItems", "required", "dependentRequired"}
)
_LIMITS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minContains", "maxContains"})
_SIZES = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"})
KEYWORDS = ONE_SUBSCHEMA | LIST_OF_SUBSCHEMAS | NAMED_SUBSCHEMAS | _SAYINGS | _VALUES | _LIMITS | _SIZES
_MAY_BE_FALSE = frozenset({"additionalProperties", "items", "unevaluatedProperties"})
_TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_FORMS: Mapping[str, str] = {
    "type": f"one of {', '.join(_TYPES)}, or an array of them, each once",
    "enum": "an array of values, each once",
    "required": "an array of names, each once",
    "dependentRequired": "an object of arrays of names",
    "examples": "an array",
    **dict.fromkeys(LIST_OF_SUBSCHEMAS, "an array of subschemas that is not empty"),
    **dict.fromkeys(NAMED_SUBSCHEMAS, "an object of subschemas by name"),
    **dict.fromkeys(("title", "description", "$comment"), "a text"),
    **dict.fromkeys(("uniqueItems", "deprecated"), "true or false"),
    **dict.fromkeys(_LIMITS, "a number"),
    **dict.fromkeys((*_SIZES, "minContains", "maxContains"), "a whole number that is not negative"),
}
"""What a keyword must be."""
_REFUSED = {
    "multipleOf": "use an enum or minimum and maximum: the engines divide differently",
    "definitions": "use $defs",
    "dependencies": "use dependentRequired or dependentSchemas",
    "additionalItems": "use prefixItems and items",
    "unevaluatedItems": "use prefixItems and items",
    "$anchor": "point at the subschema with #/$defs/NAME",
    "$dynamicAnchor": "point at the subschema with #/$defs/NAME",
    "$dynamicRef": "use $ref",
}
_LARGEST_EXACT = 2**53


class SchemaError(Exception):
    """A schema that is wrong in itself: which one, where in it (JSON pointer), what is wrong, how to mend it."""

    def __init__(self, name: str, pointer: str, message: str, remedy: str) -> None:
        super().__init__(name, pointer, message, remedy)
        self.name = name
        self.pointer = pointer
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"schema {self.name}, at {self.pointer or '/'}: {self.message}\n  help: {self.remedy}"


def misformed(name: str, at: Iterable[str | int], value: Any) -> SchemaError:
    """The error of a schema in which the `value` that stands `at` a place has the wrong form."""
    parts = list(at)
    keyword = next((str(part) for part in reversed(parts) if part in _FORMS), None)
    shown = json.dumps(value, ensure_ascii=False)[:80]
    if keyword is None:
        return SchemaError(name, pointer_to(*parts), f"{shown} may not stand here", "see JSON Schema 2020-12")
    hint = near_miss(value, _TYPES) if keyword == "type" and isinstance(value, str) else ""
    return SchemaError(name, pointer_to(*parts), f"{keyword} may not be {shown}{hint}", f"write {_FORMS[keyword]}")


def pointer_to(*parts: str | int) -> str:
    """The JSON pointer that goes by `parts`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def lint(document: dict[str, Any], *, name: str, base: str, known: Collection[str] = ()) -> Mapping[str, Any]:
    """The subschemas of `document` by JSON pointer; SchemaError at the first thing in it that is not ours.

    `base` is the URI that its references start from, `known` are the ids that it may refer to.
    """
    walk = _Lint(name=name, base=base, known=known)
    walk.subschema(document, "")
    return walk.subschemas


class _Lint:
    """One walk through one schema document."""

    def __init__(self, *, name: str, base: str, known: Collection[str]) -> None:
        self.name = name
        self.base = base
        self.known = known
        self.subschemas: dict[str, Any] = {}
        self.values: dict[str, Callable[[Any, str], None]] = {
            "$schema": self.dialect,
            "$id": self.identity,
            "$ref": self.reference,
            "pattern": self.pattern,
            "format": self.format,
            "const": self.numbers,
            "enum": self.numbers,
            "x-rule": self.text,
            "x-expected": self.text,
        }

    def refuse(self, pointer: str, message: str, remedy: str) -> NoReturn:
        raise SchemaError(self.name, pointer, message, remedy)

    def subschema(self, node: Any, pointer: str) -> None:
        self.subschemas[pointer] = node
        if node is True:
            return
        if not isinstance(node, dict):
            self.refuse(pointer, "a subschema is an object or true", 'to allow nothing, write {"not": {}}')
        for keyword, value in node.items():
            self.keyword(keyword, value, pointer + pointer_to(keyword))

    def keyword(self, keyword: str, value: Any, pointer: str) -> None:
        if keyword in _REFUSED:
            self.refuse(pointer, f"{keyword} may not be used", _REFUSED[keyword])
        if keyword not in KEYWORDS and not keyword.startswith("x-"):
            remedy = "start the names of annotations of your own with x-"
            self.refuse(pointer, f"unknown keyword {keyword!r}{near_miss(keyword, KEYWORDS)}", remedy)
        if keyword == "unevaluatedProperties" and not isinstance(value, bool):
            self.refuse(pointer, "unevaluatedProperties is true or false", "use additionalProperties")
        for part, pointer_of_part in self.parts(keyword, value, pointer):
            self.subschema(part, pointer_of_part)
        check = self.values.get(keyword)
        if check is not None:
            check(value, pointer)

    def parts(self, keyword: str, value: Any, pointer: str) -> list[tuple[Any, str]]:
        """The subschemas that `value` holds; a value of the wrong form holds none, and the engine will refuse it."""
        if keyword in ONE_SUBSCHEMA:
            return [] if value is False and keyword in _MAY_BE_FALSE else [(value, pointer)]
        if keyword in LIST_OF_SUBSCHEMAS and isinstance(value, list):
            return [(part, f"{pointer}/{index}") for index, part in enumerate(value)]
        if keyword in NAMED_SUBSCHEMAS and isinstance(value, dict):
            if keyword == "patternProperties":
                for each in value:
                    self.pattern(each, pointer + pointer_to(each))
            return [(part, pointer + pointer_to(key)) for key, part in value.items()]
        return []

    def dialect(self, value: Any, pointer: str) -> None:
        if value != DIALECT:
            self.refuse(pointer, f"{value!r} is not the dialect that we read", f"write {DIALECT}")

    def identity(self, value: Any, pointer: str) -> None:
        if pointer != "/$id":
            self.refuse(pointer, "only a whole document has an $id", "make it a document of its own, or use $defs")
        if not isinstance(value, str) or "#" in value:
            self.refuse(pointer, f"{value!r} is not an id", "write a URI without #")

    def reference(self, value: Any, pointer: str) -> None:
        if not isinstance(value, str):
            self.refuse(pointer, "a $ref is a text", "write #/$defs/NAME, or the $id of another schema of ours")
        target, fragment = urldefrag(urljoin(self.base, value))
        if target not in (self.base, "") and target not in self.known:
            remedy = "nothing is fetched: hand the document in under its $id, or copy it to $defs"
            self.refuse(pointer, f"no schema at hand has the id {target!r}{near_miss(target, self.known)}", remedy)
        if fragment and not fragment.startswith("/"):
            self.refuse(pointer, f"#{fragment} names an anchor", "point at the subschema with #/$defs/NAME")

    def pattern(self, value: Any, pointer: str) -> None:
        problem = pattern_problem(value) if isinstance(value, str) else ("a pattern is a text", "put it in quotes")
        if problem is not None:
            self.refuse(pointer, *problem)

    def format(self, value: Any, pointer: str) -> None:
        if value not in FORMATS:
            message = f"the format {value!r} may not be used{near_miss(str(value), FORMATS)}"
            self.refuse(pointer, message, "use one of these, or a pattern")

    def numbers(self, value: Any, pointer: str) -> None:
        """Engines compare numbers as floats or exactly, which differs beyond the integers that a float can hold."""
        if isinstance(value, int | float) and abs(value) > _LARGEST_EXACT:
            self.refuse(pointer, f"{value} is too large to be compared exactly", "use minimum and maximum")
        for part in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
            self.numbers(part, pointer)

    def text(self, value: Any, pointer: str) -> None:
        if not isinstance(value, str) or not value:
            self.refuse(pointer, f"{pointer.rpartition('/')[2]} is a text that is not empty", "put it in quotes")


def parts_of_pointer(pointer: str) -> list[str]:
    """The names and indexes by which a JSON pointer goes."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
