"""From an engine's errors to breaches: which rule is broken, by what, and what would have been right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import jsonschema_rs
from jsonschema.exceptions import ValidationError
from referencing.jsonschema import DRAFT202012

from harness.core.schemas.breach import At, Breach
from harness.core.schemas.explainer import explaining_validator, registry_of
from harness.core.schemas.trail import Trail, property_names, subschema_rule
from harness.core.schemas.wording import (
    MISSING,
    SURPLUS,
    actual_words,
    expected_words,
    message_for,
    options_of,
    shown,
)

_DEFAULT_RULE = "schema"


class Explanation:
    """Says what is wrong with values that a schema refuses."""

    def __init__(
        self, root: dict[str, Any], *, name: str, resources: dict[str, Any], fast: jsonschema_rs.Validator
    ) -> None:
        registry = registry_of(resources)
        self._name = name
        self._root = root
        self._resolver = registry.resolver_with_root(DRAFT202012.create_resource(root))
        self._validator = explaining_validator(root, registry)
        self._fast = fast

    def breaches(self, instance: Any) -> list[Breach]:
        """All breaches of a refused `instance`, at least one, in the order of the instance."""
        try:
            found = [breach for error in self._validator.iter_errors(instance) for breach in self._of(error, instance)]
            return _ordered(found, instance) or [self._unexplained(instance)]
        except RecursionError:
            return [self._whole("is nested too deeply to be judged", "fewer levels of nesting", "too many levels")]

    def _of(self, error: ValidationError, instance: Any) -> Iterator[Breach]:
        inner = _only_fitting_branch(error)
        if inner:
            for each in inner:
                yield from self._of(each, instance)
            return
        trail = Trail.of(error.absolute_schema_path, self._root, self._resolver)
        at: At = tuple(error.absolute_path)
        if error.validator in MISSING:
            yield self._breach(error, trail, at, rule=subschema_rule(trail, at[-1]) or trail.rule)
        elif error.validator == "unevaluatedProperties":
            value: Any = error.instance
            for name in self._unevaluated(at, instance):
                yield self._breach(error, trail, (*at, name), actual=shown(value[name]))
        else:
            yield self._breach(error, trail, at)

    def _breach(
        self, error: ValidationError, trail: Trail, at: At, *, rule: str | None = None, actual: str | None = None
    ) -> Breach:
        keyword = "propertyNames" if trail.names else str(error.validator)
        expected = expected_words(error, trail, at)
        return Breach(
            rule=rule or trail.rule or _DEFAULT_RULE,
            at=at,
            message=message_for(keyword, at, expected),
            expected=expected,
            actual=actual or actual_words(error),
            keyword=keyword,
            options=tuple(property_names(trail)) if keyword in SURPLUS else options_of(error),
        )

    def _unevaluated(self, at: At, instance: Any) -> Iterable[str]:
        """The surplus names at `at`: the explaining engine has them only inside of a sentence."""
        for error in self._fast.iter_errors(instance):
            kind = error.kind
            here = tuple(error.instance_path) == at
            if here and isinstance(kind, jsonschema_rs.ValidationErrorKind.UnevaluatedProperties):
                yield from kind.unexpected

    def _unexplained(self, instance: Any) -> Breach:
        return self._whole(
            "is refused, and no single cause can be named", f"what the schema {self._name} allows", shown(instance)
        )

    def _whole(self, message: str, expected: str, actual: str) -> Breach:
        return Breach(rule=_DEFAULT_RULE, at=(), message=f"the value {message}", expected=expected, actual=actual)


def _only_fitting_branch(error: ValidationError) -> list[ValidationError]:
    """The errors of the only alternative of an anyOf or oneOf that takes values of this type; else none."""
    branches: dict[Any, list[ValidationError]] = {}
    for each in error.context or ():
        branches.setdefault(each.relative_schema_path[0], []).append(each)
    fitting = [
        errors
        for errors in branches.values()
        if not any(each.validator == "type" and not each.relative_path for each in errors)
    ]
    return fitting[0] if len(fitting) == 1 and len(branches) > 1 else []


def _ordered(breaches: Iterable[Breach], instance: Any) -> list[Breach]:
    """One breach for each rule and place, in the order in which the places come in `instance`."""
    unique: dict[tuple[str, At], Breach] = {}
    for breach in breaches:
        unique.setdefault((breach.rule, breach.at), breach)
    positions = _Positions(instance)
    return sorted(unique.values(), key=lambda breach: positions.of(breach.at))


class _Positions:
    """Where places come in a value; each object's names are numbered once, as there may be many breaches in it."""

    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self._numbers: dict[At, dict[str, int]] = {}

    def of(self, at: At) -> tuple[int, ...]:
        found = []
        value = self._instance
        for depth, part in enumerate(at):
            if isinstance(part, int):
                found.append(part)
            else:
                found.append(self._numbered(at[:depth], value).get(part, len(value)))
            value = value[part] if isinstance(part, int) or part in value else {}
        return tuple(found)

    def _numbered(self, at: At, value: dict[str, Any]) -> dict[str, int]:
        if at not in self._numbers:
            self._numbers[at] = {name: number for number, name in enumerate(value)}
        return self._numbers[at]
