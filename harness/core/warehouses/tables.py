"""Tables that grow with what comes: which tables and columns are there, and which a row needs besides."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from harness.core.warehouses.columns import ColumnType, Value, fitted, text_of, type_of
from harness.core.warehouses.naming import shortened
from harness.core.warehouses.rows import Row

_SHOWN = 40
_UNCUT = frozenset({"id", "user_id", "anonymous_id", "group_id", "previous_id"})


class Unfit(Struct, frozen=True, kw_only=True):
    """A value that its column cannot hold, and that is null there."""

    table: str
    column: str
    type: ColumnType
    value: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} is {self.type} and cannot hold {self.value}"


class Change(Struct, frozen=True, kw_only=True):
    """What must be done to write one row."""

    table: str
    new_table: bool
    new_columns: Mapping[str, ColumnType]
    values: Mapping[str, Value]
    latest: bool
    unfit: tuple[Unfit, ...]


class Tables:
    """The tables of a schema, as far as they are known."""

    def __init__(self, known: Mapping[str, Mapping[str, ColumnType]], longest_name: int) -> None:
        """Start from those that are there; names are cut to `longest_name` characters."""
        self._columns = {table: dict(columns) for table, columns in known.items()}
        self._longest = longest_name

    def change_for(self, row: Row) -> Change:
        """What `row` needs; from now on that is known to be there.

        A column gets its type from the first value in it, and keeps it.
        """
        table = shortened(row.table, self._longest)
        new_table = table not in self._columns
        columns = self._columns.setdefault(table, {})
        added: dict[str, ColumnType] = {}
        values: dict[str, Value] = {}
        unfit: list[Unfit] = []
        for given, value in row.values.items():
            name = shortened(given, self._longest)
            if name not in columns:
                columns[name] = added[name] = ColumnType.VARCHAR if name in _UNCUT else type_of(value)
            held = text_of(value) if name in _UNCUT else fitted(value, columns[name])
            if held is None:
                unfit.append(Unfit(table=table, column=name, type=columns[name], value=text_of(value)[:_SHOWN]))
            else:
                values[name] = held
        return Change(
            table=table,
            new_table=new_table,
            new_columns=added,
            values=values,
            latest=row.latest,
            unfit=tuple(unfit),
        )
