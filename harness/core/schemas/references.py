"""What the subschemas of several documents together must not do: refer to what is none, or lead in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, TypeAlias
from urllib.parse import unquote, urldefrag, urljoin

from msgspec import Struct

from harness.core.schemas.lint import SchemaError, pointer_to

Place: TypeAlias = tuple[str, str]
"""A subschema: the base URI of its document (empty where it has none), and the JSON pointer to it."""

_ONE_IN_PLACE = ("not", "if", "then", "else")
_SEVERAL_IN_PLACE = ("allOf", "anyOf", "oneOf", "dependentSchemas")


class Linted(Struct, frozen=True, kw_only=True):
    """A document that was linted."""

    name: str
    """What errors call it."""
    base: str
    subschemas: Mapping[str, Any]
    """By JSON pointer."""


def check_references(documents: list[Linted]) -> None:
    """Raise SchemaError where a `$ref` names no subschema, or where judging one value would never end.

    Also where `unevaluatedProperties` depends on `patternProperties`, whose names one engine matches in a way of its
    own that nobody can change.
    """
    references = _References(documents)
    references.refuse_circles()
    references.refuse_patterns_unevaluated()


class _References:
    """The subschemas of all documents, and which of them judge the same value."""

    def __init__(self, documents: list[Linted]) -> None:
        self._names = {each.base: each.name for each in documents}
        self._nodes = {(each.base, pointer): node for each in documents for pointer, node in each.subschemas.items()}
        self._next = {place: list(self._in_place(place, node)) for place, node in self._nodes.items()}

    def refuse_circles(self) -> None:
        done: set[Place] = set()
        for start in self._next:
            self._walk(start, done)

    def _walk(self, start: Place, done: set[Place]) -> None:
        """Go everywhere from `start` without leaving the value, depth first and without recursion."""
        if start in done:
            return
        way, open_edges = {start: None}, [iter(self._next[start])]
        while open_edges:
            place = next(open_edges[-1], None)
            if place is None:
                open_edges.pop()
                done.add(way.popitem()[0])
            elif place in way:
                remedy = "refer to it from within properties or items, or leave the reference out"
                self._refuse(next(reversed(way)), "", "the schema refers to itself for one and the same value", remedy)
            elif place not in done:
                way[place] = None
                open_edges.append(iter(self._next[place]))

    def refuse_patterns_unevaluated(self) -> None:
        for place, node in self._nodes.items():
            if isinstance(node, dict) and node.get("unevaluatedProperties") is False and self._matches_names(place):
                message = "the engines see differently which properties patternProperties has evaluated"
                remedy = "write additionalProperties beside patternProperties instead"
                self._refuse(place, "/unevaluatedProperties", message, remedy)

    def _matches_names(self, start: Place) -> bool:
        found, waiting = {start}, [start]
        while waiting:
            node = self._nodes[place := waiting.pop()]
            if isinstance(node, dict) and "patternProperties" in node:
                return True
            fresh = [each for each in self._next[place] if each not in found]
            found.update(fresh)
            waiting += fresh
        return False

    def _in_place(self, place: Place, node: Any) -> Iterator[Place]:
        """The subschemas of `node` that judge the same value as it does."""
        if not isinstance(node, dict):
            return
        base, pointer = place
        if "$ref" in node:
            yield self._target(place, node["$ref"])
        for keyword in _ONE_IN_PLACE:
            if keyword in node:
                yield base, pointer + pointer_to(keyword)
        for keyword in _SEVERAL_IN_PLACE:
            inner = node.get(keyword, ())
            parts = inner if isinstance(inner, Mapping) else range(len(inner))
            yield from ((base, pointer + pointer_to(keyword, part)) for part in parts)

    def _target(self, place: Place, ref: str) -> Place:
        uri, fragment = urldefrag(urljoin(place[0], ref))
        target = uri, unquote(fragment)
        if target not in self._nodes:
            remedy = "point at a place where a subschema stands, such as #/$defs/NAME"
            self._refuse(place, "/$ref", f"{ref!r} names no subschema", remedy)
        return target

    def _refuse(self, place: Place, keyword: str, message: str, remedy: str) -> NoReturn:
        raise SchemaError(self._names[place[0]], place[1] + keyword, message, remedy)
