"""Delivery records read back: the reverse of `records`, for those that a server of ours wrote."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from harness.core.delivery import Arrival, Delivery, Fault, Reply, Respond, Violation
from harness.core.instants import Duration, parse_duration, parse_instant


def delivery_of(record: Mapping[str, Any]) -> Delivery:
    """The delivery that `record` tells of; secrets in its headers stay masked. KeyError where it is no record."""
    request = record["request"]
    return Delivery(
        number=record["number"],
        run=record["run"],
        destination=record["destination"],
        kind=record["kind"],
        arrival=Arrival(
            destination=record["destination"],
            method=request["method"],
            path=request["path"],
            headers=tuple((name.encode(), value.encode()) for name, value in request["headers"].items()),
            body=_body(request),
            received_at=parse_instant(record["received_at"]),
            arrived_at=parse_instant(record["arrived_at"]),
        ),
        payloads=tuple(record["payloads"]),
        violations=tuple(map(violation_of, record["violations"])),
        reply=reply_of(record["reply"]),
        attempt=record["attempt"],
        unexpected=record.get("unexpected", False),
    )


def violation_of(record: Mapping[str, Any]) -> Violation:
    """The violation that `record` tells of."""
    return Violation(**{**record, "deliveries": tuple(record["deliveries"])})


def _body(request: Mapping[str, Any]) -> bytes:
    if "body_base64" in request:
        return base64.b64decode(request["body_base64"])
    return str(request["body"]).encode()


def reply_of(record: Mapping[str, Any]) -> Reply:
    """The reply that `record` tells of, without its body."""
    latency, because = _duration(record, "latency"), record.get("because", "")
    if "fault" in record:
        return Fault(name=record["fault"], latency=latency, because=because)
    items = record.get("items")
    return Respond(
        status=record["status"],
        items=None if items is None else tuple(items),
        headers=tuple(record.get("headers", {}).items()),
        latency=latency,
        dribble=_duration(record, "dribble"),
        because=because,
    )


def _duration(record: Mapping[str, Any], name: str) -> Duration:
    return parse_duration(record[name]) if name in record else 0
