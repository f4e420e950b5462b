"""Contracts that cannot be used: each is refused when it is read, with file, line, what is wrong, and a remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.adapters.contract_files import load_contract
from harness.core.documents import DocumentError, DocumentErrors
from tests.cli.running import Command

CONTRACT = """\
name: ours
title: Ours
default_version: "1"
parameters: {strict_ids: false}
rules: {identity: warning, schema: error}
versions:
  "1":
    sources: [ours]
    schemas: {track: track.json}
    definitions: [common.json]
    rules: {entry-only: error}
"""
TRACK: dict[str, Any] = {
    "$id": "https://example.com/track.json",
    "type": "object",
    "properties": {"event": {"$ref": "https://example.com/common.json#/$defs/event"}},
}
COMMON: dict[str, Any] = {"$id": "https://example.com/common.json", "$defs": {"event": {"type": "string"}}}


def written(folder: Path, contract: str = CONTRACT, **schemas: Any) -> str:
    """The path of a contract in `folder`, beside its schemas."""
    for name, schema in {"track": TRACK, "common": COMMON, **schemas}.items():
        (folder / f"{name}.json").write_text(json.dumps(schema, indent=2), encoding="utf-8")
    path = folder / "contract.yaml"
    path.write_text(contract, encoding="utf-8")
    return str(path)


def refusal(path: str) -> tuple[str, str, str]:
    """File and line, message and remedy of the one thing that is wrong with the contract at `path`."""
    problems: list[DocumentError] = []
    try:
        load_contract(path)
    except DocumentError as error:
        problems.append(error)
    except DocumentErrors as errors:
        problems.extend(errors.problems)
    (problem,) = problems
    return f"{Path(problem.mark.file).name}:{problem.mark.line}", problem.message, problem.remedy


def test_the_contract_that_the_others_are_made_of_is_right(tmp_path: Path) -> None:
    """Nothing is refused in it, so that what is refused below is what was changed."""
    assert load_contract(written(tmp_path)).id == "ours@1"


REFUSED = [
    ("identity:", "identiti:", "contract.yaml:5", "unknown rule 'identiti'; did you mean 'identity'?"),
    ("entry-only:", "entry_only:", "contract.yaml:11", "unknown rule 'entry_only'; did you mean 'entry-only'?"),
    ("identity: warning", "identity: fatal", "contract.yaml:5", 'must be "error", "warning" or "off", not "fatal"'),
    ("schema: error", "schema: eror", "contract.yaml:5", "not \"eror\"; did you mean 'error'?"),
    ("only: error", "only: true", "contract.yaml:11", "not true"),
    ("strict_ids:", "strict_id:", "contract.yaml:4", "unknown key 'strict_id'; did you mean 'strict_ids'?"),
    ("ids: false", "ids: no", "contract.yaml:4", 'strict_ids must be a boolean, not the string "no"'),
    ("{strict_ids: false}", "{exits: sometimes}", "contract.yaml:4", 'exits must be "declared" or "always"'),
    ('version: "1"', 'version: "2"', "contract.yaml:3", "there is no version '2'; known: 1"),
    ("track: track.json", "trak: track.json", "contract.yaml:9", "unknown payload type 'trak'; did you mean 'track'?"),
    (
        ": track.json",
        ": trak.json",
        "contract.yaml:9",
        "there is no schema file 'trak.json'; did you mean 'track.json'",
    ),
    ("[common.json]", "[comon.json]", "contract.yaml:10", "no schema file 'comon.json'; did you mean 'common.json'?"),
    (": track.json", ": ../track.json", "contract.yaml:9", "'../track.json' is not in the contract's folder"),
    ("definitions:", "definition:", "contract.yaml:10", "unknown key 'definition'; did you mean 'definitions'?"),
    ("name: ours", "name: segment-spec", "contract.yaml:1", "segment-spec is a shipped family"),
    ("identity: warning, schema: error", "identity: warning", "contract.yaml:9", "nobody would hear of a breach"),
    ("    sources:", "    extends: ./gone/contract.yaml\n    sources:", "contract.yaml:8", "there is no file"),
    ("strict_ids: false", "retry_profile: {like: segmnt}", "contract.yaml:4", "retry_profile.like must be"),
    ("strict_ids: false", "retry_profile: {once: [5zz]}", "contract.yaml:4", "once[0] must be a status such as 429"),
    ("strict_ids: false", "retry_profile: {once: [511-502]}", "contract.yaml:4", "the span 511-502 ends before it"),
    ("strict_ids: false", "retry_profile: {first: 1h}", "contract.yaml:4", "the least first wait is longer than `cap`"),
    ("    sources:", "    extends: ours\n    sources:", "contract.yaml:8", "unknown contract 'ours'"),
    ("    sources:", "    extends: engage-journeys@1\n    sources:", "contract.yaml:8", "has no version '1'"),
    ("    sources:", "    extends: ./contract.yaml\n    sources:", "contract.yaml:8", "ours@1 extends itself"),
]


@pytest.mark.parametrize(("right", "wrong", "place", "message"), REFUSED, ids=[wrong for _, wrong, _, _ in REFUSED])
def test_a_wrong_contract_is_refused(tmp_path: Path, right: str, wrong: str, place: str, message: str) -> None:
    """What is wrong in `contract.yaml` is told at its line, with the nearest name or what may stand there."""
    assert right in CONTRACT
    told, words, remedy = refusal(written(tmp_path, CONTRACT.replace(right, wrong, 1)))
    assert told == place
    assert message in words
    assert remedy or "did you mean" in words


EVENT = {"$ref": "https://example.com/common.json#/$defs/event"}
REFUSED_SCHEMAS: list[tuple[dict[str, Any], str, str]] = [
    ({"$ref": "#/$defs/evnt"}, "track.json:6", "'#/$defs/evnt' names no subschema"),
    ({"$ref": f"{EVENT['$ref']}s"}, "track.json:6", "common.json#/$defs/events' names no subschema"),
    ({"$ref": "https://example.com/comon.json"}, "track.json:6", "no schema at hand has the id"),
    ({"minLenght": 1}, "track.json:6", "unknown keyword 'minLenght'; did you mean 'minLength'?"),
    ({"format": "e-mail"}, "track.json:6", "the format 'e-mail' may not be used; did you mean 'email'?"),
    ({"multipleOf": 2}, "track.json:6", "multipleOf may not be used"),
    ({"pattern": "a+"}, "track.json:6", "pattern"),
    ({"type": "text"}, "track.json:6", 'type may not be "text"'),
    ({"type": "strng"}, "track.json:6", "type may not be \"strng\"; did you mean 'string'?"),
    ({"required": "a"}, "track.json:6", 'required may not be "a"'),
    ({"minLength": -1}, "track.json:6", "minLength may not be -1"),
    ({"x-rule": "key-naming"}, "track.json:6", "names key-naming, which the contract does not turn on"),
    ({"x-rule": "entry_only"}, "track.json:6", "unknown rule 'entry_only'; did you mean 'entry-only'?"),
]


@pytest.mark.parametrize(("subschema", "place", "message"), REFUSED_SCHEMAS, ids=str)
def test_a_wrong_schema_is_refused(tmp_path: Path, subschema: dict[str, Any], place: str, message: str) -> None:
    """What is wrong in a schema is told at its line in the JSON file, with a remedy."""
    told, words, remedy = refusal(written(tmp_path, track={**TRACK, "properties": {"event": subschema}}))
    assert told == place
    assert message in words
    assert remedy


@pytest.mark.parametrize(
    ("common", "place", "message"),
    [
        ({"$defs": {}}, "common.json:1", "a definition has no $id"),
        ([1], "common.json:1", "a definition has no $id"),
        ({**COMMON, "$defs": {"event": {"tipe": "string"}}}, "common.json:5", "unknown keyword 'tipe'"),
    ],
)
def test_a_wrong_definition_is_refused_in_its_own_file(tmp_path: Path, common: Any, place: str, message: str) -> None:
    """A schema that others refer to is told by its file, and not by its id."""
    told, words, remedy = refusal(written(tmp_path, common=common))
    assert (told, message in words, bool(remedy)) == (place, True, True)


def test_two_schemas_with_one_id_are_refused(tmp_path: Path) -> None:
    """A `$ref` to an id that two files have would mean either."""
    told, words, remedy = refusal(written(tmp_path, track={**TRACK, "$id": COMMON["$id"]}))
    assert (told, "common.json has the same $id" in words, bool(remedy)) == ("track.json:2", True, True)


def test_a_contract_that_says_nothing_is_refused(tmp_path: Path) -> None:
    """A contract that turns on no rule would pass everything; one that turns all off says so."""
    nothing = CONTRACT[: CONTRACT.index("parameters:")] + 'versions: {"1": {sources: [ours], schemas: {}}}\n'
    told, words, remedy = refusal(written(tmp_path, nothing))
    assert (told, "would pass everything" in words, bool(remedy)) == ("contract.yaml:4", True, True)
    assert load_contract(written(tmp_path, f"{nothing}rules: {{schema: off}}\n")).severities == {}


def test_a_schema_that_is_no_json_is_refused(tmp_path: Path) -> None:
    """A syntax error is told where it is."""
    path = written(tmp_path)
    (tmp_path / "track.json").write_text('{\n  "type": \n}', encoding="utf-8")
    place, words, remedy = refusal(path)
    assert (place, "is not JSON" in words, bool(remedy)) == ("track.json:3", True, True)


SCENARIO = """\
version: 1
scenario: Ours
contract: contract.yaml
destinations: {crm: {kind: event}}
do:
  - deliver: {to: crm, json: {type: track}}
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "a.scenario.yaml"],
        ["validate", "a.scenario.yaml"],
        ["validate", "contract.yaml"],
        ["check", "a.ndjson", "--contract", "./contract.yaml"],
        ["contracts", "show", "./contract.yaml"],
        ["contracts", "detect", "a.ndjson", "--contract", "./contract.yaml"],
        ["serve", "--port", "0", "--config", "server.yaml"],
    ],
    ids=" ".join,
)
def test_every_command_refuses_a_wrong_contract(harness: Command, arguments: list[str]) -> None:
    """Whoever reads a contract tells where it is wrong, and exits 2: it is no fault of the harness."""
    written(harness.folder, track={**TRACK, "format": "e-mail"})
    harness.write("a.scenario.yaml", SCENARIO)
    harness.write("a.ndjson", [{"type": "track"}])
    harness.write("server.yaml", "version: 1\ncontract: contract.yaml\ndestinations: {crm: {kind: event}}\n")
    done = harness(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "track.json:9:13: the format 'e-mail' may not be used" in done.err
