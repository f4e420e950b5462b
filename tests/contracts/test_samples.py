"""The family `engage-journeys` before the payloads that its sources print, and before others that nearly are such."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.adapters.contract_files import load_contract
from tests.core.rules.reading import violations_of

CASES = Path(__file__).parents[1] / "cases" / "contracts" / "engage-journeys"


def samples(version: str) -> list[Any]:
    """The payloads that the source of a version prints, each named by its heading there."""
    written = json.loads((CASES / f"samples-{version}.json").read_text("utf-8"))
    return [pytest.param(sample["payload"], id=f"{version}, {sample['heading']}") for sample in written["samples"]]


def breaches(payload: Mapping[str, Any], version: str) -> list[tuple[str, str]]:
    """Rule and path of all that the version's schema finds wrong with `payload`."""
    schema = load_contract(f"engage-journeys@{version}").schemas[payload["type"]]
    found = [(breach.rule, breach.path) for breach in schema.breaches(payload)]
    assert schema.accepts(payload) == (not found)
    return found


@pytest.mark.parametrize("version", ["2023", "2024"])
def test_each_version_has_the_samples_of_its_source(version: str) -> None:
    """The samples name their document, which is a source of the version, and are of both call types."""
    written = json.loads((CASES / f"samples-{version}.json").read_text("utf-8"))
    assert written["contract"] == f"engage-journeys@{version}"
    assert written["document"] in load_contract(written["contract"]).sources
    assert {sample["payload"]["type"] for sample in written["samples"]} == {"track", "identify"}


@pytest.mark.parametrize("payload", samples("2023"))
def test_a_sample_of_2023_conforms_to_the_schemas_of_its_version(payload: dict[str, Any]) -> None:
    """The schemas of @2023 take what their source prints, as it stands there."""
    assert breaches(payload, "2023") == []


@pytest.mark.parametrize("payload", samples("2024"))
def test_a_sample_of_2024_conforms_to_the_schemas_of_its_version(payload: dict[str, Any]) -> None:
    """The schemas of @2024 take what their source prints, with the placeholders filled."""
    assert breaches(payload, "2024") == []


@pytest.mark.parametrize("payload", samples("2024"))
def test_a_sample_of_2024_conforms_to_the_older_schemas_too(payload: dict[str, Any]) -> None:
    """What the later source prints is no breach of the earlier version."""
    assert breaches(payload, "2023") == []


@pytest.mark.parametrize("payload", samples("2023"))
def test_a_sample_of_2023_lacks_the_context_that_2024_demands(payload: dict[str, Any]) -> None:
    """Under @2024, the samples of 2023 lack their context, and nothing else."""
    assert breaches(payload, "2024") == [("personas-context", "$.context")]


@pytest.mark.parametrize(
    ("version", "payload"),
    [
        *(pytest.param("2023", *each.values, id=each.id) for each in samples("2023")),
        *(pytest.param("2024", *each.values, id=each.id) for each in samples("2024")),
    ],
)
def test_of_a_delivered_sample_only_the_user_is_missing(version: str, payload: dict[str, Any]) -> None:
    """The samples are abbreviated: delivered as they are printed, they lack nothing but who they are about."""
    delivery = {"destination": "crm", "kind": "event", "payload": payload}
    found = violations_of({"contract": f"engage-journeys@{version}", "deliveries": [delivery]})
    assert [(violation.rule, violation.path) for violation in found] == [("identity", "$")]
