"""A contract: schemas, rules and parameters for one family of payloads, as one named, versioned value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from harness.core.calls import CALL_TYPES
from harness.core.delivery import Severity
from harness.core.documents import Document
from harness.core.retry_profiles import profile_at
from harness.core.rules.catalogue import RULES
from harness.core.rules.sizes import DEFAULTS as SIZES
from harness.core.schemas import Schema, SchemaError, load_schemas, proven_schemas
from harness.core.schemas.lint import pointer_to
from harness.core.spelling import near_miss

PARAMETERS: Mapping[str, Any] = {
    "entered": "true",
    "exited": "false",
    "exits": "declared",
    "exit_event": "Audience Exited",
    "value_type": "exact",
    "key_grammar": "step",
    "key_suffix": "5-6",
    "property_name": "key",
    "audience_key": "optional",
    "routing": "exclusive",
    "strict_ids": False,
    "message_id_window": "24h",
    "duplicate_window": "5m",
    "list_delay": "24h",
    "retry_profile": "segment",
    **SIZES,
}
"""What a family that does not say otherwise has."""

SCHEMA_RULE = "schema"
"""The rule that a breach of a schema breaks, where the schema names none."""
LIST_ENTRY = "list"
PAYLOAD_TYPES = (*CALL_TYPES, LIST_ENTRY)


class Contract(Struct, frozen=True, kw_only=True):
    """What traffic of one family must be like."""

    family: str
    version: str
    title: str
    sources: tuple[str, ...]
    parameters: Mapping[str, Any]
    severities: Mapping[str, Severity]
    """The rules that are on, each with its severity."""
    named_rules: frozenset[str] = frozenset()
    """The rules that it says anything of: those that are on, and those that are off by intention."""
    schemas: Mapping[str, Schema]
    """By payload type: a call type, or `list` for one list entry."""
    schemas_with_exit: Mapping[str, Schema]
    """Those that take the place of `schemas` where the payload's step declares an exit."""
    bodies: Mapping[str, Schema] = field(default_factory=dict)
    """What webhook destinations take, by name."""
    definitions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What its schemas refer to, by `$id`; the schemas of a contract that extends it may refer there too."""
    suggested: bool = True
    """Whether to name it as one that fits a capture better; not where it merely asks for less than the others."""

    @property
    def id(self) -> str:
        """`family@version`."""
        return f"{self.family}@{self.version}"

    def schema_for(self, payload_type: str, *, exits: bool) -> Schema | None:
        """The schema of such payloads; None where the family has none."""
        if exits and payload_type in self.schemas_with_exit:
            return self.schemas_with_exit[payload_type]
        return self.schemas.get(payload_type)

    def body_for(self, named: str | None, destination: str) -> Schema | None:
        """What a webhook takes: the body that it names, else the one of its own name, else the only one."""
        if named is not None:
            return self.bodies.get(named)
        return self.bodies.get(destination) or (next(iter(self.bodies.values())) if len(self.bodies) == 1 else None)

    def rules_of_schemas(self) -> set[str]:
        """The rules that a payload can break by what a schema says."""
        documents = [each.document for each in (*self.schemas.values(), *self.schemas_with_exit.values())]
        return {SCHEMA_RULE, *_annotated([*documents, *self.definitions.values()])}

    @property
    def keyed(self) -> bool:
        """Whether it asks which key, or which computation of Engage, a payload is about."""
        return not {"key-naming", "personas-context"}.isdisjoint(self.severities)


def versions_of(family: Document) -> Mapping[str, Mapping[str, Any]]:
    """The versions that a family's `contract.yaml` defines, by name, each with its own settings."""
    versions: Mapping[str, Mapping[str, Any]] = family.data["versions"]
    return versions


def schema_files(family: Document, version: str) -> set[str]:
    """The schema files that a version names, relative to its folder."""
    settings = _settings(family.data, version)
    files = {*settings["schemas"].values(), *settings["schemas_with_exit"].values(), *settings["bodies"].values()}
    return files | set(settings["definitions"])


