"""Warehouses in SQLite: in memory, or in a file that other programs can read meanwhile."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from harness.adapters.warehouses.sql import Dialect, Writer
from harness.adapters.warehouses.stores import (
    LONGEST_QUERY_SECONDS,
    MOST_ROWS,
    QueryFailed,
    RowsRefused,
    StoreFailed,
    StoreUnusable,
    few_enough,
)
from harness.core.warehouses.columns import ColumnType, Value
from harness.core.warehouses.results import Rows
from harness.core.warehouses.rows import Row
from harness.core.warehouses.settings import WarehouseSettings
from harness.core.warehouses.tables import Unfit

_LOCK_SECONDS = 2.0
_STEPS = 10_000
"""Of SQLite's machine, between two looks at the time."""
_READING = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    }
)
_READING_PRAGMA = "table_info"
_HEALING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
"""What may pass: another program's lock, a full disk."""
_CHANGED = ("already exists", "duplicate column", "no such table", "no such column", "has no column")
"""What another program's changes lead to: the tables are looked at again at the next try."""
_UNUSABLE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT})


def _hold(value: Value) -> Any:
    # Text sorts as time does where all of it has one form.
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if isinstance(value, datetime) else value


_DIALECT = Dialect(
    placeholder="?",
    types={kind: kind.value for kind in ColumnType},
    longest_name=255,
    hold=_hold,
)


class SqliteStore:
    """A store in SQLite; its schema is an attached database, so that tables can be named with it and without."""

    def __init__(self, settings: WarehouseSettings) -> None:
        """Open the database that `settings` name when it is first needed."""
        self._settings = settings
        self._connection: sqlite3.Connection | None = None
        self._writer: Writer | None = None

    def load(self, calls: Sequence[Sequence[Row]]) -> Sequence[Unfit]:
        """Write the rows of each call, all of them or none."""
        with self._failing():
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            try:
                unfit = self._writing(connection).write(calls)
                connection.execute("COMMIT")
            except BaseException:
                self._writer = None
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return unfit

    def query(self, sql: str) -> Rows:
        """The rows that a reading query finds."""
        with self._failing():
            connection = self._connected()
        deadline = time.monotonic() + LONGEST_QUERY_SECONDS
        connection.set_authorizer(_authorize)
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        try:
            cursor = connection.execute(sql)
            if cursor.description is None:
                raise QueryFailed("it returns no rows: write a select")
            found = few_enough(cursor.fetchmany(MOST_ROWS + 1))
            return Rows(columns=tuple(each[0] for each in cursor.description), rows=tuple(map(_plain, found)))
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise QueryFailed(_why(error)) from None
        finally:
            connection.set_authorizer(None)
            connection.set_progress_handler(None, 0)

    def tables(self) -> dict[str, int]:
        """The tables that are there, each with the number of its rows."""
        schema = self._settings.schema
        with self._failing():
            connection = self._connected()
            names = [name for name, _, _ in _columns(connection, schema)]
            return {
                name: connection.execute(f'SELECT count(*) FROM "{schema}"."{name}"').fetchone()[0]  # noqa: S608
                for name in dict.fromkeys(names)
            }

    def clear(self) -> None:
        """Forget all rows, where they are kept in memory."""
        if self._settings.in_memory:
            self.close()

    def close(self) -> None:
        """Let go of the database; one in memory is gone."""
        connection, self._connection, self._writer = self._connection, None, None
        if connection is not None:
            connection.close()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        # Each statement by itself: transactions are begun and ended here, not guessed at by the driver.
        connection = sqlite3.connect(":memory:", isolation_level=None, timeout=_LOCK_SECONDS)
        try:
            schema = self._settings.schema
            connection.execute(f'ATTACH DATABASE ? AS "{schema}"', (self._settings.path or ":memory:",))
            connection.execute(f'PRAGMA "{schema}".journal_mode = WAL')  # readers and the writer do not wait
            connection.execute(f'PRAGMA "{schema}".synchronous = NORMAL')
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _writing(self, connection: sqlite3.Connection) -> Writer:
        if self._writer is None:
            known: dict[str, dict[str, ColumnType]] = {}
            for table, column, declared in _columns(connection, self._settings.schema):
                known.setdefault(table, {})[column] = _DIALECT.type_named(declared)
            run = lambda sql, values: connection.execute(sql, values).rowcount  # noqa: E731
            self._writer = Writer(_DIALECT, self._settings.schema, known, run)
        return self._writer

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Say of SQLite's errors what they mean for the rows."""
        try:
            yield
        except sqlite3.Error as error:
            where = self._settings.path or "memory"
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in _HEALING or any(each in str(error) for each in _CHANGED):
                raise StoreFailed(f"SQLite database {where}: {error}") from error
            if code in _UNUSABLE:
                message = f"SQLite database {where}: {error}; name a file that can be written, in a folder that exists"
                raise StoreUnusable(message) from error
            raise RowsRefused(f"SQLite database {where}: {error}") from error


def _columns(connection: sqlite3.Connection, schema: str) -> list[tuple[str, str, str]]:
    """Table, column and declared type of all columns in `schema`."""
    sql = (
        f'SELECT m.name, c.name, c.type FROM "{schema}".sqlite_master AS m, '  # noqa: S608  # a name of ours
        "pragma_table_info(m.name, ?) AS c WHERE m.type = 'table' ORDER BY m.name, c.cid"
    )
    return connection.execute(sql, (schema,)).fetchall()


def _authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """Whether a query may do that: only what reads the tables that are there."""
    reading = action in _READING or (action == sqlite3.SQLITE_PRAGMA and first == _READING_PRAGMA)
    return sqlite3.SQLITE_OK if reading else sqlite3.SQLITE_DENY


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.hex() if isinstance(value, bytes) else value for value in row)


def _why(error: Exception) -> str:
    match str(error):
        case "not authorized":
            return "it would do more than read: write a select"
        case "interrupted":
            return f"it took longer than {LONGEST_QUERY_SECONDS:g} s"
        case text if "one statement" in text:
            return "it has several statements: write one select"
        case text:
            return text
