"""Schemas made ready: linted once, compiled for speed, explained when something breaks them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema_rs
from msgspec import Struct

from harness.core.schemas.breach import Breach
from harness.core.schemas.flatten import flattened
from harness.core.schemas.lint import SchemaError, lint, misformed
from harness.core.schemas.references import Linted, check_references

if TYPE_CHECKING:
    from harness.core.schemas.attribution import Explanation

_NAMELESS = "https://nameless.invalid/"
"""The id of a schema that has none, where another refers to it; beneath a URN, `#/$defs/…` would lead nowhere."""


class Schema(Struct, frozen=True, kw_only=True, eq=False):
    """A JSON Schema that judges values."""

    name: str
    document: Mapping[str, Any]
    accepts: Callable[[Any], bool]
    """Whether a value, as `orjson.loads` returns them, is right. What is not JSON at all may raise ValueError."""
    _resources: Mapping[str, Mapping[str, Any]]
    _explanation: Callable[[], Explanation]

    def __repr__(self) -> str:
        return f"<schema {self.name!r}>"

    def narrowed(self, parts: Iterable[Mapping[str, Any]]) -> Schema:
        """A schema that accepts what this one and all `parts` accept, which rules make and nobody has to lint."""
        uri = self.document.get("$id", _NAMELESS)
        known = {**self._resources, uri: {**self.document, "$id": uri}}
        whole = {"allOf": [{"$ref": uri}, *parts]}
        flat = flattened(whole, known, _accepted)
        return _ready(flat, f"{self.name}, narrowed", known if flat is whole else {})

    def besides(self, member: str) -> Callable[[Any], bool]:
        """What accepts the objects that this schema does, among those whose `member` it is known to accept."""
        if not {"type", "required", "properties"} >= self.document.keys() or '"$ref"' in json.dumps(self.document):
            return self.accepts  # what it says of the member may stand elsewhere too
        properties = {name: inner for name, inner in self.document.get("properties", {}).items() if name != member}
        required = [name for name in self.document.get("required", ()) if name != member]
        rest = {**self.document, "properties": properties, "required": required}
        return compile_fast(rest, f"{self.name}, besides {member}", dict(self._resources)).is_valid

    def breaches(self, instance: Any) -> list[Breach]:
        """All that is wrong with `instance`, in its own order; empty exactly where `accepts` says yes."""
        try:
            if self.accepts(instance):
                return []
        except ValueError:
            pass  # Not JSON, such as half a surrogate pair: refused, and explained like all else.
        return self._explanation().breaches(instance)


def load_schema(
    document: Mapping[str, Any], *, name: str, resources: Mapping[str, Mapping[str, Any]] | None = None
) -> Schema:
    """The schema that `document` writes, referring to itself and `resources` (by `$id`) only; else SchemaError."""
    return load_schemas({name: document}, resources=resources)[name]


def load_schemas(
    documents: Mapping[str, Mapping[str, Any]], *, resources: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Schema]:
    """The schemas that `documents` write, by name, as `load_schema` loads each; all may refer to `resources`."""
    others = {uri: _copy(resource, uri) for uri, resource in (resources or {}).items()}
    linted = _lint_resources(others)
    return {name: _loaded(_copy(document, name), name, others, linted) for name, document in documents.items()}


def proven_schemas(
    documents: Mapping[str, Mapping[str, Any]], *, resources: Mapping[str, Mapping[str, Any]]
) -> dict[str, Schema]:
    """The same for schemas of which it is known that `load_schemas` takes them, in half the time."""
    others = {uri: dict(resource) for uri, resource in resources.items()}
    return {name: _ready(dict(document), name, others) for name, document in documents.items()}


def _loaded(root: dict[str, Any], name: str, others: dict[str, Any], lint_of_others: Sequence[Linted]) -> Schema:
    base = root.get("$id", "")
    linted = [_linted(root, name, base if isinstance(base, str) else "", others), *lint_of_others]
    try:
        ready = _ready(root, name, others)
    except SchemaError as error:
        if not error.pointer:
            check_references(linted)  # The engine says that a reference leads nowhere, but not where it stands.
        raise
    check_references(linted)
    return ready


def _ready(root: dict[str, Any], name: str, others: dict[str, Any]) -> Schema:
    """The schema, compiled."""
    validator = compile_fast(root, name, others)
    return Schema(
        name=name,
        document=root,
        accepts=validator.is_valid,
        _resources=others,
        _explanation=cache(lambda: _explanation(root, name, others, validator)),
    )


def prepare_explanations() -> None:
    """Load the explaining engine now, so that the first refusal need not wait for it."""
    from harness.core.schemas import attribution  # noqa: F401  # its import takes a good part of a second


def compile_fast(root: dict[str, Any], name: str, resources: dict[str, Any]) -> jsonschema_rs.Validator:
    """The accepting engine for `root`; SchemaError where it is no JSON Schema."""
    try:
        return jsonschema_rs.Draft202012Validator(
            root,
            validate_formats=True,
            registry=jsonschema_rs.Registry(list(resources.items())) if resources else None,
            offline=True,
            pattern_options=jsonschema_rs.RegexOptions(),
        )
    except jsonschema_rs.ValidationError as error:
        raise misformed(name, error.instance_path, error.instance) from None


def _accepted(schema: dict[str, Any], value: Any) -> bool:
    return compile_fast(schema, "narrowed", {}).is_valid(value)


def _lint_resources(resources: dict[str, Any]) -> list[Linted]:
    linted = []
    for uri, resource in resources.items():
        if resource.get("$id", uri) != uri:
            raise SchemaError(uri, "/$id", f"the $id is {resource['$id']!r}, not {uri!r}", "hand it in under its $id")
        linted.append(_linted(resource, uri, uri, resources))
    return linted


def _linted(document: dict[str, Any], name: str, base: str, known: Collection[str]) -> Linted:
    return Linted(name=name, base=base, subschemas=lint(document, name=name, base=base, known=known))


def _copy(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A copy that nobody else can change, and that holds nothing but JSON."""
    try:
        copied = json.loads(json.dumps(document, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        remedy = "use objects with texts as names, lists, texts, numbers and booleans"
        raise SchemaError(name, "", f"it is not JSON: {error}", remedy) from None
    if not isinstance(copied, dict):
        raise SchemaError(name, "", "a schema is an object", 'start with {"type": …}')
    return copied


def _explanation(
    root: dict[str, Any], name: str, resources: dict[str, Any], validator: jsonschema_rs.Validator
) -> Explanation:
    # Imported at the first breach: the explaining engine takes many times longer to import than all else here.
    from harness.core.schemas.attribution import Explanation

    return Explanation(root, name=name, resources=resources, fast=validator)
