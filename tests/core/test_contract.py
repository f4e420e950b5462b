"""Contracts, built from a family's document and its schemas."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.checking import Checker
from harness.core.contract import Contract, build_contract, schema_files, versions_of
from harness.core.declarations import Declarations
from harness.core.documents import At, Document, DocumentError, Mark
from harness.core.rules.examples import KEY, track
from harness.core.schemas import SchemaError
from tests.core.receiving import CRM

COMMON = {"$id": "urn:test:common", "$defs": {"event": {"const": "Entered", "x-rule": "entry-only"}}}
FILES: dict[str, dict[str, Any]] = {
    "track.json": {"$id": "urn:test:track", "properties": {"event": {"$ref": "urn:test:common#/$defs/event"}}},
    "exit.json": {"$id": "urn:test:exit", "type": "object"},
    "common.json": COMMON,
}
VERSION: dict[str, Any] = {
    "sources": ["a document"],
    "schemas": {"track": "track.json"},
    "schemas_with_exit": {"track": "exit.json"},
    "definitions": ["common.json"],
}
FAMILY: dict[str, Any] = {
    "name": "test",
    "title": "A family",
    "default_version": "1",
    "parameters": {"entered": True, "strict_ids": True},
    "rules": {"entry-only": "error", "identity": "error", "schema": "off"},
    "versions": {
        "1": VERSION,
        "2": {**VERSION, "title": "Later", "rules": {"identity": "warning", "key-naming": "error"}},
    },
}


def family(**changes: Any) -> Document:
    """The document of the family, changed."""
    marks: dict[At, Mark] = {(): Mark(file="contract.yaml", line=1, column=1)}
    marks["rules",] = Mark(file="contract.yaml", line=7, column=3)
    return Document(data={**FAMILY, **changes}, marks=marks)


def built(version: str = "1", files: dict[str, dict[str, Any]] | None = None, **changes: Any) -> Contract:
    """A version of the family, changed."""
    return build_contract(family(**changes), version, {**FILES, **(files or {})})


def test_a_version_is_named_with_its_family() -> None:
    """A contract's id is family@version, and its title that of the version, where it has one."""
    assert (built("1").id, built("1").title) == ("test@1", "A family")
    assert (built("2").id, built("2").title) == ("test@2", "Later")


def test_a_version_names_its_files() -> None:
    """The schemas, those with exit and the definitions are all that a version reads."""
    assert schema_files(family(), "1") == {"track.json", "exit.json", "common.json"}
    assert list(versions_of(family())) == ["1", "2"]


def test_rules_that_are_off_are_no_part_of_a_contract() -> None:
    """A version's own rules go before its family's, and what is off is gone."""
    assert built("1").severities == {"entry-only": "error", "identity": "error"}
    assert built("2").severities == {"entry-only": "error", "identity": "warning", "key-naming": "error"}


def test_parameters_that_are_not_given_have_a_default() -> None:
    """A family says only what is different with it."""
    expected = {
        "entered": True,
        "exited": "false",
        "exits": "declared",
        "exit_event": "Audience Exited",
        "value_type": "exact",
        "key_suffix": "5-6",
        "property_name": "key",
        "audience_key": "optional",
        "routing": "exclusive",
        "key_grammar": "step",
        "strict_ids": True,
        "message_id_window": "24h",
        "duplicate_window": "5m",
        "list_delay": "24h",
        "retry_profile": "segment",
        "call_bytes": 32768,
        "batch_bytes": 4194304,
        "batch_calls": 4000,
        "source_batch_bytes": 512000,
        "source_batch_calls": 2500,
    }
    assert built().parameters == expected
    assert built(parameters={}).parameters["entered"] == "true"


@pytest.mark.parametrize(("value", "right"), [(True, True), (1, False), ("true", False)])
def test_a_family_may_have_a_boolean_as_its_membership_value(value: object, right: bool) -> None:
    """With a boolean, neither the number that equals it nor the text will do."""
    judge = Checker(built(rules={"membership-value": "error", "entry-only": "off", "schema": "off"}), Declarations())
    found = judge.violations(track(properties={KEY: value}), None, CRM, 0)
    assert [violation.rule for violation in found] == ([] if right else ["membership-value"])