def build_contract(
    family: Document,
    version: str,
    files: Mapping[str, Mapping[str, Any]],
    base: Contract | None = None,
    *,
    proven: bool = False,
) -> Contract:
    """The contract that `version` of `family` defines, given the JSON of its schema files by name.

    What it does not say itself is as in `base`, the contract that it extends. `proven` says that it was built before
    without an error, from the same files, so that their schemas need not be checked again.

    Raises DocumentError, with place and remedy, for unknown rules and payload types, and SchemaError for schemas
    that cannot be trusted.
    """
    settings = _settings(family.data, version)
    _check_settings(family, version, settings)
    if not proven:
        said = {*settings["rules"], *(base.named_rules if base else ())}
        for name in sorted(files):
            _check_annotations(files[name], name, said)
        _check_ids(files)
        _check_that_it_judges(family, version, settings, said)
    own = {_id_of(files[name], name): files[name] for name in settings["definitions"]}
    definitions = {**(base.definitions if base else {}), **own}

    tables = [settings[table] for table in ("schemas", "schemas_with_exit", "bodies")]
    named = {name: files[name] for table in tables for name in table.values()}
    schemas = (proven_schemas if proven else load_schemas)(named, resources=definitions)

    def loaded(table: str) -> dict[str, Schema]:
        return {kind: schemas[name] for kind, name in settings[table].items()}

    contract = Contract(
        family=family.data["name"],
        version=version,
        title=settings["title"],
        sources=tuple(settings["sources"]),
        parameters=settings["parameters"],
        severities=settings["rules"],
        schemas=loaded("schemas"),
        schemas_with_exit=loaded("schemas_with_exit"),
        bodies=loaded("bodies"),
        definitions=definitions,
        suggested=family.data.get("suggested", True),
    )
    return _completed(contract, base)


def _check_settings(family: Document, version: str, settings: Mapping[str, Any]) -> None:
    """Refuse unknown rules and payload types, and a retry profile that cannot be meant so."""
    for at in (("rules",), ("versions", version, "rules")):
        _check_names(family, _at(family.data, at), RULES, "rule", at)
    for table in ("schemas", "schemas_with_exit"):
        _check_names(family, settings[table], PAYLOAD_TYPES, "payload type", ("versions", version, table))
    for at in (("parameters",), ("versions", version, "parameters")):
        if "retry_profile" in _at(family.data, at):
            profile_at(family, (*at, "retry_profile"), _at(family.data, at)["retry_profile"])


def _completed(contract: Contract, base: Contract | None) -> Contract:
    """`contract` with what it leaves to `base`, and to the defaults; a schema of its own holds with exits as well."""
    inherited = base or replace(contract, parameters={}, severities={}, schemas={}, schemas_with_exit={})
    with_exit = {kind: each for kind, each in inherited.schemas_with_exit.items() if kind not in contract.schemas}
    severities: dict[str, Any] = {**inherited.severities, **contract.severities}  # "off" among them
    return replace(
        contract,
        parameters={**PARAMETERS, **inherited.parameters, **contract.parameters},
        severities={rule: severity for rule, severity in severities.items() if severity != "off"},
        named_rules=inherited.named_rules | contract.severities.keys(),
        schemas={**inherited.schemas, **contract.schemas},
        schemas_with_exit={**with_exit, **contract.schemas_with_exit},
        bodies={**inherited.bodies, **contract.bodies},
    )


def _settings(family: Mapping[str, Any], version: str) -> dict[str, Any]:
    """The settings of one version: the family's, with the version's own in their place."""
    own = family["versions"][version]
    merged = {name: {**family.get(name, {}), **own.get(name, {})} for name in ("parameters", "rules")}
    return {
        "title": own.get("title", family["title"]),
        "sources": own["sources"],
        "schemas": own.get("schemas", {}),
        "schemas_with_exit": own.get("schemas_with_exit", {}),
        "bodies": own.get("bodies", {}),
        "definitions": own.get("definitions", []),
        **merged,
    }


