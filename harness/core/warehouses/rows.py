"""From a call to the rows that it becomes, in the tables that Segment's warehouses have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from harness.core.calls import digest, section
from harness.core.delivery import Payload
from harness.core.instants import Instant
from harness.core.warehouses.columns import flattened, moment_of, text_of
from harness.core.warehouses.naming import TABLE_OF_CALLS, event_table

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENTS = {"sent_at": "sentAt", "timestamp": "timestamp", "original_timestamp": "originalTimestamp"}
_IDENTIFIERS = {"anonymous_id": "anonymousId", "user_id": "userId"}
_OWN: Mapping[str, Mapping[str, str]] = {
    "group": {"group_id": "groupId"},
    "page": {"name": "name", "category": "category"},
    "screen": {"name": "name", "category": "category"},
    "alias": {"previous_id": "previousId"},
}
"""Columns of some call types only, each with the member of the call that it holds."""
_TRAITS = frozenset({"identify", "group", "alias"})
_RESERVED = frozenset({"id", "received_at", "event", "event_text", *_MOMENTS, *_IDENTIFIERS})


class Row(Struct, frozen=True, kw_only=True):
    """One row of one table; `id` is its key."""

    table: str
    values: Mapping[str, Any]
    """By column; none of them null."""
    latest: bool = False
    """Whether the table holds one row for each `id`, the latest state, and not one for each message."""


def rows_of(call: Payload, received_at: Instant) -> tuple[Row, ...]:
    """The rows of `call`, that of its call type's table first; none where it is no call that warehouses keep.

    `received_at` is taken where the call does not say itself when it was received.
    """
    call_type = call.get("type")
    if not isinstance(call_type, str) or call_type not in TABLE_OF_CALLS:
        return ()
    common = _first_of_each(_common(call, call_type, received_at))
    said = _first_of_each(_said(call, call_type))
    whole = {**common, **{name: value for name, value in said.items() if name not in common}}
    row = Row(table=TABLE_OF_CALLS[call_type], values=whole)
    match call_type:
        case "track":
            return _track_rows(text_of(call.get("event") or ""), common, whole)
        case "identify":
            return (row, *_state_row("users", "user_id", common, said))
        case "group":
            return (row, *_state_row("accounts", "group_id", common, said))
        case _:
            return (row,)


def _first_of_each(columns: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """`columns` as a mapping; where two names became one, the first value stays."""
    found: dict[str, Any] = {}
    for name, value in columns:
        found.setdefault(name, value)
    return found


def _track_rows(event: str, common: Mapping[str, Any], whole: Mapping[str, Any]) -> tuple[Row, ...]:
    table = event_table(event)
    own = {"event": table, "event_text": event}
    tracks = Row(table=TABLE_OF_CALLS["track"], values={**common, **own})
    return (tracks, Row(table=table, values={**whole, **own})) if table else (tracks,)


def _state_row(table: str, key: str, common: Mapping[str, Any], said: Mapping[str, Any]) -> Iterator[Row]:
    """The latest state of a user or an account; none for somebody anonymous."""
    if key in common:
        kept = {name: value for name, value in common.items() if name == "received_at" or name.startswith("context_")}
        traits = {name: value for name, value in said.items() if name not in kept}
        yield Row(table=table, values={"id": common[key], key: common[key], **kept, **traits}, latest=True)


def _common(call: Payload, call_type: str, received_at: Instant) -> Iterator[tuple[str, Any]]:
    """The columns that do not depend on what the call says of its user."""
    yield "id", message_id(call)
    yield "received_at", moment_of(call.get("receivedAt")) or _EPOCH + timedelta(microseconds=received_at)
    for column, member in _MOMENTS.items():
        moment = moment_of(call.get(member))
        if moment is not None:
            yield column, moment
    for column, member in {**_IDENTIFIERS, **_OWN.get(call_type, {})}.items():
        value = call.get(member)
        if value not in (None, ""):
            yield column, text_of(value)
    yield from flattened(section(call, "context"), "context_")


def _said(call: Payload, call_type: str) -> Iterator[tuple[str, Any]]:
    """The columns of the call's traits or properties, less those with a reserved name."""
    reserved = _RESERVED | {name for name in _OWN.get(call_type, {}) if name.endswith("_id")}
    for name, value in flattened(section(call, "traits" if call_type in _TRAITS else "properties")):
        if name not in reserved:
            yield name, value


def message_id(call: Payload) -> str:
    """What tells the call apart from all others: its `messageId`, else a digest of its content."""
    identifier = call.get("messageId")
    return text_of(identifier) if isinstance(identifier, str) and identifier else digest(call).hex()
