"""The delivery record: one JSON object for each delivery, as the ledger exports it and `check` reads it."""

from __future__ import annotations

import base64
from typing import Any

from harness.core.delivery import Arrival, Delivery, Fault, RawHeaders, Reply, Respond, Violation
from harness.core.instants import isoformat

SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie", "x-api-key")
MASK = "***"


def delivery_record(delivery: Delivery) -> dict[str, Any]:
    """`delivery` as JSON; secrets in its headers are masked."""
    arrival = delivery.arrival
    record: dict[str, Any] = {
        "number": delivery.number,
        "run": delivery.run,
        "destination": delivery.destination,
        "kind": delivery.kind,
        "attempt": delivery.attempt,
        "received_at": isoformat(arrival.received_at),
        "arrived_at": isoformat(arrival.arrived_at),
        "request": _request_record(arrival),
        "payloads": list(delivery.payloads),
        "violations": [violation_record(violation) for violation in delivery.violations],
        "reply": _reply_record(delivery.reply),
    }
    if delivery.unexpected:
        record["unexpected"] = True
    return record


def violation_record(violation: Violation) -> dict[str, Any]:
    """`violation` as JSON."""
    return {
        "rule": violation.rule,
        "severity": violation.severity,
        "payload": violation.payload,
        "path": violation.path,
        "message": violation.message,
        "expected": violation.expected,
        "actual": violation.actual,
        "deliveries": list(violation.deliveries),
    }


def _request_record(arrival: Arrival) -> dict[str, Any]:
    request = {"method": arrival.method, "path": arrival.path, "headers": header_record(arrival.headers)}
    try:
        return {**request, "body": arrival.body.decode("utf-8")}
    except UnicodeDecodeError:
        return {**request, "body_base64": base64.b64encode(arrival.body).decode("ascii")}


def header_record(headers: RawHeaders) -> dict[str, str]:
    """The headers by lower-case name, several of one name joined by a comma, secrets masked."""
    record: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name = raw_name.decode("latin-1").lower()
        value = MASK if name in SECRET_HEADERS else raw_value.decode("utf-8", "backslashreplace")
        record[name] = f"{record[name]}, {value}" if name in record else value
    return record


def _reply_record(reply: Reply) -> dict[str, Any]:
    match reply:
        case Respond(status=status, items=None):
            return {"status": status}
        case Respond(status=status, items=items):
            return {"status": status, "items": list(items or ())}
        case Fault(name=name):
            return {"fault": name}
