"""The marker `harness`: by what a test that uses `destinations` is judged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pytest
from msgspec import Struct

from harness.adapters.contract_files import DEFAULT_CONTRACT, UnknownContract, load_contract
from harness.core.contract import Contract
from harness.core.documents import DocumentError, DocumentErrors
from harness.core.journeys import Journey
from harness.core.rules.catalogue import RULES
from harness.core.spelling import near_miss
from harness.pytest_plugin.mappings import journeys_in
from harness.pytest_plugin.options import OPTIONS

NAME = "harness"
_ARGUMENTS = ("contract", "journeys", "expect_violations", "unexpected")


class Demands(Struct, frozen=True, kw_only=True):
    """What a test demands of its run."""

    contract: Contract
    journeys: Mapping[str, Journey]
    expect_violations: frozenset[str] | None = None
    """The rules that must be broken, exactly these; None: none may be."""
    unexpected_allowed: bool = False


class BadMarker(Exception):
    """A marker cannot be used; the message says what is wrong with it, and what to write."""


class BadOption(Exception):
    """An option that a marker falls back on cannot be used; the message names it, and says what is wrong with it."""


def demands_of(node: pytest.Item) -> Demands:
    """What the markers of `node` demand, the closest going first; BadMarker or BadOption where one is wrong."""
    written = _written(node)
    return Demands(
        contract=_contract(node, written.get("contract")),
        journeys=_journeys(written.get("journeys")),
        expect_violations=expected_rules(written.get("expect_violations")),
        unexpected_allowed=_unexpected_allowed(written.get("unexpected")),
    )


def _written(node: pytest.Item) -> dict[str, Any]:
    """The arguments of all markers of the node."""
    found: dict[str, Any] = {}
    for mark in node.iter_markers(NAME):
        if mark.args:
            raise BadMarker(f"its arguments have names: {', '.join(f'{name}=…' for name in _ARGUMENTS)}")
        for name, value in mark.kwargs.items():
            if name not in _ARGUMENTS:
                raise BadMarker(f"unknown argument {name!r}{near_miss(name, _ARGUMENTS)}")
            found.setdefault(name, value)
    return found


def _contract(node: pytest.Item, name: object) -> Contract:
    if name is not None and not isinstance(name, str):
        raise BadMarker(f"contract: write a family, name@version, or the path of a contract.yaml, not {name!r}")
    option = node.config.stash[OPTIONS].contract
    try:
        if name is not None:
            return load_contract(name, node.path.parent)
        return load_contract(option or DEFAULT_CONTRACT, node.config.rootpath)
    except (UnknownContract, DocumentError, DocumentErrors) as error:
        if name is None:
            raise BadOption(f"harness_contract: {error}") from None
        raise BadMarker(f"contract: {error}") from None


def _journeys(written: object) -> Mapping[str, Journey]:
    try:
        return journeys_in({} if written is None else written)
    except ValueError as error:
        raise BadMarker(str(error)) from None


def expected_rules(written: object) -> frozenset[str] | None:
    """The rules that `written` lists; BadMarker where one is unknown."""
    if written is None:
        return None
    if isinstance(written, str) or not isinstance(written, Collection):
        raise BadMarker(f"expect_violations: write a list of rules, such as ['entry-only'], not {written!r}")
    for rule in written:
        if rule not in RULES:
            raise BadMarker(f"expect_violations: unknown rule {rule!r}{near_miss(str(rule), list(RULES))}")
    return frozenset(written)


def _unexpected_allowed(written: object) -> bool:
    if written not in (None, "allowed"):
        raise BadMarker(f"unexpected: write 'allowed', or leave it out, not {written!r}")
    return written == "allowed"