def test_a_declared_exit_chooses_the_schema_with_exit() -> None:
    """The schema with exit takes the other's place where the step has an exit, and where there is one."""
    contract = built()
    assert contract.schema_for("track", exits=True) is contract.schemas_with_exit["track"]
    assert contract.schema_for("track", exits=False) is contract.schemas["track"]
    assert contract.schema_for("list", exits=True) is None


@pytest.mark.parametrize(
    ("changes", "message", "line"),
    [
        ({"rules": {"entry-onlly": "error"}}, "unknown rule 'entry-onlly'; did you mean 'entry-only'?", 7),
        ({"versions": {"1": {**VERSION, "schemas": {"trak": "track.json"}}}}, "unknown payload type 'trak'", 1),
    ],
)
def test_unknown_names_are_refused_at_their_place(changes: dict[str, Any], message: str, line: int) -> None:
    """An unknown rule or payload type is an error with its place and the nearest known name."""
    with pytest.raises(DocumentError) as caught:
        built(**changes)
    assert message in caught.value.message
    assert caught.value.mark.line == line


def test_an_annotation_that_names_no_rule_is_refused() -> None:
    """An unknown `x-rule` is found when the contract is read, and not at the first breach of it."""
    wrong = {"$id": "urn:test:track", "allOf": [{"properties": {"event": {"x-rule": "entry_only"}}}]}
    with pytest.raises(SchemaError, match="unknown rule 'entry_only'; did you mean 'entry-only'") as caught:
        built(files={"track.json": wrong})
    assert (caught.value.name, caught.value.pointer) == ("track.json", "/allOf/0/properties/event/x-rule")


def test_exact_lengths_of_ids_are_demanded_where_the_parameter_says_so() -> None:
    """With `strict_ids`, an id with another length than all known ones is a breach."""
    contract = built(rules={"personas-context": "error", "entry-only": "off", "schema": "off"})
    short_ids = {"computation_key": KEY, "space_id": "spa_1", "namespace": "spa_1"}
    short = track(event="Entered", context={"personas": short_ids})
    judge = Checker(contract, Declarations())
    assert {judge.violations(track(event="Entered"), None, CRM, 0) for _ in range(100)} == {()}
    found = judge.violations(short, None, CRM, 0)
    assert [(v.path.rpartition(".")[2], v.expected, v.actual) for v in found] == [
        ("space_id", "26 characters", "5 characters"),
        ("namespace", "26 characters", "5 characters"),
    ]


def test_what_an_extending_contract_leaves_out_is_as_in_its_base() -> None:
    """Schemas, parameters and rules come from the base; what the contract says itself goes before them."""
    version = {"sources": ["ours"], "parameters": {"strict_ids": False}, "rules": {"identity": "off"}}
    data = {"name": "ours", "title": "Ours", "default_version": "1", "versions": {"1": version}}
    document = Document(data=data, marks={(): Mark(file="contract.yaml", line=1, column=1)})
    base = built()
    extending = build_contract(document, "1", {}, base)
    assert (extending.id, extending.sources, extending.schemas) == ("ours@1", ("ours",), base.schemas)
    assert extending.severities == {"entry-only": "error"}
    assert (extending.parameters["entered"], extending.parameters["strict_ids"]) == (True, False)


def test_a_schema_of_an_extending_contract_holds_with_exits_as_well() -> None:
    """A contract's own schema takes the place of both schemas of its base, and may refer to what that one defines."""
    own = {"$id": "urn:test:own", "properties": {"event": {"$ref": "urn:test:common#/$defs/event"}}}
    version = {"sources": ["ours"], "schemas": {"track": "own.json"}}
    data = {"name": "ours", "title": "Ours", "default_version": "1", "versions": {"1": version}}
    document = Document(data=data, marks={(): Mark(file="contract.yaml", line=1, column=1)})
    extending = build_contract(document, "1", {"own.json": own}, built())
    schema = extending.schema_for("track", exits=True)
    assert schema is not None
    assert schema.accepts({"event": "Entered"})
    assert not schema.accepts({"event": "Left"})
