"""What a JSON Schema demands, in words: one sentence for each demand, so that two schemas can be compared by them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from harness.core.paths import child

Resources: TypeAlias = Mapping[str, Mapping[str, Any]]

_ROOT = "$"


def demands(document: Mapping[str, Any], resources: Resources) -> tuple[str, ...]:
    """Each demand of `document` once, in its order; it refers to `resources` (by `$id`) only.

    Says what must be there, and what it must be; what a schema says by other keywords is left out.
    """
    return tuple(dict.fromkeys(_demands(document, _Place(root=document), resources)))


class _Place(Struct, frozen=True, kw_only=True):
    """Where a subschema stands."""

    root: Mapping[str, Any]
    """The document that it is a part of."""
    path: str = _ROOT
    """The value that it is about."""
    within: tuple[int, ...] = ()
    """The subschemas that referred here; one of them again would have no end."""


def _demands(schema: Any, place: _Place, resources: Resources) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    path = place.path
    if "$ref" in schema:
        target, root = _resolved(schema["$ref"], place.root, resources)
        if id(target) not in place.within:
            yield from _demands(target, replace(place, root=root, within=(*place.within, id(target))), resources)
    for part in schema.get("allOf", ()):
        yield from _demands(part, place, resources)
    for name in schema.get("required", ()):
        yield f"{_named(child(path, name))} is there"
    yield from (f"{_named(path)} {words}" for words in _own(schema))
    for name, inner in schema.get("properties", {}).items():
        yield from _demands(inner, replace(place, path=child(path, name)), resources)


def _own(schema: Mapping[str, Any]) -> Iterator[str]:
    """What the value itself must be."""
    # Where values are listed, what `x-expected` adds for messages says the same in part; a pattern it says in words.
    untold = "x-expected" if "enum" in schema or "const" in schema else "pattern" if "x-expected" in schema else None
    for keyword, said in _WORDS.items():
        if keyword in schema and keyword != untold:
            yield said(schema[keyword])


def _types(value: Any) -> str:
    return "is of type " + " or ".join([value] if isinstance(value, str) else value)


def _options(value: Any) -> str:
    return "is " + " or ".join(json.dumps(option, ensure_ascii=False) for option in value)


_WORDS: Mapping[str, Callable[[Any], str]] = {
    "type": _types,
    "const": lambda value: _options([value]),
    "enum": _options,
    "x-expected": lambda value: f"is {value}",
    "pattern": lambda value: f"matches {value}",
    "minLength": lambda value: "is not empty" if value == 1 else f"has at least {value} characters",
    "maxLength": lambda value: f"has at most {value} characters",
    "minProperties": lambda value: "is not empty" if value == 1 else f"has at least {value} members",
}


def _resolved(reference: str, root: Mapping[str, Any], resources: Resources) -> tuple[Any, Mapping[str, Any]]:
    """What `reference` points at, and the document that this is a part of."""
    uri, _, pointer = reference.partition("#")
    document = resources[uri] if uri and uri != root.get("$id") else root
    target: Any = document
    for part in pointer.split("/")[1:]:
        target = target[part.replace("~1", "/").replace("~0", "~")]
    return target, document


def _named(path: str) -> str:
    """The place as people say it."""
    return path.removeprefix(_ROOT).removeprefix(".") or "the payload"
