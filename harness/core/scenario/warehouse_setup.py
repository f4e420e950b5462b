"""What a warehouse destination is set up with, read from a document that its schema has accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.core.destinations.destination import WAREHOUSE, Destination
from harness.core.documents import At, Document
from harness.core.warehouses.naming import schema_name
from harness.core.warehouses.settings import MEMORY, SQLITE, SelectiveSync, WarehouseSettings, is_postgresql

_OWN_KEYS = ("schema", "selective_sync")
_NOT_FOR_SQLITE = frozenset({"main", "temp"})


def parse_warehouse(document: Document, at: At, name: str) -> WarehouseSettings | None:
    """The settings of the destination at `at`, where it is a warehouse; else its keys must not say that it is one."""
    written = document.data
    for part in at:
        written = written[part]
    url = written.get("url", MEMORY)
    if written["kind"] != WAREHOUSE:
        _refuse_database(document, at, written)
        return None
    if not _is_database(url):
        message = "a warehouse needs a database, and this is an endpoint"
        raise document.at_value((*at, "url"), message, "write sqlite:, sqlite:PATH or postgresql://…")
    schema = written.get("schema", schema_name(name))
    if schema in _NOT_FOR_SQLITE and not is_postgresql(url):
        raise document.at_value((*at, "schema"), f"SQLite has {schema!r} for itself", "choose another name")
    return WarehouseSettings(url=url, schema=schema, selective_sync=_selective_sync(written.get("selective_sync", {})))


def _is_database(url: str) -> bool:
    return url.startswith(SQLITE) or is_postgresql(url)


def _refuse_database(document: Document, at: At, written: Mapping[str, Any]) -> None:
    for key in _OWN_KEYS:
        if key in written:
            message = f"only a warehouse has `{key}`, and this is of kind {written['kind']}"
            raise document.at_key((*at, key), message, f"leave `{key}` out, or write `kind: {WAREHOUSE}`")
    if _is_database(written.get("url", "")):
        message = f"only a warehouse has a database, and this is of kind {written['kind']}"
        raise document.at_value((*at, "url"), message, f"write an http:// or https:// URL, or `kind: {WAREHOUSE}`")


def _selective_sync(written: Mapping[str, Any]) -> SelectiveSync:
    left_out = written.get("leave_out", {})
    tables = written.get("tables")
    return SelectiveSync(
        tables=None if tables is None else frozenset(tables),
        columns=dict(_columns(written)),
        without_tables=frozenset(left_out.get("tables", ())),
        without_columns=dict(_columns(left_out)),
    )


def _columns(written: Mapping[str, Any]) -> Iterator[tuple[str, frozenset[str]]]:
    for table, names in written.get("columns", {}).items():
        yield table, frozenset(names)


def refuse_shared_tables(document: Document, at: At, destinations: Mapping[str, Destination]) -> None:
    """Refuse two warehouses with the same tables: each has a source of its own, and so a schema of its own.

    A file of SQLite holds one schema only.
    """
    owners: dict[tuple[str, str], str] = {}
    for name, destination in destinations.items():
        settings = destination.warehouse
        if settings is None or settings.in_memory:
            continue
        place = (settings.url, settings.schema if is_postgresql(settings.url) else "")
        if owners.setdefault(place, name) != name:
            remedy = "give each a schema of its own" if is_postgresql(settings.url) else "give each a file of its own"
            raise document.at_value((*at, name), f"{owners[place]} has its tables in the same place", remedy)
