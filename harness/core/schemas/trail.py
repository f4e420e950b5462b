"""The way through a schema to a failing keyword, with what the subschemas on it say about the failure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from harness.core.schemas.lint import LIST_OF_SUBSCHEMAS, NAMED_SUBSCHEMAS

Resolver: TypeAlias = Any
"""A resolver of `referencing`, which has no public name for the type."""

_SAME_PLACE = frozenset({"$ref", "allOf", "anyOf", "oneOf", "then", "else", "dependentSchemas"})
"""Steps to a subschema that judges the same value as the one that it stands in."""


class Trail(Struct, frozen=True, kw_only=True):
    """Where a keyword failed."""

    node: Any
    """The subschema that the keyword stands in."""
    resolver: Resolver
    """Looks up what a `$ref` in `node` points at."""
    rule: str | None = None
    """The `x-rule` of the nearest enclosing subschema."""
    names: bool = False
    """Whether it is the name of a property that is judged, not its value."""
    expected: str | None = None
    """The `x-expected` of the nearest enclosing subschema that judges the same value."""

    @staticmethod
    def of(path: Iterable[str | int], root: Any, resolver: Resolver) -> Trail:
        """The trail along an error's schema path, whose last part is the failing keyword."""
        trail = _annotated(Trail(node=root, resolver=resolver), same_place=False)
        *way, failed = path
        steps = iter(way)
        for step in steps:
            trail = trail.step(step, steps)
        return trail.holding(failed)

    def step(self, keyword: Any, more: Iterator[Any]) -> Trail:
        """The trail that goes on by `keyword`, and by the next of `more` where that holds several subschemas."""
        if keyword == "$ref":
            return self.follow()
        trail = self.holding(keyword)
        if trail is not self:
            return trail.step(keyword, more)
        node = self.node[keyword]
        if keyword in NAMED_SUBSCHEMAS or keyword in LIST_OF_SUBSCHEMAS:
            node = node[next(more)]
        inner = self.into(node, same_place=keyword in _SAME_PLACE)
        return replace(inner, names=self.names or keyword == "propertyNames")

    def holding(self, keyword: Any) -> Trail:
        """The trail to the subschema that has `keyword`: jsonschema leaves a lone `$ref` out of its path."""
        trail = self
        while isinstance(trail.node, dict) and keyword not in trail.node and "$ref" in trail.node:
            trail = trail.follow()
        return trail

    def follow(self) -> Trail:
        """The trail that goes on to what the subschema's `$ref` points at."""
        target = self.resolver.lookup(self.node["$ref"])
        return _annotated(replace(self, node=target.contents, resolver=target.resolver), same_place=True)

    def into(self, node: Any, *, same_place: bool = False) -> Trail:
        """The trail that goes on to `node`, which stands in the subschema."""
        return _annotated(replace(self, node=node), same_place=same_place)


def _annotated(trail: Trail, *, same_place: bool) -> Trail:
    said = trail.node if isinstance(trail.node, dict) else {}
    expected = said.get("x-expected", trail.expected if same_place else None)
    return replace(trail, rule=said.get("x-rule", trail.rule), expected=expected)


def subschema_rule(trail: Trail, name: Any) -> str | None:
    """The rule that the subschema of the property `name` names, itself or by `$ref`."""
    node = trail.node.get("properties", {}).get(name)
    seen: list[Any] = []
    inner = Trail(node=node, resolver=trail.resolver)
    while isinstance(inner.node, dict) and inner.node not in seen:
        if "x-rule" in inner.node:
            return str(inner.node["x-rule"])
        if "$ref" not in inner.node:
            break
        seen.append(inner.node)
        inner = inner.follow()
    return None


def property_names(trail: Trail) -> dict[str, None]:
    """Names of all properties that the subschema knows, in order, those of what it is composed of included."""
    names: dict[str, None] = {}
    seen: list[Any] = []
    waiting = [trail]
    while waiting:
        each = waiting.pop()
        node = each.node
        if not isinstance(node, dict) or any(node is other for other in seen):
            continue
        seen.append(node)
        names.update(dict.fromkeys(node.get("properties", ())))
        waiting += [each.follow()] if "$ref" in node else []
        for keyword in ("then", "else", "if"):
            waiting.append(each.into(node.get(keyword), same_place=True))
        for keyword in ("allOf", "anyOf", "oneOf"):
            waiting += [each.into(part, same_place=True) for part in node.get(keyword, ())]
    return names
