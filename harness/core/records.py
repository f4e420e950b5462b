"""The delivery record: one JSON object for each delivery, as the ledger exports it and `check` reads it."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
from typing import Any

from harness.core.delivery import Arrival, Delivery, Fault, RawHeaders, Reply, Respond, Violation
from harness.core.instants import format_duration, isoformat

SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie", "x-segment-settings")
"""Headers whose values are secrets."""
MASK = "***"
_SECRET = re.compile(r"(?:^|[-_])(?:api-?key|key|token|secret|password|credentials?)$")
"""How the names of others end that hold secrets; a signature is none, and stays to be verified."""


def delivery_record(delivery: Delivery, secret: Collection[str] = ()) -> dict[str, Any]:
    """`delivery` as JSON; secrets in its headers are masked, also those in headers whose names are in `secret`."""
    arrival = delivery.arrival
    record: dict[str, Any] = {
        "number": delivery.number,
        "run": delivery.run,
        "destination": delivery.destination,
        "kind": delivery.kind,
        "attempt": delivery.attempt,
        "received_at": isoformat(arrival.received_at),
        "arrived_at": isoformat(arrival.arrived_at),
        "request": _request_record(arrival, secret),
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


def _request_record(arrival: Arrival, secret: Collection[str]) -> dict[str, Any]:
    request = {"method": arrival.method, "path": arrival.path, "headers": header_record(arrival.headers, secret)}
    try:
        return {**request, "body": arrival.body.decode("utf-8")}
    except UnicodeDecodeError:
        return {**request, "body_base64": base64.b64encode(arrival.body).decode("ascii")}


def header_record(headers: RawHeaders, secret: Collection[str] = ()) -> dict[str, str]:
    """The headers by lower-case name, several of one name joined by a comma, secrets masked."""
    hidden = {name.lower() for name in secret}
    record: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name = raw_name.decode("latin-1").lower()
        value = MASK if name in hidden or is_secret(name) else raw_value.decode("utf-8", "backslashreplace")
        record[name] = f"{record[name]}, {value}" if name in record else value
    return record


def is_secret(name: str) -> bool:
    """Whether the header of that lower-case name holds a secret, as far as its name tells."""
    return name in SECRET_HEADERS or _SECRET.search(name) is not None


def _reply_record(reply: Reply) -> dict[str, Any]:
    """The reply; how long it took, and why it was given, where there is something to say of it."""
    match reply:
        case Respond(status=status, items=None):
            record: dict[str, Any] = {"status": status}
        case Respond(status=status, items=items):
            record = {"status": status, "items": list(items or ())}
        case Fault(name=name):
            record = {"fault": name}
    if isinstance(reply, Respond) and reply.headers:
        record["headers"] = {name.lower(): value for name, value in reply.headers}
    if reply.latency:
        record["latency"] = format_duration(reply.latency)
    if isinstance(reply, Respond) and reply.dribble:
        record["dribble"] = format_duration(reply.dribble)
    if reply.because:
        record["because"] = reply.because
    return record
