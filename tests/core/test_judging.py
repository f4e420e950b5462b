"""A whole ledger judged: counts, what single deliveries break, and what only their history shows."""

from __future__ import annotations

import json

from msgspec.structs import replace

from harness.core.checking import Checker
from harness.core.declarations import Declarations
from harness.core.delivery import Delivery
from harness.core.judging import calls_of, judge
from harness.core.reception import stray
from harness.core.rules.examples import KEY, track
from tests.core.receiving import ADS, CRM, arrival, checker, received

DESTINATIONS = {"crm": CRM, "ads": ADS}


def delivered(number: int, *payloads: object) -> Delivery:
    """A delivery of these payloads to an event destination."""
    return received(json.dumps(payloads).encode(), CRM, number=number)


def test_an_empty_ledger_shows_nothing() -> None:
    """Where nothing was delivered, nothing is counted and nothing is broken."""
    judgement = judge([], {}, checker())
    assert (judgement.violations, judgement.deliveries, judgement.payloads) == ((), 0, 0)


def test_a_judgement_counts_what_it_saw() -> None:
    """Deliveries, payloads, those accepted and those for nobody are counted."""
    nobody = stray(arrival(b"{}", "nobody"), [], "", run="default", number=4)
    ledger = [
        delivered(1, track()),
        delivered(2, track(messageId="b", userId="u2"), {"type": "page"}),
        received(b"{", CRM, number=3),
        nobody,
    ]
    judgement = judge(ledger, DESTINATIONS, checker())
    assert (judgement.deliveries, judgement.payloads, judgement.accepted, judgement.unexpected) == (4, 3, 1, 1)


def test_violations_come_in_the_order_of_the_deliveries_that_prove_them() -> None:
    """What single payloads break and what histories show stand together, by delivery, payload and precedence."""
    ledger = [
        delivered(1, track()),
        delivered(2, track(messageId="b"), track(messageId="c", userId="")),
        delivered(3, track(event="x", messageId="d", userId="u3", integrations={})),
    ]
    found = judge(ledger, DESTINATIONS, checker()).violations
    assert [(v.rule, v.deliveries, v.payload) for v in found] == [
        ("once-per-entry", (1, 2), 0),
        ("identity", (2,), 1),
        ("entry-only", (3,), 0),
        ("integrations-routing", (3,), 0),
    ]


def test_warnings_are_no_errors() -> None:
    """What is only suspicious is told of, and is not among the errors."""
    other = json.loads(json.dumps(track(messageId="b", userId="u2")).replace("MxlS", "MxlT").replace("hMxls", "hMxlt"))
    judgement = judge([delivered(1, track()), delivered(2, other)], DESTINATIONS, checker())
    assert [(violation.rule, violation.severity) for violation in judgement.violations] == [("key-unique", "warning")]
    assert judgement.errors == ()


def test_what_a_history_shows_has_the_severity_of_the_contract() -> None:
    """A contract that calls a history rule a warning has it so."""
    contract = checker().contract
    mild = replace(contract, severities={**contract.severities, "once-per-entry": "warning"})
    ledger = [delivered(1, track()), delivered(2, track(messageId="b"))]
    found = judge(ledger, DESTINATIONS, Checker(mild, Declarations())).violations
    assert [(violation.rule, violation.severity) for violation in found] == [("once-per-entry", "warning")]


def test_the_calls_of_list_entries_are_read_again() -> None:
    """What list entries came in as is known where it was calls, and None for documents and event destinations."""
    calls = [track(), {"type": "delete", "userId": "u2"}]
    assert calls_of(received(json.dumps(calls).encode(), ADS)) == tuple(calls)
    assert calls_of(received(json.dumps({"list": KEY, "add": [{"userId": "u1"}]}).encode(), ADS)) is None
    assert calls_of(delivered(1, track())) is None
