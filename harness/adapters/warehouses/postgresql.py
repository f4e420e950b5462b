"""Warehouses in PostgreSQL; psycopg is imported only where one is used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    import psycopg

_CONNECT_SECONDS = 5
_NO_WAY_IN = re.compile(r"authentication failed|does not exist|no pg_hba\.conf entry|no password supplied")
_OVER_A_LIMIT = "54"
"""The class of states such as that of a table with too many columns."""
_CHANGED = frozenset({"42P07", "42701", "42P01", "42703"})
"""Tables and columns are there already, or no longer: somebody else changed them, and they are looked up anew."""


def _hold(value: Value) -> Any:
    return value


_DIALECT = Dialect(
    placeholder="%s",
    types={
        ColumnType.BOOLEAN: "boolean",
        ColumnType.INTEGER: "bigint",
        ColumnType.FLOAT: "double precision",
        ColumnType.TIMESTAMP: "timestamp with time zone",
        ColumnType.VARCHAR: "text",
    },
    longest_name=63,
    hold=_hold,
)


class PostgresqlStore:
    """A store in one schema of a PostgreSQL database."""

    def __init__(self, settings: WarehouseSettings) -> None:
        """Connect to the database that `settings` name when it is first needed; StoreUnusable without a driver."""
        self._settings = settings
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._writer: Writer | None = None

    def load(self, calls: Sequence[Sequence[Row]]) -> Sequence[Unfit]:
        """Write the rows of each call, all of them or none."""
        with self._failing():
            connection = self._connected()
            try:
                with connection.transaction():
                    return self._writing(connection).write(calls)
            except BaseException:
                self._writer = None
                raise

    def query(self, sql: str) -> Rows:
        """The rows that a reading query finds."""
        with self._failing():
            connection = self._connected()
        import psycopg

        try:
            with connection.transaction():
                connection.execute("SET TRANSACTION READ ONLY")
                connection.execute(f"SET LOCAL statement_timeout = {int(LONGEST_QUERY_SECONDS * 1000)}")
                # Binary results come by the extended protocol, which takes one statement only.
                cursor = connection.execute(sql.encode(), binary=True)
                if cursor.description is None:
                    raise QueryFailed("it returns no rows: write a select")
                found = few_enough(cursor.fetchmany(MOST_ROWS + 1))
                return Rows(columns=tuple(each.name for each in cursor.description), rows=tuple(map(_plain, found)))
        except psycopg.errors.QueryCanceled:
            raise QueryFailed(f"it took longer than {LONGEST_QUERY_SECONDS:g} s") from None
        except psycopg.OperationalError as error:
            raise QueryFailed(self._lost(error)) from None
        except psycopg.Error as error:
            raise QueryFailed(_why(error)) from None

    def tables(self) -> dict[str, int]:
        """The tables that are there, each with the number of its rows."""
        with self._failing():
            connection = self._connected()
            known = dict.fromkeys(table for table, _, _ in self._columns(connection))
            counts = {}
            for name in known:
                sql = f'SELECT count(*) FROM "{self._settings.schema}"."{name}"'  # noqa: S608  # names of ours
                ((counts[name],),) = connection.execute(sql.encode()).fetchall()
            return counts

    def clear(self) -> None:
        """Do nothing: the database keeps its rows, whatever a run forgets."""

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection, self._writer = self._connection, None, None
        if connection is not None:
            connection.close()

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is not None and not self._connection.closed:
            return self._connection
        self._writer = None
        connection: psycopg.Connection[tuple[Any, ...]] = _driver().connect(
            self._settings.url,
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            application_name="journey-harness",
        )
        try:
            self._enter_schema(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _enter_schema(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        schema = self._settings.schema
        connection.execute("SET timezone TO 'UTC'")
        connection.execute("SET client_min_messages TO warning")
        if connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone() is None:
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'.encode())
        connection.execute(f'SET search_path TO "{schema}"'.encode())

    def _writing(self, connection: psycopg.Connection[tuple[Any, ...]]) -> Writer:
        if self._writer is None:
            known: dict[str, dict[str, ColumnType]] = {}
            for table, column, declared in self._columns(connection):
                known.setdefault(table, {})[column] = _DIALECT.type_named(declared)
            run = lambda sql, values: connection.execute(sql.encode(), values).rowcount  # noqa: E731
            self._writer = Writer(_DIALECT, self._settings.schema, known, run)
        return self._writer

    def _columns(self, connection: psycopg.Connection[tuple[Any, ...]]) -> list[tuple[str, str, str]]:
        """Table, column and type of all columns in the schema."""
        found: list[Any] = connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = %s ORDER BY table_name, ordinal_position",
            (self._settings.schema,),
        ).fetchall()
        return found

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Say of PostgreSQL's errors what they mean for the rows."""
        driver = _driver()
        try:
            yield
        except driver.errors.InsufficientPrivilege as error:
            raise StoreUnusable(self._without_rights(error)) from error
        except driver.Error as error:
            raise self._meaning(error) from error

    def _meaning(self, error: psycopg.Error) -> Exception:
        connecting, state, text = self._connection is None, error.sqlstate or "", _why(error)
        if connecting and (_NO_WAY_IN.search(text) or isinstance(error, _driver().ProgrammingError)):
            return StoreUnusable(f"PostgreSQL at {self._settings.shown_url}: {text}")
        if state.startswith(_OVER_A_LIMIT) or not (connecting or state in _CHANGED or _is_operational(error)):
            return RowsRefused(f"PostgreSQL: {text}")
        return StoreFailed(self._lost(error))

    def _lost(self, error: Exception) -> str:
        """Why the database cannot be used now; its connection is given up, and made anew at the next try."""
        with suppress(Exception):
            self.close()
        return f"PostgreSQL at {self._settings.shown_url}: {_why(error)}"

    def _without_rights(self, error: Exception) -> str:
        schema = self._settings.schema
        return (
            f"PostgreSQL at {self._settings.shown_url}: {_why(error)}; let the database's owner run "
            f"`CREATE SCHEMA {schema} AUTHORIZATION role` with the role that this URL names"
        )


def _is_operational(error: Exception) -> bool:
    return isinstance(error, _driver().OperationalError)


def _driver() -> Any:
    """psycopg; StoreUnusable, naming what installs it, where it is missing."""
    try:
        import psycopg
    except ImportError as error:
        message = f"a postgresql:// warehouse needs psycopg ({error}): pip install 'journey-harness[postgres]'"
        raise StoreUnusable(message) from None
    return psycopg


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(map(_value, row))


def _value(value: Any) -> Any:
    """A value as JSON has it."""
    match value:
        case datetime():
            moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
            return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case date():
            return value.isoformat()
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case bytes():
            return value.hex()
        case None | bool() | int() | float() | str() | list() | dict():
            return value
        case _:
            return str(value)


def _why(error: Exception) -> str:
    """What PostgreSQL said, in one line."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    text = " ".join(str(primary or error).split())
    if "multiple commands" in text:
        return "it has several statements: write one select"
    if "read-only transaction" in text:
        return "it would do more than read: write a select"
    return text
