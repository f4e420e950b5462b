"""Reads the records of a capture, in every form that they come in."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import msgspec
import orjson
from msgspec.structs import replace

from harness.core.behaviours.faults import REPLIES
from harness.core.captures.captured import Captured, Defaults, NotARecord
from harness.core.captures.exported import read_export
from harness.core.captures.har import entry_record, har_entries, is_har_entry
from harness.core.captures.payloads import LIST_FORMS, unpack_body, unpack_payloads
from harness.core.delivery import OK, Reply, Respond
from harness.core.destinations.bodies import Unpacked, described, is_deep, load_any_depth, may_be_deep, too_deep
from harness.core.destinations.destination import SOURCE
from harness.core.destinations.kinds import KINDS
from harness.core.destinations.sources import typed
from harness.core.instants import Duration, Instant, parse_duration, parse_instant
from harness.core.spelling import near_miss

_RECORD_MEMBERS = frozenset({"destination", "request", "payload", "payloads"})
"""What tells a record from a bare call, list sync document or life-cycle request."""
_SENT = frozenset({"destination", "request"})
"""What a record has of which the body tells all."""
_TRACKING_API = "/v1/"
"""What the paths begin with to which client libraries send."""
_LISTING = frozenset({"deliveries", "log"})
"""Of which a page of deliveries, or a HAR, has one."""
_BARE_MEMBERS = frozenset({"type", "batch", *LIST_FORMS})
"""Of which a bare call, batch, list sync document or life-cycle request has one."""

OnPage: TypeAlias = Callable[[Mapping[str, Any]], None]


def _unwatched(page: Mapping[str, Any]) -> None:
    """Nobody asks which pages there were."""


def read_captured(text: bytes, defaults: Defaults, on_page: OnPage = _unwatched) -> Iterator[Captured]:
    """The deliveries that one JSON text tells of; a malformed one where it is no JSON, or tells of none.

    `on_page` is told of each page of deliveries.
    """
    document = _loaded(text.strip())
    if type(document) is Unpacked:
        yield Captured(unpacked=document, destination=defaults.destination, kind=defaults.kind or "event")
        return
    for record in _records(document, on_page):
        try:
            found = _captured(record, defaults, len(text))
        except NotARecord as error:
            found = Captured(
                unpacked=error.unpacked,
                destination=defaults.destination,
                kind=defaults.kind or "event",
                formless=not isinstance(record, dict),
                misread=True,
            )
        if found is not None:
            yield found


def _loaded(text: bytes) -> Any:
    """The JSON in `text`; a malformed body, as `Unpacked`, where there is none, or where nobody could go through it.

    What a capture adds around a payload does not make that deeper: each payload, or its body, is looked at by itself.
    """
    document = load_any_depth(text)
    if type(document) is Unpacked and (exported := read_export(text)) is not None:
        return msgspec.to_builtins(exported)  # what is wrong with it is in a copy that nobody needs
    goes_by_body = isinstance(document, dict) and document.keys() >= _SENT and document.keys().isdisjoint(_LISTING)
    return too_deep() if not goes_by_body and may_be_deep(text) and is_deep(document, around=0) else document


def _records(document: Any, on_page: OnPage) -> Iterator[Any]:
    """The document itself, or each item of an array, of a HAR's entries, or of a page of deliveries."""
    entries = document if isinstance(document, list) else _listed(document, on_page)
    if entries is None:
        yield document
    else:
        for item in entries:
            yield from _records(item, on_page)


def _listed(document: Any, on_page: OnPage) -> list[Any] | None:
    if not isinstance(document, dict) or "type" in document:
        return None
    listed = document.get("deliveries")
    if not isinstance(listed, list):
        return har_entries(document)
    on_page(document)
    return listed


def _captured(record: Any, defaults: Defaults, bound: int) -> Captured | None:
    """The delivery that `record`, of at most `bound` bytes, tells of; None for a HAR entry that is no delivery."""
    if not isinstance(record, dict):
        raise NotARecord("this is neither a record nor a call", "a JSON object", described(record))
    if is_har_entry(record):
        entry = entry_record(record, defaults)
        return None if entry is None else _from_record(entry, defaults, bound)
    if "type" in record or _RECORD_MEMBERS.isdisjoint(record):
        kind, unpacked = unpack_payloads(defaults.kind, [record])
        return Captured(
            unpacked=unpacked,
            kind=kind,
            destination=defaults.destination,
            formless=_BARE_MEMBERS.isdisjoint(record),
            size=bound,
        )
    return _from_record(record, defaults, bound)


