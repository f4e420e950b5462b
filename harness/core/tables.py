"""Open tables: named entries that more can join, none of them twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

Entry = TypeVar("Entry")


def open_table(what: str, entries: Iterable[Entry], name: Callable[[Entry], str]) -> Mapping[str, Entry]:
    """The entries by name, in order; ValueError, naming `what` they are, where two have the same name."""
    table: dict[str, Entry] = {}
    for entry in entries:
        if name(entry) in table:
            raise ValueError(f"the {what} {name(entry)!r} is registered twice: give one of them another name")
        table[name(entry)] = entry
    return MappingProxyType(table)
