"""Deliveries as rows of a ledger file, and back: what comes back equals what went in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson
from msgspec.structs import asdict

from harness.core.delivery import OK, Arrival, Defect, Delivery, Fault, RawHeaders, Reply, Respond, Violation
from harness.core.destinations.rereading import Reread

NUMBER_BITS: Final = 36
"""Of a row's id; the rest is its run's."""
NUMBERS: Final = (1 << NUMBER_BITS) - 1
COLUMNS: Final = (
    "id, destination, kind, attempt, received_at, arrived_at, method, path, headers, body, payloads, status, detail"
)
INSERT: Final = f"INSERT INTO delivery ({COLUMNS}) VALUES ({', '.join('?' * 13)})"  # noqa: S608  # our own columns
Row: TypeAlias = tuple[Any, ...]


def row_of(run: int, delivery: Delivery) -> Row:
    """The row of `delivery` in the run of that id; ValueError or TypeError where it cannot be written."""
    arrival, reply = delivery.arrival, delivery.reply
    detail = None
    if delivery.violations or arrival.defect is not None or not _is_mere_status(reply):
        detail = _detail(delivery)
    return (
        run << NUMBER_BITS | delivery.number,
        delivery.destination,
        delivery.kind,
        delivery.attempt,
        arrival.received_at,
        arrival.arrived_at,
        arrival.method,
        arrival.path,
        _written(arrival.headers if type(arrival.headers) is tuple else tuple(arrival.headers)),
        arrival.body,
        len(delivery.payloads),
        reply.status if isinstance(reply, Respond) else None,
        detail,
    )


def _is_mere_status(reply: Reply) -> bool:
    """Whether `reply` is told by its status."""
    return reply is OK or (isinstance(reply, Respond) and reply == Respond(status=reply.status))


def _detail(delivery: Delivery) -> str:
    detail: dict[str, Any] = {"reply": _reply_written(delivery.reply)}
    if delivery.violations:
        detail["violations"] = [asdict(violation) for violation in delivery.violations]
    if delivery.arrival.defect is not None:
        detail["defect"] = asdict(delivery.arrival.defect)
    return orjson.dumps(detail).decode()


def _reply_written(reply: Reply) -> Mapping[str, Any]:
    """What of `reply` is not as it is by default; `fault` names what is no HTTP answer."""
    named = {"name": reply.name} if isinstance(reply, Fault) else {"status": reply.status}
    usual = asdict(type(reply)(**named))
    written = {**named, **{name: said for name, said in asdict(reply).items() if said != usual[name]}}
    return {"fault": written.pop("name"), **written} if isinstance(reply, Fault) else written


def delivery_of(run: str, row: Row) -> Delivery:
    """The delivery of the run of that name that `row` holds."""
    (identifier, destination, kind, attempt, received_at, arrived_at, method, path, headers, body, payloads) = row[:11]
    status, written = row[11:]
    detail = orjson.loads(written) if written is not None else {}
    defect = Defect(**detail["defect"]) if "defect" in detail else None
    return Delivery(
        identifier & NUMBERS,
        run,
        destination,
        kind,
        attempt,
        Arrival(destination, method, path, _read(headers), body, received_at, arrived_at, defect),
        Reread(kind, body, payloads) if payloads else (),
        tuple(_violation(each) for each in detail.get("violations", ())),
        _reply(detail["reply"]) if "reply" in detail else Respond(status=status),
        unexpected=kind is None,
    )


def _violation(written: Mapping[str, Any]) -> Violation:
    return Violation(**{**written, "deliveries": tuple(written["deliveries"])})


def _reply(written: dict[str, Any]) -> Reply:
    if "fault" in written:
        return Fault(name=written.pop("fault"), **written)
    if "items" in written:
        written["items"] = tuple(written["items"])
    return Respond(**{**written, "headers": tuple((name, value) for name, value in written.get("headers", ()))})


@lru_cache(maxsize=256)
def _written(headers: RawHeaders) -> bytes:
    """The headers in lines; neither names nor values can hold a line break, and no name a colon."""
    return b"\n".join(b"%b:%b" % field for field in headers)


@lru_cache(maxsize=256)
def _read(written: bytes) -> RawHeaders:
    fields = (line.partition(b":") for line in written.split(b"\n")) if written else ()
    return tuple((name, value) for name, _, value in fields)
