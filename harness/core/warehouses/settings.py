"""What a warehouse destination is set up with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from harness.core.warehouses.rows import Row

MEMORY = "sqlite:"
"""The URL of an SQLite database in memory."""
SQLITE = "sqlite:"
POSTGRESQL = ("postgresql://", "postgres://")
_ALWAYS = frozenset({"id", "received_at"})
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/@]*@|(?<=[?&]password=)[^&]*")


class SelectiveSync(Struct, frozen=True, kw_only=True):
    """Which tables and columns are written."""

    tables: frozenset[str] | None = None
    """Only these; None: all."""
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By table, only these of its columns."""
    without_tables: frozenset[str] = frozenset()
    without_columns: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def written(self) -> dict[str, Any]:
        """The same as a set-up writes it."""
        left_out = {"tables": sorted(self.without_tables), "columns": _listed(self.without_columns)}
        members = {
            "tables": sorted(self.tables or ()),
            "columns": _listed(self.columns),
            "leave_out": {name: value for name, value in left_out.items() if value},
        }
        return {name: value for name, value in members.items() if value}

    def chosen(self, rows: Iterable[Row]) -> tuple[Row, ...]:
        """What of `rows` is to be written; `id` and `received_at` always are, where their table is."""
        return tuple(self._narrowed(row) for row in rows if self._admits(row.table))

    def _admits(self, table: str) -> bool:
        return table not in self.without_tables and (self.tables is None or table in self.tables)

    def _narrowed(self, row: Row) -> Row:
        only, without = self.columns.get(row.table), self.without_columns.get(row.table, frozenset())
        if only is None and not without:
            return row
        wanted = set(row.values if only is None else only) - without | _ALWAYS
        return replace(row, values={name: value for name, value in row.values.items() if name in wanted})


def _listed(columns: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    return {table: sorted(names) for table, names in columns.items()}


class WarehouseSettings(Struct, frozen=True, kw_only=True):
    """Where the rows of a warehouse destination go, and which."""

    url: str = MEMORY
    """`sqlite:` for memory, `sqlite:PATH`, or `postgresql://…`."""
    schema: str
    selective_sync: SelectiveSync = field(default_factory=SelectiveSync)

    @property
    def in_memory(self) -> bool:
        """Whether the rows live no longer than the run."""
        return self.url == MEMORY

    @property
    def path(self) -> str:
        """The file of an SQLite database; empty for one in memory."""
        return self.url.removeprefix(SQLITE)

    @property
    def shown_url(self) -> str:
        """The URL without its password."""
        return _PASSWORD.sub(lambda found: "***" if found[1] is None else f"{found[1]}:***@", self.url)


def is_postgresql(url: str) -> bool:
    """Whether `url` names a PostgreSQL database."""
    return url.startswith(POSTGRESQL)
