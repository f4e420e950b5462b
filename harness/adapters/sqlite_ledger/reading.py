"""The deliveries of a run in a ledger file, read only as they are asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, overload

from harness.adapters.sqlite_ledger.rows import COLUMNS, NUMBER_BITS, Row, delivery_of
from harness.adapters.sqlite_ledger.storage import words_of
from harness.core.delivery import Delivery
from harness.core.keeping import LedgerFailed

_STRIDE: Final = 256
"""Rows that are read at once. No transaction stays open between two strides, or the log beside the file would grow."""
_RANGE: Final = f"SELECT {COLUMNS} FROM delivery WHERE id > ? AND id <= ? ORDER BY id"  # noqa: S608  # our own columns
_OF_LISTS: Final = (
    f"SELECT {COLUMNS} FROM delivery WHERE id > ? AND id <= ? AND kind = 'list' "  # noqa: S608  # as above
    "AND status BETWEEN 200 AND 299 ORDER BY id"
)
_UNEXPECTED: Final = f"SELECT {COLUMNS} FROM delivery WHERE id > ? AND id <= ? AND kind IS NULL ORDER BY id"  # noqa: S608  # as above


class StoredDeliveries(Sequence[Delivery]):
    """The deliveries that were there when this was made, of numbers from `low` on up to `high`; none is kept here."""

    def __init__(self, connection: sqlite3.Connection, run: tuple[int, str], low: int, high: int, dense: bool) -> None:
        """Read by `connection`; `run` is id and name, and `dense` says that no number between the two is missing."""
        self._connection = connection
        self._id, self._name = run
        self._base = self._id << NUMBER_BITS
        self._low = low
        self._high = high
        self._dense = dense

    def __len__(self) -> int:
        if self._dense:
            return max(0, self._high - self._low + 1)
        query = "SELECT count(*) FROM delivery WHERE id >= ? AND id <= ?"
        with reading():
            return int(self._connection.execute(query, (self._base + self._low, self._base + self._high)).fetchone()[0])

    def __bool__(self) -> bool:
        return self._high >= self._low

    def __iter__(self) -> Iterator[Delivery]:
        return self._rows(_RANGE)

    def of_lists(self) -> Iterator[Delivery]:
        """Those to list destinations that were accepted."""
        return self._rows(_OF_LISTS)

    def unexpected(self) -> Iterator[Delivery]:
        """Those for destinations that there were not."""
        return self._rows(_UNEXPECTED)

    def _rows(self, query: str) -> Iterator[Delivery]:
        after = self._base + self._low - 1
        while rows := self._stride(query, after, _STRIDE):
            for row in rows:
                yield delivery_of(self._name, row)
            after = rows[-1][0]

    def _stride(self, query: str, after: int, count: int, skipped: int = 0) -> list[Row]:
        with reading():
            limited = f"{query} LIMIT {count} OFFSET {skipped}" if skipped else f"{query} LIMIT {count}"
            return self._connection.execute(limited, (after, self._base + self._high)).fetchall()

    @overload
    def __getitem__(self, index: int) -> Delivery: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Delivery]: ...
    def __getitem__(self, index: int | slice) -> Delivery | Sequence[Delivery]:
        if isinstance(index, slice):
            return self._slice(index)
        at = index + len(self) if index < 0 else index
        found = self._from(at, 1) if at >= 0 else []
        if not found:
            raise IndexError(index)
        return found[0]

    def _slice(self, asked: slice) -> Sequence[Delivery]:
        start, stop, step = asked.indices(len(self))
        if step == 1:
            return self._from(start, max(0, stop - start))
        return [self[at] for at in range(start, stop, step)]

    def _from(self, at: int, count: int) -> list[Delivery]:
        """The deliveries from place `at` on."""
        after = self._base + self._low - 1
        rows = self._stride(_RANGE, after + at, count) if self._dense else self._stride(_RANGE, after, count, at)
        return [delivery_of(self._name, row) for row in rows]


@contextmanager
def reading() -> Iterator[None]:
    """Turn what SQLite raises while somebody reads into LedgerFailed."""
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerFailed(f"the ledger cannot be read: {words_of(error)}") from None