def _at(data: Mapping[str, Any], at: Iterable[str]) -> Mapping[str, Any]:
    """The mapping at `at`; an empty one where there is none."""
    for name in at:
        data = data.get(name, {})
    return data


def _id_of(schema: Any, name: str) -> str:
    """The id by which other schemas refer to the one in the file `name`."""
    given = schema.get("$id") if isinstance(schema, Mapping) else None
    if not isinstance(given, str):
        message = "a definition has no $id by which others could refer to it"
        raise SchemaError(name, "", message, 'add a URI of your own: {"$id": "https://example.com/common.json", …}')
    return given


def _check_annotations(schema: Any, name: str, said: Collection[str], pointer: str = "") -> None:
    """Refuse an `x-rule` of which nobody would hear: one that is no rule, or that the contract does not name."""
    if isinstance(schema, Mapping):
        rule = schema.get("x-rule")
        if isinstance(rule, str) and rule not in RULES:
            message = f"x-rule names the unknown rule {rule!r}{near_miss(rule, list(RULES))}"
            raise SchemaError(name, f"{pointer}/x-rule", message, "use one of the rules that `harness explain` lists")
        if isinstance(rule, str) and rule not in said:
            message = f"x-rule names {rule}, which the contract does not turn on, so that nobody would hear of it"
            raise SchemaError(name, f"{pointer}/x-rule", message, _turn_on(rule))
    inner = schema.items() if isinstance(schema, Mapping) else enumerate(schema) if isinstance(schema, list) else ()
    for part, value in inner:
        _check_annotations(value, name, said, pointer + pointer_to(part))


def _check_ids(files: Mapping[str, Any]) -> None:
    """Refuse two schemas with one `$id`: a `$ref` to it would mean either."""
    seen: dict[str, str] = {}
    for name in sorted(files):
        given = files[name].get("$id") if isinstance(files[name], Mapping) else None
        if isinstance(given, str) and seen.setdefault(given, name) != name:
            raise SchemaError(name, "/$id", f"{seen[given]} has the same $id", "give each schema an $id of its own")


def _check_that_it_judges(family: Document, version: str, settings: Mapping[str, Any], said: Collection[str]) -> None:
    """Refuse a contract that would pass everything, by no intention of its author."""
    tables = [table for table in ("schemas", "schemas_with_exit", "bodies") if settings[table]]
    if tables and SCHEMA_RULE not in said:
        message = f"nobody would hear of a breach of these schemas, since the rule {SCHEMA_RULE} is not turned on"
        raise family.at_key(("versions", version, tables[0]), message, _turn_on(SCHEMA_RULE))
    if not said:
        message = "the contract names no rule and extends none that does, so that it would pass everything"
        remedy = "add `rules:`, such as `rules: {malformed-body: error, once-per-entry: error}`, or `extends:`"
        raise family.at_key(("versions", version), message, remedy)


def _turn_on(rule: str) -> str:
    return f"add `{rule}: error` (or `warning`) to `rules:` of the contract, or `{rule}: off` if that is what you want"


def _annotated(schema: Any) -> Iterator[str]:
    """Every rule that an `x-rule` in `schema` names."""
    if isinstance(schema, Mapping) and isinstance(schema.get("x-rule"), str):
        yield schema["x-rule"]
    for part in schema.values() if isinstance(schema, Mapping) else schema if isinstance(schema, list) else ():
        yield from _annotated(part)


def _check_names(family: Document, given: Mapping[str, Any], known: Any, what: str, at: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise family.at_key(
                (*at, name),
                f"unknown {what} {name!r}{near_miss(name, list(known))}",
                "use one of the rules that `harness explain` lists" if what == "rule" else "use a known payload type",
            )
