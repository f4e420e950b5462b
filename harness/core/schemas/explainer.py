"""The explaining engine: `jsonschema`, made to agree with the accepting one and to say which property is meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from harness.core.schemas.lint import FORMATS

Errors = Iterator[ValidationError]


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> Callable[[Any], bool]:
    """Asking the accepting engine leaves one reading of a pattern, in time linear in the text."""
    options = jsonschema_rs.RegexOptions()
    return jsonschema_rs.Draft202012Validator({"pattern": pattern}, pattern_options=options).is_valid


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Errors:
    if isinstance(instance, str) and not _matcher(pattern)(instance):
        yield ValidationError("pattern")


def _pattern_properties(validator: Any, patterns: dict[str, Any], instance: Any, schema: Any) -> Errors:
    if isinstance(instance, dict):
        for pattern, subschema in patterns.items():
            for name in filter(_matcher(pattern), instance):
                yield from validator.descend(instance[name], subschema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, subschema: Any, instance: Any, schema: dict[str, Any]) -> Errors:
    if not isinstance(instance, dict):
        return
    patterns = [_matcher(pattern) for pattern in schema.get("patternProperties", ())]
    for name in instance:
        if name in schema.get("properties", ()) or any(matches(name) for matches in patterns):
            continue
        if subschema is False:
            yield ValidationError("surplus", path=(name,), instance=instance[name])
        else:
            yield from validator.descend(instance[name], subschema, path=name)


def _required(validator: Any, required: list[str], instance: Any, schema: Any) -> Errors:
    if isinstance(instance, dict):
        yield from (ValidationError("missing", path=(name,)) for name in required if name not in instance)


def _dependent_required(validator: Any, dependencies: dict[str, list[str]], instance: Any, schema: Any) -> Errors:
    for name, required in dependencies.items():
        if isinstance(instance, dict) and name in instance:
            yield from _required(validator, required, instance, schema)


def _property_names(validator: Any, subschema: Any, instance: Any, schema: Any) -> Errors:
    if isinstance(instance, dict):
        for name in instance:
            yield from validator.descend(name, subschema, path=name)


def _ref(validator: Any, ref: str, instance: Any, schema: Any) -> Errors:
    """The engine leaves `$ref` out of an error's path, which then cannot be followed."""
    for error in Draft202012Validator.VALIDATORS["$ref"](validator, ref, instance, schema):
        error.schema_path.appendleft("$ref")
        yield error


_Validator: Any = extend(  # type: ignore[no-untyped-call]  # the stubs leave it bare
    Draft202012Validator,
    {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "required": _required,
        "dependentRequired": _dependent_required,
        "propertyNames": _property_names,
        "$ref": _ref,
    },
)


def _format_checker() -> FormatChecker:
    checker = FormatChecker(formats=())
    for name in FORMATS:
        is_valid = jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True).is_valid
        checker.checkers[name] = (is_valid, ())
    return checker


_FORMATS = _format_checker()


def registry_of(resources: dict[str, Any]) -> Registry[Any]:
    """The documents that a schema may refer to; a look-up of any other raises."""
    return Registry().with_resources(
        (uri, DRAFT202012.create_resource(_undeclared(each))) for uri, each in resources.items()
    )


def _undeclared(document: dict[str, Any]) -> dict[str, Any]:
    """`document` without `$schema`, on meeting which the engine would go on with its own keywords in place of ours."""
    return {keyword: value for keyword, value in document.items() if keyword != "$schema"}


def explaining_validator(root: dict[str, Any], registry: Registry[Any]) -> Any:
    """The explaining engine for `root`: its `iter_errors` names every failure."""
    return _Validator(_undeclared(root), registry=registry, format_checker=_FORMATS)
