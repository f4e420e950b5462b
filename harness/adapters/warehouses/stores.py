"""What a warehouse writes its rows to and reads them from, and how that fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from harness.core.warehouses.results import Rows
from harness.core.warehouses.rows import Row
from harness.core.warehouses.settings import WarehouseSettings, is_postgresql
from harness.core.warehouses.tables import Unfit

LONGEST_QUERY_SECONDS = 5.0
MOST_ROWS = 10_000
"""Rows that a query may find."""


class StoreFailed(Exception):
    """Nothing of what was to be written was written; it may be tried again. The message says why."""


class StoreUnusable(StoreFailed):
    """The same, where no second try helps before somebody mends the set-up."""


class RowsRefused(Exception):
    """The database will never take these rows, such as one with too many columns; the message says why."""


class QueryFailed(Exception):
    """A query was refused, or failed; the message says why."""


def few_enough(found: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
    """The rows that a query found; QueryFailed where they are too many to be judged."""
    if len(found) > MOST_ROWS:
        raise QueryFailed(f"it finds more than {MOST_ROWS:,} rows: count them, or add a limit")
    return found


class Store(Protocol):
    """A database; all of its methods are called from one thread, and block it."""

    def load(self, calls: Sequence[Sequence[Row]]) -> Sequence[Unfit]:
        """Write the rows of each call, all of them or none; a message that is there already changes nothing.

        Returns the values that their columns cannot hold. Raises StoreFailed or RowsRefused.
        """
        ...

    def query(self, sql: str) -> Rows:
        """The rows that a reading query finds; QueryFailed where it fails, or would change anything."""
        ...

    def tables(self) -> dict[str, int]:
        """The tables that are there, each with the number of its rows."""
        ...

    def clear(self) -> None:
        """Forget all rows, where they are kept in memory; a database elsewhere keeps its own."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...


def open_store(settings: WarehouseSettings) -> Store:
    """The store that `settings` name; it connects when it is first used."""
    if is_postgresql(settings.url):
        from harness.adapters.warehouses.postgresql import PostgresqlStore

        return PostgresqlStore(settings)
    from harness.adapters.warehouses.sqlite import SqliteStore

    return SqliteStore(settings)
