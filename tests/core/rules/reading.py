"""Cases about rules: deliveries as records, what is declared, and the violations that all of it shows."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from harness.adapters.contract_files import load_contract
from harness.core.behaviours import Always
from harness.core.calls import CALL_TYPES, is_list_entry
from harness.core.checking import Checker
from harness.core.declarations import Declarations
from harness.core.delivery import Arrival, Delivery, Violation
from harness.core.destinations.destination import Destination
from harness.core.documents import Document, Mark
from harness.core.instants import SECOND, parse_instant
from harness.core.judging import judge
from harness.core.reception import Past, receive
from harness.core.record_reading import reply_of
from harness.core.scenario.demands import signing_of
from harness.core.scenario.setup import parse_journeys, parse_profiles

START = parse_instant("2026-11-21T10:00:00Z")
"""When the first record came in that does not say so; the others follow by the second."""


def checker_of(case: Mapping[str, Any]) -> Checker:
    """The checker for a case's `contract` and declarations, under `parameters`; `complete`: no other journeys send."""
    document = Document(data=case, marks={(): Mark(file="case", line=1, column=1)})
    groups = parse_profiles(document, lambda *_: ()).values()
    journeys = parse_journeys(document, None).values() if case.get("journeys") else ()
    people = [profile for group in groups for profile in group]
    contract = load_contract(case.get("contract", "engage-journeys"))
    contract = replace(contract, parameters={**contract.parameters, **case.get("parameters", {})})
    return Checker(contract, Declarations(journeys, people, complete=case.get("complete", False)))


def destinations_of(case: Mapping[str, Any]) -> dict[str, Destination]:
    """The destinations that a case declares or mentions; those that it only mentions take every call."""
    mentioned = {record["destination"]: {"kind": record["kind"]} for record in case["deliveries"]}
    written = {
        name: {"calls": CALL_TYPES, **mentioned[name], **case.get("destinations", {}).get(name, {})}
        for name in mentioned
    }
    return {name: _destination(name, said) for name, said in written.items()}


def _destination(name: str, said: Mapping[str, Any]) -> Destination:
    signing = signing_of(said.get("signature"))
    return Destination(name=name, **{**said, "calls": tuple(said["calls"]), "signature": signing})


def deliveries_of(case: Mapping[str, Any], checker: Checker) -> Iterator[Delivery]:
    """The deliveries that the case's records tell of, each received anew."""
    destinations, pasts = destinations_of(case), {name: Past() for name in destinations_of(case)}
    for number, record in enumerate(case["deliveries"], 1):
        name = record["destination"]
        answering = replace(destinations[name], behaviour=Always(reply=reply_of(record.get("reply", {"status": 200}))))
        yield receive(_arrival(record, number), answering, pasts[name], checker, run="default", number=number)


def violations_of(case: Mapping[str, Any]) -> Sequence[Violation]:
    """All that the case's traffic shows, in the order of the deliveries that prove it."""
    checker = checker_of(case)
    return judge(deliveries_of(case, checker), destinations_of(case), checker).violations


def _arrival(record: Mapping[str, Any], number: int) -> Arrival:
    received = record.get("received_at")
    at = START + (number - 1) * SECOND if received is None else parse_instant(received)
    path = f"/destinations/{record['destination']}"
    return Arrival(
        destination=record["destination"],
        method="POST",
        path=path,
        headers=[
            (name.encode(), value.encode()) for name, value in record.get("request", {}).get("headers", {}).items()
        ],
        body=_body(record),
        received_at=at,
        arrived_at=at,
    )


def _body(record: Mapping[str, Any]) -> bytes:
    request = record.get("request", {})
    if "body" in request:
        return str(request["body"]).encode()
    if "body_base64" in request:
        return base64.b64decode(request["body_base64"])
    document = record["payloads"] if "payloads" in record else record["payload"]
    if record["kind"] == "list" and isinstance(document, dict) and is_list_entry(document):
        document = {"list": document["list"], document["action"]: [document["user"]]}
    return json.dumps(document).encode()