def _from_record(record: Mapping[str, Any], defaults: Defaults, bound: int) -> Captured:
    unpacked: Unpacked | None = None
    body = _body(record)
    kind = _kind(record, defaults)
    destination = _text(record, "destination")
    if record.get("unexpected") is not True:
        kind, unpacked = _unpacked(record, kind, body)
    return Captured(
        unpacked=unpacked or Unpacked(),
        kind=kind or "event",
        destination=defaults.destination if destination is None else destination,
        reply=_reply(record.get("reply")),
        received_at=_instant(record, "received_at"),
        arrived_at=_instant(record, "arrived_at"),
        run=_text(record, "run") or "",
        unexpected=unpacked is None,
        size=bound if body is None else len(body),
        exact=body is not None,
        agent=agent_of(record),
        number=record["number"] if type(record.get("number")) is int else None,
    )


def _unpacked(record: Mapping[str, Any], kind: str | None, body: bytes | None) -> tuple[str, Unpacked]:
    """The kind of a record, and what it holds: its body, which is the truth where there is one, else its payloads."""
    if body is not None:
        told, unpacked = unpack_body(kind, body)
        path = record["request"].get("path")
        if isinstance(path, str) and (kind == SOURCE or (kind is None and path.startswith(_TRACKING_API))):
            unpacked = replace(unpacked, payloads=tuple(typed(call, path) for call in unpacked.payloads))
        return told, unpacked
    if "payload" in record:
        payloads = [record["payload"]]
    elif isinstance(record.get("payloads"), list):
        payloads = record["payloads"]
    else:
        expected = "`request.body`, `payload` or an array `payloads`"
        raise NotARecord("the record holds nothing that was sent", expected, ", ".join(map(str, record)))
    return unpack_payloads(kind, payloads)


def _body(record: Mapping[str, Any]) -> bytes | None:
    request = record.get("request")
    if not isinstance(request, dict):
        return None
    body, encoded = request.get("body"), request.get("body_base64")
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, dict | list):
        return orjson.dumps(body)  # as somebody writes it who makes records by hand
    if body is not None:
        raise NotARecord("`request.body` is no body", "a text, an object or an array", described(body))
    if encoded is None:
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise NotARecord("`request.body_base64` is not base64", "base64", _written(encoded)) from None


def agent_of(record: Mapping[str, Any]) -> str:
    """The `User-Agent` of a record's request; empty where it says none."""
    request = record.get("request")
    headers = request.get("headers") if isinstance(request, dict) else None
    agent = (headers.get("user-agent") or headers.get("User-Agent")) if isinstance(headers, dict) else None
    return agent if isinstance(agent, str) else ""


def _kind(record: Mapping[str, Any], defaults: Defaults) -> str | None:
    kind = _text(record, "kind")
    if kind is not None and kind not in KINDS:
        raise NotARecord(f"unknown kind {kind[:80]!r}{near_miss(kind[:80], KINDS)}", " or ".join(KINDS), kind[:120])
    return kind or defaults.kind


def _text(record: Mapping[str, Any], name: str) -> str | None:
    value = record.get(name)
    if value is None or isinstance(value, str):
        return value
    raise NotARecord(f"the record's `{name}` is not a text", "a string", described(value))


def _instant(record: Mapping[str, Any], name: str) -> Instant:
    written = _text(record, name)
    try:
        return 0 if written is None else parse_instant(written)
    except (ValueError, OverflowError):
        message = f"the record's `{name}` is no time"
        raise NotARecord(message, "ISO 8601, such as 2026-11-21T10:00:00Z", str(written)[:120]) from None


def _reply(written: Any) -> Reply:
    if written is None:
        return OK
    if isinstance(written, dict) and "fault" in written:
        # Whatever the fault was, the sender was not told that it may forget the delivery.
        return replace(REPLIES.get(str(written["fault"]), REPLIES["reset"]), latency=_duration(written, "latency"))
    status = written.get("status") if isinstance(written, dict) else None
    if type(status) is not int or not 100 <= status <= 599:
        raise NotARecord("the record's `reply` is no reply", 'an object such as {"status": 200}', _written(written))
    if written.keys() == {"status"}:
        return OK if status == OK.status else Respond(status=status)
    items = written.get("items")
    if items is not None and not (isinstance(items, list) and all(type(item) is int for item in items)):
        raise NotARecord("`reply.items` are no statuses", "an array of whole numbers", _written(items))
    return Respond(
        status=status,
        items=None if items is None else tuple(items),
        headers=_headers(written.get("headers")),
        latency=_duration(written, "latency"),
        dribble=_duration(written, "dribble"),
    )


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:120]


def _headers(written: Any) -> tuple[tuple[str, str], ...]:
    """The headers of a reply, as far as they can be read."""
    pairs = written.items() if isinstance(written, dict) else ()
    return tuple((name, str(value)) for name, value in pairs if isinstance(value, str | int))


def _duration(reply: Mapping[str, Any], name: str) -> Duration:
    """How long something of a reply took; 0 where it does not say."""
    written = reply.get(name)
    try:
        return 0 if written is None else parse_duration(str(written))
    except ValueError:
        raise NotARecord(f"`reply.{name}` is no duration", "such as 250ms or 30s", _written(written)) from None
