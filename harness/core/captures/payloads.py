"""What a captured delivery holds: from its body, or from payloads that were written down without one."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from harness.core.calls import is_list_entry
from harness.core.delivery import Payload, Violation
from harness.core.destinations.bodies import Unpacked, is_deep, load, too_deep
from harness.core.destinations.kinds import KINDS
from harness.core.destinations.sources import unpack_sent

LIST_FORMS = ("list", "audienceName", "externalId")
"""Members that tell what was meant for a list destination."""


def told_kind(document: Any) -> str:
    """The kind of destination that a document was meant for, as far as its form tells; calls may be for either."""
    first = document[0] if isinstance(document, list) and document else document
    if not isinstance(first, dict) or "type" in first:
        return "event"
    return "list" if any(name in first for name in LIST_FORMS) else "event"


def is_batch(document: Any) -> bool:
    """Whether `document` is a batch of calls, as client libraries send it to a source."""
    return isinstance(document, dict) and "type" not in document and isinstance(document.get("batch"), list)


def unpack_body(kind: str | None, body: bytes) -> tuple[str, Unpacked]:
    """The kind, told by the form of the body where it is not given, and what `body` holds."""
    document = load(body)
    if type(document) is Unpacked:
        return kind or "event", document
    if kind is None and is_batch(document):
        return "event", unpack_sent(document)
    kind = kind or told_kind(document)
    return kind, KINDS[kind].unpack(document)


def unpack_payloads(kind: str | None, payloads: list[Any]) -> tuple[str, Unpacked]:
    """The kind, told by their form where it is not given, and what `payloads` hold.

    Each is written as a payload of that kind, or as the body that it came in.
    """
    if kind is None and any(map(is_batch, payloads)):
        deep, parts = any(map(is_deep, payloads)), [_sent(each) for each in payloads]
        return "event", too_deep() if deep else _joined(parts)
    kind = kind or told_kind(payloads)
    return kind, _unpacked(kind, payloads)


def _sent(document: Any) -> Unpacked:
    return unpack_sent(document) if is_batch(document) else KINDS["event"].unpack(document)


def _unpacked(kind: str, payloads: list[Any]) -> Unpacked:
    if any(map(is_deep, payloads)):
        return too_deep()
    if len(payloads) == 1 and not _is_entry(payloads[0]):
        return KINDS[kind].unpack(payloads[0])
    if kind != "list":
        return KINDS[kind].unpack(payloads) if payloads else Unpacked()
    return _joined([_entry(item) if _is_entry(item) else KINDS[kind].unpack(item) for item in payloads])


def _is_entry(item: Any) -> bool:
    return isinstance(item, dict) and is_list_entry(item)


def _entry(entry: Payload) -> Unpacked:
    return Unpacked(payloads=(entry,))


def _joined(parts: list[Unpacked]) -> Unpacked:
    """All `parts` as one."""
    payloads: list[Payload] = []
    calls: list[Payload | None] = []
    violations: list[Violation] = []
    for part in parts:
        violations += [_shifted(violation, len(payloads)) for violation in part.violations]
        payloads += part.payloads
        calls += part.calls or (None,) * len(part.payloads)
    came_as_calls = any(call is not None for call in calls)
    return Unpacked(
        payloads=tuple(payloads), calls=tuple(calls) if came_as_calls else None, violations=tuple(violations)
    )


def _shifted(violation: Violation, by: int) -> Violation:
    return violation if violation.payload is None else replace(violation, payload=violation.payload + by)
