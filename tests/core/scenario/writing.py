"""Scenarios written in a test: read as files are, without a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from harness.adapters.contract_files import load_contract
from harness.adapters.crowds import make_crowd
from harness.adapters.json_files import own_schema
from harness.adapters.yaml_files import parse_document
from harness.core.declarations import Declarations
from harness.core.delivery import Arrival, Delivery, Respond
from harness.core.scenario.evidence import Evidence
from harness.core.scenario.expecting import unmet_expectations
from harness.core.scenario.model import Scenario
from harness.core.scenario.parsing import Surroundings, parse_rows, parse_scenario
from harness.core.verdict import Unmet
from harness.engage.faults import FAULTS

KEY = "j_o_win_back__opened_email_abcde"
OTHER_KEY = "j_o_win_back__bought_fghij"

_HEAD = """
version: 1
scenario: A sample
profiles:
  alex: {userId: u1, email: alex@example.com}
  sam: {userId: u2, email: [sam@example.com, sam@work.example.com]}
destinations:
  crm: {kind: event, calls: [track, identify]}
  ads: {kind: list}
journeys:
  winback:
    name: Win-back
    steps:
      - send_to_destinations: {name: Opened email, to: [crm, ads]}
      - send_to_destinations: {name: Bought, to: [crm, ads]}
"""


def read(text: str, *, environment: Mapping[str, str] | None = None) -> list[Scenario]:
    """The scenarios in `text`, a row each."""
    document = parse_document(text, "sample.scenario.yaml")
    around = Surroundings(
        schema=own_schema("scenario"), environment=environment or {}, make_crowd=make_crowd, faults=FAULTS
    )
    contract = load_contract("engage-journeys", Path())
    return [parse_scenario(document, row, contract, around) for row in parse_rows(document)]


def sample(more: str = "do: []", **environment: str) -> Scenario:
    """The one scenario of the common head and `more`."""
    (scenario,) = read(f"{_HEAD}{more}\n", environment=environment)
    return scenario


def delivery(number: int, destination: str, *payloads: dict[str, Any], status: int = 200) -> Delivery:
    """One delivery of `payloads`, answered with `status`."""
    arrival = Arrival(
        destination=destination,
        method="POST",
        path=f"/destinations/{destination}",
        headers=(),
        body=orjson.dumps(payloads),
        received_at=number,
        arrived_at=number,
    )
    return Delivery(
        number=number,
        run="test",
        destination=destination,
        kind="list" if destination == "ads" else "event",
        attempt=1,
        arrival=arrival,
        payloads=payloads,
        violations=(),
        reply=Respond(status=status),
    )


def track(user: str, message: str, key: str = KEY, **more: Any) -> dict[str, Any]:
    """An entry as a track call."""
    call = {"type": "track", "event": "Audience Entered", "userId": user, "messageId": message}
    return {**call, "properties": {key: "true"}, **more}


def entry(action: str, user: Mapping[str, str], key: str = KEY) -> dict[str, Any]:
    """One list entry."""
    return {"list": key, "action": action, "user": user}


def evidence(*deliveries: Delivery) -> Evidence:
    """What the sample's expectations see of `deliveries`."""
    declared: Declarations = sample().declarations()
    return Evidence(deliveries, declared)


def unmet(expectations: str, *deliveries: Delivery) -> list[Unmet]:
    """What of `expectations` (YAML, a flow list) the deliveries do not meet."""
    return unmet_expectations(sample(f"do: []\nexpect: {expectations}").expectations, evidence(*deliveries))
