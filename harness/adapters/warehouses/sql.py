"""The statements that write rows, alike in SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from msgspec import Struct

from harness.core.warehouses.columns import ColumnType, Value
from harness.core.warehouses.rows import Row
from harness.core.warehouses.tables import Change, Tables, Unfit

Execute: TypeAlias = Callable[[str, Sequence[Any]], int]
"""Runs one statement, and returns the number of rows that it changed."""


class Dialect(Struct, frozen=True, kw_only=True):
    """In what the two databases differ."""

    placeholder: str
    types: Mapping[ColumnType, str]
    longest_name: int
    hold: Callable[[Value], Any]
    """A value in the form that the driver takes."""

    def type_named(self, declared: str) -> ColumnType:
        """The type that a column was declared with; text where it is none of ours."""
        return next((kind for kind, name in self.types.items() if name == declared.lower()), ColumnType.VARCHAR)


class Writer:
    """Writes rows into the tables of one schema, and lets these grow; to be used within one transaction at a time."""

    def __init__(
        self, dialect: Dialect, schema: str, known: Mapping[str, Mapping[str, ColumnType]], run: Execute
    ) -> None:
        """Write by `run` into `schema`, in which the tables `known` are."""
        self._dialect = dialect
        self._schema = schema
        self._tables = Tables(known, dialect.longest_name)
        self._run = run

    def write(self, calls: Sequence[Sequence[Row]]) -> list[Unfit]:
        """Write the rows of each call; where its message is there already, the whole call changes nothing."""
        unfit: list[Unfit] = []
        for rows in calls:
            for row in rows:
                change = self._tables.change_for(row)
                self._grow(change)
                if not self._write(change) and not change.latest:
                    break
                unfit.extend(change.unfit)
        return unfit

    def _grow(self, change: Change) -> None:
        table, types = f'"{self._schema}"."{change.table}"', self._dialect.types
        columns = [f'"{name}" {types[column_type]}' for name, column_type in change.new_columns.items()]
        if change.new_table:
            self._run(f'CREATE TABLE {table} ({", ".join(columns)}, PRIMARY KEY ("id"))', ())
            return
        for column in columns:
            self._run(f"ALTER TABLE {table} ADD COLUMN {column}", ())

    def _write(self, change: Change) -> int:
        text = insertion(self._schema, change.table, tuple(change.values), self._dialect.placeholder, change.latest)
        return self._run(text, [self._dialect.hold(value) for value in change.values.values()])


@lru_cache(maxsize=1024)
def insertion(schema: str, table: str, columns: tuple[str, ...], placeholder: str, latest: bool) -> str:
    """The statement that writes one row; `latest` lets it update the row of the same `id`.

    What was received before that row, and comes late, fills only what nothing has filled since.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join([placeholder] * len(columns))
    start = f'INSERT INTO "{schema}"."{table}" AS t ({names}) VALUES ({values}) ON CONFLICT ("id") DO '  # noqa: S608
    if not latest:
        return start + "NOTHING"
    newer = 't."received_at" IS NULL OR excluded."received_at" >= t."received_at"'
    return (
        start
        + "UPDATE SET "
        + ", ".join(
            f'"{name}" = CASE WHEN {newer} THEN excluded."{name}" ELSE COALESCE(t."{name}", excluded."{name}") END'
            for name in columns
            if name != "id"
        )
    )
