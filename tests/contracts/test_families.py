"""Every family before the payloads that its sources print, and before others that nearly are such."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.adapters.contract_files import load_contract, shipped_contracts
from harness.core.contract import Contract
from harness.resources import resource
from tests.core.rules.reading import violations_of

CASES = Path(__file__).parents[1] / "cases" / "contracts"


def sampled() -> dict[str, Mapping[str, Any]]:
    """What was sampled of each contract, by its id."""
    written = [json.loads(file.read_text("utf-8")) for file in sorted(CASES.glob("*/samples-*.json"))]
    return {each["contract"]: each for each in written}


def samples() -> Iterator[Any]:
    """Every contract with every payload that its sources print."""
    for contract, written in sampled().items():
        for sample in written["samples"]:
            yield pytest.param(contract, sample["payload"], id=f"{contract}, {sample['heading']}")


def cases() -> Iterator[Any]:
    """The cases of every family, each named with it."""
    for file in sorted(CASES.glob("*/*.json")):
        for case in json.loads(file.read_text("utf-8")) if not file.stem.startswith("samples-") else ():
            yield pytest.param(case, id=f"{file.parent.name}, {file.stem}: {case['description']}")


@pytest.mark.parametrize("contract", [contract.id for contract in shipped_contracts()])
def test_every_contract_has_samples_of_a_source_of_its_own(contract: str) -> None:
    """The samples of a contract are there, and name a document that is among its sources."""
    written = sampled()[contract]
    assert written["samples"]
    assert written["document"] in load_contract(contract).sources


@pytest.mark.parametrize("contract", shipped_contracts(), ids=lambda contract: contract.id)
def test_a_shipped_contract_stands_every_check_of_a_users_own(contract: Contract, tmp_path: Path) -> None:
    """Read from a user's folder, where all is checked that is taken on trust of what is shipped, it is the same."""
    copy = shutil.copytree(resource(f"schemas/{contract.family}"), tmp_path / contract.family) / "contract.yaml"
    copy.write_text(copy.read_text("utf-8").replace(f"name: {contract.family}\n", "name: ours\n"), "utf-8")
    checked = load_contract(f"./{contract.family}@{contract.version}", tmp_path)
    assert checked is not contract
    assert {kind: each.document for kind, each in checked.schemas.items()} == {
        kind: each.document for kind, each in contract.schemas.items()
    }


@pytest.mark.parametrize(("name", "payload"), list(samples()))
def test_a_sample_conforms_to_the_schemas_of_its_contract(name: str, payload: dict[str, Any]) -> None:
    """A contract's schemas take what its sources print."""
    contract = load_contract(name)
    schema = contract.schema_for(payload["type"], exits=contract.parameters["exits"] == "always")
    assert schema is not None
    assert schema.breaches(payload) == []


@pytest.mark.parametrize(("name", "payload"), list(samples()))
def test_a_delivered_sample_lacks_at_most_its_user(name: str, payload: dict[str, Any]) -> None:
    """Delivered as it is printed, a sample breaks nothing, but that abbreviated ones do not say who they are about."""
    delivery = {"destination": "crm", "kind": "event", "payload": payload}
    found = violations_of({"contract": name, "deliveries": [delivery]})
    said = payload.get("userId") or payload.get("anonymousId")
    assert [(v.rule, v.path) for v in found] == ([] if said else [("identity", "$")])


@pytest.mark.parametrize("case", list(cases()))
def test_a_case_shows_exactly_its_violations(case: Mapping[str, Any]) -> None:
    """The traffic of a case breaks what the case lists, at that place, and nothing else."""
    found = violations_of(case)
    assert [{"rule": v.rule, "path": v.path, "payload": v.payload} for v in found] == case["violations"]


@pytest.mark.parametrize("family", sorted({contract.family for contract in shipped_contracts()}))
def test_every_family_has_cases_that_keep_it_and_that_break_it(family: str) -> None:
    """Beside the samples, a family's cases are some of them right and some of them wrong."""
    files = [file for file in (CASES / family).glob("*.json") if not file.stem.startswith("samples-")]
    written = [case for file in files for case in json.loads(file.read_text("utf-8"))]
    assert {bool(case["violations"]) for case in written} == {True, False}
