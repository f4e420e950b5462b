"""Captures for the benchmark of `harness check`: users who enter the steps of some journeys, told in three forms.

python -m benchmarks.captures FORM LINES > capture.ndjson
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeAlias

import orjson

from harness.core.instants import MINUTE, SECOND, Instant, isoformat

Line: TypeAlias = dict[str, Any]

FORMS = ("records", "exports", "calls")
"""One payload and where it went; what the server exports, bodies included; bare calls and list sync documents."""

_START: Instant = 1_767_603_600 * SECOND
_STEPS = 12
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_BATCH = 20
"""Users in one list sync document."""
_RETRIED = 0.03
_BROKEN = 0.0002
_SPACE = "spa_w5akhv1XwnGj5j2HVT6NWX"


def lines(form: str, count: int) -> Iterator[bytes]:
    """`count` lines of a capture in that form, the same each time; the users grow with the lines."""
    written = _as_the_server if form == "exports" else _as_a_sender
    return islice((written(each) for each in _told(form)), count)


def _as_a_sender(line: Line) -> bytes:
    return json.dumps(line).encode() + b"\n"


def _as_the_server(line: Line) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _told(form: str) -> Iterator[Line]:
    chance = random.Random(1)  # noqa: S311 - the same capture each time is wanted
    for number, (destination, kind, payload, status) in enumerate(_sent(chance), 1):
        at = isoformat(_START + number * SECOND)
        if form == "calls":
            yield payload
        elif form == "records":
            record = {"destination": destination, "kind": kind, "received_at": at, "payload": payload}
            yield {**record, "reply": {"status": status}}
        else:
            yield _exported(number, destination, kind, at, payload, status)


def _sent(chance: random.Random) -> Iterator[tuple[str, str, Line, int]]:
    """Deliveries without end: each user enters each step, and three destinations are told."""
    steps = [_key(chance, step) for step in range(_STEPS)]
    for batch in range(sys.maxsize):
        users = range(batch * _BATCH, (batch + 1) * _BATCH)
        for step, key in enumerate(steps):
            at = _START + (batch * _STEPS + step) * MINUTE
            for user in users:
                yield from _attempts(chance, "crm", _call("track", step, key, user, at, chance))
                yield from _attempts(chance, "mail", _call("identify", step, key, user, at, chance))
            add = [{"userId": f"user-{user:08}", "email": f"user-{user:08}@example.com"} for user in users]
            yield "ads", "list", {"list": key, "add": add}, 200


def _key(chance: random.Random, step: int) -> str:
    return f"j_o_journey_{step // 3}__step_{step}_{''.join(chance.choices(_LETTERS, k=5))}"


def _attempts(chance: random.Random, destination: str, call: Line) -> Iterable[tuple[str, str, Line, int]]:
    """One attempt at a call, or a refused one and a second."""
    if chance.random() < _RETRIED:
        yield destination, "event", call, 503
        call = {**call, "sentAt": call["timestamp"].replace(":00.", ":30.")}
    yield destination, "event", call, 200


def _call(kind: str, step: int, key: str, user: int, at: Instant, chance: random.Random) -> Line:
    said = {key: "false" if chance.random() < _BROKEN else "true", "email": f"user-{user:08}@example.com"}
    written = isoformat(at)
    call = {
        "type": kind,
        "messageId": f"personas_{chance.getrandbits(128):027x}",
        "userId": f"user-{user:08}",
        "anonymousId": f"{chance.getrandbits(128):032x}",
        "timestamp": written,
        "sentAt": written,
        "context": {
            "library": {"name": "unknown", "version": "unknown"},
            "personas": {
                "computation_class": "audience",
                "computation_id": f"aud_23WNzkzsTS3ydnKz5H71SEh{step:04}",
                "computation_key": key,
                "namespace": _SPACE,
                "space_id": _SPACE,
            },
        },
        "integrations": {"All": False, "Crm": True, "Mail": True, "Warehouses": {"all": False}},
    }
    if kind == "track":
        return {**call, "event": "Audience Entered", "properties": {**said, "audience_key": key}}
    return {**call, "traits": said}


def _exported(number: int, destination: str, kind: str, at: str, payload: Line, status: int) -> Line:
    payloads = [payload]
    if kind == "list":
        payloads = [{"list": payload["list"], "action": "add", "user": user} for user in payload["add"]]
    body, path = json.dumps(payload), f"/destinations/{destination}"
    headers = {
        "host": "127.0.0.1:8085",
        "user-agent": "Segment.io/1.0",
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        "content-length": str(len(body)),
        "content-type": "application/json",
    }
    return {
        "number": number,
        "run": "default",
        "destination": destination,
        "kind": kind,
        "attempt": 1,
        "received_at": at,
        "arrived_at": at,
        "request": {"method": "POST", "path": path, "headers": headers, "body": body},
        "payloads": payloads,
        "violations": [],
        "reply": {"status": status},
    }


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in FORMS or not sys.argv[2].isdecimal():
        sys.exit(f"say which of {', '.join(FORMS)}, and how many lines: python -m benchmarks.captures records 100000")
    sys.stdout.buffer.writelines(lines(sys.argv[1], int(sys.argv[2])))
