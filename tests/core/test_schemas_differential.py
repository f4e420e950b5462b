"""Two engines, one truth: over all shipped schemas, and over made-up ones, the two never disagree."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from harness.adapters.contract_files import read_family, shipped_contracts
from harness.adapters.json_files import own_schema, schema_document
from harness.adapters.yaml_files import read_document
from harness.core.schemas import Schema, SchemaError, load_schema
from harness.core.schemas.explainer import explaining_validator, registry_of
from tests.core.schema_strategies import DOCUMENTS, VALUES, mutated

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "cases"
LONG = 10_000
"""How many values, of the shipped schemas and of made-up ones each, the long suite tries at least."""
AT_ONCE = 5
"""How many values are drawn for one schema."""


class Pair(Struct, frozen=True, kw_only=True):
    """A schema as both engines have it, and values that its kind of schema is meant for."""

    schema: Schema
    explaining: Any
    seeds: tuple[Any, ...]


@cache
def payloads() -> tuple[Any, ...]:
    """All payloads of all cases: samples of every source, and what nearly is one."""
    texts = [
        json.loads(file.read_text("utf-8"))
        for folder in ("contracts", "rules")
        for file in sorted((CASES / folder).rglob("*.json"))
    ]
    return tuple(dict.fromkeys(json.dumps(payload) for text in texts for payload in _payloads_in(text)))


def _payloads_in(node: Any) -> Iterator[Any]:
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict) and isinstance(node.get("payload"), dict):
        yield node["payload"]
    for each in inner:
        yield from _payloads_in(each)


@cache
def pairs() -> tuple[Pair, ...]:
    """Every schema that is shipped: of each payload type of each contract, and of our own files."""
    return (*_of_contracts(), *_of_own_files())


def _of_contracts() -> Iterator[Pair]:
    entry = {
        "list": "j_o_first_purchase__opened_email_dje83h",
        "action": "add",
        "user": {"userId": "u1", "email": "a@example.com"},
    }
    loaded = [json.loads(text) for text in payloads()]
    for contract in shipped_contracts():
        registry = registry_of(dict(contract.definitions))
        for schemas in (contract.schemas, contract.schemas_with_exit):
            for kind, schema in schemas.items():
                seeds = [entry] if kind == "list" else [each for each in loaded if each.get("type") == kind]
                right = [each for each in seeds if schema.accepts(each)]
                assert right, f"{contract.id} has no right {kind} among the cases"
                explaining = explaining_validator(dict(schema.document), registry)
                yield Pair(schema=schema, explaining=explaining, seeds=(*right, *right, *seeds))


def _of_own_files() -> Iterator[Pair]:
    scenarios = [read_document(file).data for file in sorted((ROOT / "scenarios").rglob("*.scenario.yaml"))]
    families = [read_family(file).data for file in sorted((ROOT / "schemas").glob("*/contract.yaml"))]
    for name, seeds in {"scenario": scenarios, "contract": families}.items():
        schema = own_schema(name)
        documents = [schema_document(each) for each in ("scenario", "fragment", "config", "contract", "delivery")]
        registry = registry_of({document["$id"]: document for document in documents})
        yield Pair(schema=schema, explaining=explaining_validator(schema_document(name), registry), seeds=tuple(seeds))


def agree(schema: Schema, explaining: Any, value: Any) -> bool:
    """Whether both engines accept; that they say the same, and that what is refused is explained, is asserted."""
    accepted = schema.accepts(value)
    assert explaining.is_valid(value) == accepted
    found = schema.breaches(value)
    assert (found == []) == accepted
    assert all(breach.keyword != "schema" for breach in found)
    return accepted


def shares_of_shipped(schemas: int) -> Counter[bool]:
    """How many values both engines accepted and refused, over as many draws of a shipped schema."""
    shares: Counter[bool] = Counter()

    @settings(deadline=None, max_examples=schemas, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def differ(data: st.DataObject) -> None:
        pair = pairs()[data.draw(st.integers(0, len(pairs()) - 1))]
        for value in data.draw(st.lists(mutated(pair.seeds), min_size=AT_ONCE, max_size=AT_ONCE)):
            shares[agree(pair.schema, pair.explaining, value)] += 1

    differ()
    return shares


def shares_of_made_up(schemas: int) -> Counter[bool]:
    """The same over made-up schemas, which use every keyword that may be used."""
    shares: Counter[bool] = Counter()

    @settings(deadline=None, max_examples=schemas, suppress_health_check=list(HealthCheck))
    @given(document=DOCUMENTS, values=st.lists(VALUES, min_size=AT_ONCE, max_size=AT_ONCE))
    def differ(document: dict[str, Any], values: list[Any]) -> None:
        try:
            schema = load_schema(document, name="made up")
        except SchemaError:
            assume(False)
        explaining = explaining_validator(document, registry_of({}))
        for value in values:
            shares[agree(schema, explaining, value)] += 1

    differ()
    return shares


@pytest.mark.parametrize("shares", [shares_of_shipped, shares_of_made_up])
def test_the_engines_agree(shares: Any) -> None:
    """Some hundred values, right ones and wrong ones among them, have one verdict each."""
    found = shares(60)
    assert found[True], found
    assert found[False], found


@pytest.mark.long
@pytest.mark.parametrize("shares", [shares_of_shipped, shares_of_made_up])
def test_the_engines_agree_however_long_one_looks(shares: Any) -> None:
    """Of more than ten thousand values, a fifth and more right and a fifth and more wrong, each has one verdict."""
    found = shares(LONG // AT_ONCE)
    assert found.total() >= LONG
    assert min(found[True], found[False]) >= 0.2 * found.total(), found
