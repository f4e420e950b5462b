"""Schemas written flat: what `allOf` and `$ref` spread over several places said in one, so that a value is read once.

A payload's schema is made of the family's, of what all calls have in common, and of what rules call plainly right. Each
of them looks into the same members again. The flat form accepts exactly the same values in less than half the time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

_SAYS_NOTHING = frozenset({"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "default"})
"""Keywords that accept everything; so do those that begin with `x-`."""
_ONE_BY_ONE = frozenset({"type", "const", "enum", "pattern", "format", "not", "anyOf", "oneOf", "uniqueItems"})
"""Keywords that mean the same whichever others stand beside them."""
_TIGHTER: Mapping[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum"), max),
    **dict.fromkeys(("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum"), min),
    "required": lambda mine, theirs: list(dict.fromkeys([*mine, *theirs])),
}
"""Keywords of which two can be said as one, with how."""


class _NotFlat(Exception):
    """A schema refers to what cannot be put in its place."""


def flattened(schema: Json, resources: Mapping[str, Mapping[str, Any]], accepts: Callable[[Json, Any], bool]) -> Json:
    """A schema that accepts what `schema` does, which may refer to `resources`; `schema` itself where it must stay.

    `accepts` says whether a schema accepts a value.
    """
    try:
        return _Flattening(resources, accepts).conjunction([schema], ())
    except _NotFlat:
        return schema


class _Flattening:
    """Flattens what may refer to the same resources."""

    def __init__(self, resources: Mapping[str, Mapping[str, Any]], accepts: Callable[[Json, Any], bool]) -> None:
        self._resources = resources
        self._accepts = accepts

    def conjunction(self, schemas: Iterable[Any], within: tuple[str, ...]) -> Json:
        """One schema for all of `schemas`; `within` are the references that led here."""
        flat: Json = {}
        apart: list[Json] = []
        members: dict[str, list[tuple[Any, tuple[str, ...]]]] = {}
        for part, way in (found for schema in schemas for found in self._parts(schema, within)):
            for name, value in part.items():
                if name == "properties":
                    for member, inner in value.items():
                        members.setdefault(member, []).append((inner, way))
                elif not _joined(flat, name, value) and {name: value} not in apart:
                    apart.append({name: value})
        if members:
            flat["properties"] = {name: self._member(found) for name, found in members.items()}
        if apart:
            flat["allOf"] = apart
        return self._only_constant(flat)

    def _member(self, found: list[tuple[Any, tuple[str, ...]]]) -> Json:
        """One schema for all that is said of a member."""
        ways = tuple(dict.fromkeys(reference for _, way in found for reference in way))
        return self.conjunction([schema for schema, _ in found], ways)

    def _parts(self, schema: Any, within: tuple[str, ...]) -> Iterator[tuple[Json, tuple[str, ...]]]:
        """What `schema` is made of, without `allOf` and `$ref`, each with the references that led to it."""
        if isinstance(schema, bool):
            yield ({} if schema else {"not": {}}), within
            return
        own = {name: value for name, value in schema.items() if name not in _SAYS_NOTHING and name[:2] != "x-"}
        for inner in own.pop("allOf", ()):
            yield from self._parts(inner, within)
        reference = own.pop("$ref", None)
        if reference is not None:
            if reference in within:
                raise _NotFlat(reference)
            yield from self._parts(self._referred(reference), (*within, reference))
        yield _understood(own), within

    def _referred(self, reference: str) -> Any:
        """What stands where `reference` leads."""
        uri, _, pointer = reference.partition("#")
        found: Any = self._resources.get(uri)
        for name in pointer.split("/")[1:]:
            found = found.get(name) if isinstance(found, dict) and not set("~%") & set(name) else None
        if found is None:
            raise _NotFlat(reference)
        return found

    def _only_constant(self, flat: Json) -> Json:
        """Of a schema that fixes a value which all else in it accepts, just that."""
        rest = {name: value for name, value in flat.items() if name != "const"}
        return {"const": flat["const"]} if "const" in flat and rest and self._accepts(rest, flat["const"]) else flat


def _understood(part: Json) -> Json:
    """`part`, whose keywords do not depend on each other, and which refers to nothing."""
    strange = part.keys() - _ONE_BY_ONE - _TIGHTER.keys() - {"properties"}
    if strange or '"$ref"' in json.dumps([part.get(name) for name in ("not", "anyOf", "oneOf")]):
        raise _NotFlat(", ".join(strange))
    return part


def _common_types(mine: Any, theirs: Any) -> Any:
    """The types that are among both; None where there is none, or it takes more than names to tell."""
    several = [types if isinstance(types, list) else [types] for types in (mine, theirs)]
    common = [name for name in several[0] if name in several[1]]
    return common if common and not {"number", "integer"} & {*several[0], *several[1]} else None


def _joined(flat: Json, name: str, value: Any) -> bool:
    """Whether `flat` now says of keyword `name` all that `value` does."""
    if name not in flat:
        flat[name] = value
    elif name in _TIGHTER:
        flat[name] = _TIGHTER[name](flat[name], value)
    elif name == "type" and (common := _common_types(flat[name], value)):
        flat[name] = common if len(common) > 1 else common[0]
        return True
    return name in _TIGHTER or json.dumps(flat[name]) == json.dumps(value)
