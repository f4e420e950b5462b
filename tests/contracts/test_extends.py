"""Contracts that extend others, read from their files."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.adapters.contract_files import load_contract
from harness.core.documents import DocumentError

EXTENDING = """\
name: {name}
title: A contract
default_version: "1"
versions:
  "1":
    sources: [ours]
    extends: {base}
"""


def written(folder: Path, name: str, base: str) -> str:
    """The path of a contract that extends `base`."""
    path = folder / f"{name}.yaml"
    path.write_text(EXTENDING.format(name=name, base=base), encoding="utf-8")
    return str(path)


def test_a_contract_may_extend_a_shipped_one(tmp_path: Path) -> None:
    """It has the rules and schemas of the family, under a name of its own."""
    contract = load_contract(written(tmp_path, "ours", "engage-journeys@2023"))
    base = load_contract("engage-journeys@2023")
    assert contract.id == "ours@1"
    assert (contract.severities, contract.parameters) == (base.severities, base.parameters)
    assert {*contract.schemas} == {"track", "identify", "list"}


def test_a_base_is_found_beside_the_contract_that_names_it(tmp_path: Path) -> None:
    """A path is taken from the contract's own folder, through several contracts."""
    written(tmp_path, "first", "engage-journeys-wire")
    contract = load_contract(written(tmp_path, "second", "./first.yaml"))
    assert contract.parameters["entered"] is True


@pytest.mark.parametrize("base", ["./second.yaml", "./first.yaml"])
def test_a_contract_that_extends_itself_is_refused(tmp_path: Path, base: str) -> None:
    """A circle is told with its place, however long it is."""
    written(tmp_path, "second", "./first.yaml")
    with pytest.raises(DocumentError, match=r"first\.yaml:7.*first@1 extends itself"):
        load_contract(written(tmp_path, "first", base))


def test_an_unknown_base_is_refused_at_its_place(tmp_path: Path) -> None:
    """A base that is not there is told with file and line, and with the nearest name."""
    with pytest.raises(DocumentError, match=r"ours\.yaml:7.*engage-journey'.*engage-journeys"):
        load_contract(written(tmp_path, "ours", "engage-journey"))
