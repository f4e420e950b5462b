"""Delivery records, read back: what a ledger exported becomes deliveries again."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import orjson
from msgspec.structs import replace

from harness.core.behaviours.faults import FAULTS
from harness.core.captures.captured import NotARecord
from harness.core.delivery import Arrival, Delivery, Fault, RawHeaders, Reply, Respond, Violation
from harness.core.destinations.bodies import shown
from harness.core.destinations.kinds import KINDS
from harness.core.destinations.rereading import Reread
from harness.core.instants import Duration, parse_duration, parse_instant

Refuse: TypeAlias = Callable[[Any], str | None]
"""What the schema of delivery records has against a document, in words; None where it has nothing."""


class NotImportable(ValueError):
    """A line is no delivery record; the message says which, and why."""


def read_records(lines: Iterable[bytes], refuse: Refuse, name: str, *, run: str) -> Iterator[Delivery]:
    """The deliveries that the `lines` of the file `name` record, as deliveries of `run`; empty lines are passed over.

    Raises NotImportable at the first line that is wrong.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield read_record(line, refuse, f"{name}:{number}", run)


def read_record(line: bytes, refuse: Refuse, place: str, run: str) -> Delivery:
    """The delivery that `line` records, as one of `run`; NotImportable, which names the `place`, where it is wrong."""
    try:
        return _delivery(_document(line, refuse), run)
    except NotARecord as error:
        message, expected, actual = error.args
        raise NotImportable(
            f"{place}: {message}: expected {expected}, got {actual}; what can be imported is what was exported, as "
            "`harness schema delivery` describes it"
        ) from None


def renumbered(delivery: Delivery, number: int) -> Delivery:
    """`delivery` under another number, which its violations are told too: it is what proves them."""
    if delivery.number == number:
        return delivery
    violations = tuple(
        replace(each, deliveries=tuple(number if n == delivery.number else n for n in each.deliveries))
        for each in delivery.violations
    )
    return replace(delivery, number=number, violations=violations)


def _document(text: bytes, refuse: Refuse) -> Mapping[str, Any]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NotARecord(f"this is not JSON: {error}", "a JSON object", shown(text)) from None
    wrong = refuse(document)
    if wrong is not None:
        raise NotARecord("this is no delivery record", "what `harness schema delivery` says", wrong)
    return document  # type: ignore[no-any-return]  # the schema demands an object


def _delivery(record: Mapping[str, Any], run: str) -> Delivery:
    """The delivery that `record` tells of, which conforms to the schema of records; NotARecord where it cannot be.

    Its body is the truth: payloads are read from it again. Its violations are those that were found when it came.
    """
    request, kind = record["request"], record["kind"]
    body, destination = _body(request), record["destination"]
    if kind is not None and kind not in KINDS:
        raise NotARecord("unknown kind", " or ".join(KINDS), str(kind)[:80])
    if (kind is None) != record.get("unexpected", False):
        raise NotARecord(
            "only what is unexpected has no kind", "`kind`, or `unexpected` and a `kind` of null", str(kind)
        )
    count = len(record["payloads"])
    return Delivery(
        record["number"],
        run,
        destination,
        kind,
        record["attempt"],
        Arrival(
            destination,
            request["method"],
            request["path"],
            _headers(request["headers"]),
            body,
            parse_instant(record["received_at"]),
            parse_instant(record["arrived_at"]),
        ),
        Reread(kind, body, count) if count and kind is not None else (),
        tuple(_violation(each) for each in record["violations"]),
        _reply(record["reply"]),
        unexpected=kind is None,
    )


def _body(request: Mapping[str, Any]) -> bytes:
    if "body" in request:
        return str(request["body"]).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(request["body_base64"], validate=True)
    except (binascii.Error, ValueError):
        raise NotARecord("`request.body_base64` is not base64", "base64", request["body_base64"][:80]) from None


def _headers(written: Mapping[str, str]) -> RawHeaders:
    return tuple((name.encode("latin-1", "replace"), value.encode()) for name, value in written.items())


def _violation(written: Mapping[str, Any]) -> Violation:
    return Violation(**{**written, "deliveries": tuple(written["deliveries"])})


def _reply(written: Mapping[str, Any]) -> Reply:
    latency, because = _duration(written, "latency"), written.get("because", "")
    if "fault" in written:
        name = written["fault"]
        if name not in FAULTS:
            raise NotARecord("unknown fault", " or ".join(FAULTS), name[:80])
        return Fault(name=name, latency=latency, because=because)
    items = written.get("items")
    return Respond(
        status=written["status"],
        items=None if items is None else tuple(items),
        headers=tuple(written.get("headers", {}).items()),
        latency=latency,
        dribble=_duration(written, "dribble"),
        because=because,
    )


def _duration(written: Mapping[str, Any], name: str) -> Duration:
    return parse_duration(written[name]) if name in written else 0
