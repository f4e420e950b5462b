"""What holds of the rules whatever arrives."""

from __future__ import annotations

import json
from ast import literal_eval
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.adapters.contract_files import load_contract
from harness.core.checking import Checker
from harness.core.contract import Contract
from harness.core.declarations import Declarations
from harness.core.delivery import Arrival, Delivery, Violation
from harness.core.destinations.destination import Destination
from harness.core.judging import Histories, judge
from harness.core.reception import Past, receive
from harness.core.rules.catalogue import PRECEDENCE
from harness.core.rules.examples import JOURNEYS, KEY, identify, track
from tests.core.rules.reading import checker_of, deliveries_of, destinations_of
from tests.core.rules.traffic import BODIES, DOCUMENTS, JSON, RECORDS, calls

DESTINATIONS = {
    "event": Destination(name="crm", calls=("track", "identify")),
    "list": Destination(name="ads", kind="list"),
}
KINDS = st.sampled_from(["event", "list"])
DECLARED = {"journeys": {"first_purchase": {**JOURNEYS["first_purchase"], "exit": {"after": "7d"}}}}

RETURNING = {
    "journeys": {"first_purchase": {**DECLARED["journeys"]["first_purchase"], "re_entry": {"after": "1d"}}},
}


@cache
def checker(version: str = "2024") -> Checker:
    """A checker that has no journeys declared."""
    return Checker(load_contract(f"engage-journeys@{version}"), Declarations())


def received(body: bytes, kind: str, judge_of: Checker) -> Delivery:
    """What a destination of that kind makes of `body`."""
    arrival = Arrival(
        destination=DESTINATIONS[kind].name, method="POST", path="/", headers=(), body=body, received_at=0, arrived_at=0
    )
    return receive(arrival, DESTINATIONS[kind], Past(), judge_of, run="default", number=1)


@pytest.mark.parametrize("version", ["2023", "2024"])
@given(document=BODIES, kind=KINDS)
def test_any_json_can_be_received_and_judged(version: str, document: Any, kind: str) -> None:
    """Whatever JSON arrives, at whatever kind of destination, is received and judged without an error."""
    delivery = received(json.dumps(document).encode(), kind, checker(version))
    destinations = {destination.name: destination for destination in DESTINATIONS.values()}
    assert judge([delivery], destinations, checker(version)).deliveries == 1


@given(body=st.binary(max_size=64) | st.text(max_size=64).map(str.encode), kind=KINDS)
def test_any_bytes_can_be_received(body: bytes, kind: str) -> None:
    """Whatever bytes arrive are a delivery: answered 4xx and accused, or unpacked."""
    delivery = received(body, kind, checker())
    refused = getattr(delivery.reply, "status", 0) == 400
    of_the_body = {violation.rule for violation in delivery.violations if violation.payload is None}
    assert refused == bool(of_the_body & {"malformed-body", "destination-kind"})


@pytest.mark.parametrize("levels", [253, 254, 255, 5000])
def test_deep_nesting_is_received(levels: int) -> None:
    """Nesting up to the limit is judged, and beyond it refused, but never an error."""
    inner = "[" * (levels - 2) + "]" * (levels - 2)
    delivery = received(f'{{"type": "track", "properties": {inner}}}'.encode(), "event", checker())
    assert [violation.rule for violation in delivery.violations][:1] != []


@given(document=BODIES, kind=KINDS)
def test_one_breach_is_one_violation(document: Any, kind: str) -> None:
    """No two violations of a delivery name the same payload and place."""
    found = received(json.dumps(document).encode(), kind, checker()).violations
    assert max(Counter((v.payload, v.path) for v in found).values(), default=1) == 1


@given(call=calls())
def test_severities_are_those_of_the_contract(call: dict[str, Any]) -> None:
    """A rule that the contract turns off is silent, and another has the severity that the contract gives it."""
    body = json.dumps(call).encode()
    strict = received(body, "event", checker()).violations
    mild = received(body, "event", Checker(_mild(), Declarations())).violations
    assert all(violation.severity == "error" for violation in strict)
    assert all(violation.severity == "warning" for violation in mild)
    assert not {"identity", "entry-only"} & {violation.rule for violation in mild}
    assert {v.path for v in strict if v.rule not in ("identity", "entry-only")} <= {v.path for v in mild}


@cache
def _mild() -> Contract:
    contract = load_contract("engage-journeys")
    on = [rule for rule in contract.severities if rule not in ("identity", "entry-only")]
    return replace(contract, severities=dict.fromkeys(on, "warning"))


@cache
def used_checker(declared: str) -> Checker:
    """A checker that has found many payloads right."""
    used = checker_of({**literal_eval(declared), "deliveries": []})
    for _ in range(100):
        received(json.dumps([track(), identify()]).encode(), "event", used)
        received(json.dumps({"list": KEY, "add": [{"userId": "u1"}]}).encode(), "list", used)
    return used


@pytest.mark.parametrize("declared", [{}, DECLARED], ids=["undeclared", "exit declared"])
@settings(deadline=None)  # The first example makes the checker.
@given(bodies=st.lists(calls() | DOCUMENTS, max_size=4), kind=KINDS)
def test_what_came_before_changes_nothing_about_one_payload(
    declared: Mapping[str, Any], bodies: list[Any], kind: str
) -> None:
    """A checker that takes a short way with payloads like those it saw finds what a new one finds."""
    used = used_checker(repr(declared))
    for body in (json.dumps(each).encode() for each in bodies):
        fresh = checker_of({**declared, "deliveries": []})
        assert received(body, kind, used).violations == received(body, kind, fresh).violations


def sorted_violations(found: Iterable[Violation]) -> list[str]:
    """The violations in an order that does not depend on how they were found."""
    return sorted(map(repr, found))


@pytest.mark.parametrize(
    "declared",
    [
        {},
        DECLARED,
        {**DECLARED, "complete": True},
        RETURNING,
        {"contract": "personas-journeys"},
        {"contract": "segment-spec"},
    ],
    ids=["undeclared", "exit declared", "all declared", "re-entry declared", "coming and going", "any calls"],
)
@given(records=st.lists(RECORDS, max_size=8), data=st.data())
def test_histories_are_the_same_whatever_the_order(
    declared: Mapping[str, Any], records: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Deliveries split among several folds, in any order, and merged in any order, show the same violations."""
    case = {**declared, "deliveries": records}
    judge_of, destinations = checker_of(case), destinations_of(case)
    deliveries = list(deliveries_of(case, judge_of))
    whole = Histories(judge_of)
    parts = [Histories(judge_of) for _ in range(3)]
    for delivery in deliveries:
        whole.see(delivery, destinations[delivery.destination])
    for delivery in data.draw(st.permutations(deliveries)):
        parts[data.draw(st.integers(0, 2))].see(delivery, destinations[delivery.destination])
    first, *others = data.draw(st.permutations(parts))
    for other in others:
        first.merge(other.folds)
    assert sorted_violations(first.violations()) == sorted_violations(whole.violations())


@given(payload=JSON.filter(lambda value: isinstance(value, dict)), kind=KINDS)
def test_a_checker_finds_known_rules_only(payload: dict[str, Any], kind: str) -> None:
    """Whatever object is checked, its violations name rules of the catalogue, its index and places in it."""
    for violation in checker().violations(payload, None, DESTINATIONS[kind], 3):
        assert violation.rule in PRECEDENCE
        assert violation.payload == 3
        assert violation.path.startswith("$")
