"""The deliveries of a run in a ledger file, read only as they are asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, overload

from msgspec import Struct

from harness.adapters.sqlite_ledger.rows import COLUMNS, NUMBER_BITS, NUMBERS, Row, delivery_of
from harness.adapters.sqlite_ledger.storage import words_of
from harness.core.delivery import Delivery
from harness.core.instants import Instant
from harness.core.keeping import Bounds, LedgerFailed, Loss

_STRIDE: Final = 256
"""Rows that are read at once. No transaction stays open between two strides, or the log beside the file would grow."""
_RANGE: Final = f"SELECT {COLUMNS} FROM delivery WHERE id > ? AND id <= ? ORDER BY id"  # noqa: S608  # our own columns
_OF_LISTS: Final = (
    f"SELECT {COLUMNS} FROM delivery WHERE id > ? AND id <= ? AND kind = 'list' "  # noqa: S608  # as above
    "AND status BETWEEN 200 AND 299 ORDER BY id"
)
_UNEXPECTED: Final = f"SELECT {COLUMNS} FROM delivery WHERE id > ? AND id <= ? AND kind IS NULL ORDER BY id"  # noqa: S608  # as above
_ENDS: Final = (  # in one query, min and max would look at every row
    "SELECT (SELECT min(id) FROM delivery WHERE id > :low AND id <= :high), "
    "(SELECT max(id) FROM delivery WHERE id > :low AND id <= :high)"
)


class Held(Struct, kw_only=True):
    """What a run holds in the file."""

    first: int = 1
    last: int = 0
    """Numbers of the oldest and the latest delivery."""
    count: int = 0
    size: int = 0
    """Bytes of bodies and headers, where somebody bounds them."""
    oldest: Instant = 0
    """When the oldest arrived, or an instant before."""


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


def held_of(reader: sqlite3.Connection, run: int, bounds: Bounds) -> Held:
    """What the file holds of a run. Counting takes a look at every delivery, and is done only where there are gaps."""
    low, high = run << NUMBER_BITS, run << NUMBER_BITS | NUMBERS
    first, last = reader.execute(_ENDS, {"low": low, "high": high}).fetchone()
    if first is None:
        return Held()
    held = Held(first=first & NUMBERS, last=last & NUMBERS)
    (held.oldest,) = reader.execute("SELECT arrived_at FROM delivery WHERE id = ?", (first,)).fetchone()
    query = "SELECT count(*), sum(length(body) + length(headers)) FROM delivery WHERE id > ? AND id <= ?"
    gaps = reader.execute("SELECT 1 FROM loss WHERE run = ? AND cause = 'failed'", (run,)).fetchone()
    held.count = held.last - held.first + 1
    if gaps or bounds.max_bytes is not None:
        held.count, held.size = reader.execute(query, (low, high)).fetchone()
    return held


def known_losses(reader: sqlite3.Connection, run: int) -> list[Loss]:
    """What the file says that a run lost."""
    query = "SELECT cause, why, count, first, last FROM loss WHERE run = ?"
    rows = reader.execute(query, (run,)).fetchall()
    return [Loss(cause=row[0], why=row[1], count=row[2], first=row[3], last=row[4]) for row in rows]


def run_names(reader: sqlite3.Connection) -> list[str]:
    """The runs in a file, in the order of their opening."""
    with reading():
        return [name for (name,) in reader.execute("SELECT name FROM run WHERE name IS NOT NULL ORDER BY id")]


def read_run(reader: sqlite3.Connection, name: str) -> tuple[StoredDeliveries, Sequence[Loss]]:
    """The deliveries that a file holds of the run of that name, and what it lost; for others than its server."""
    with reading():
        (identifier,) = reader.execute("SELECT id FROM run WHERE name = ?", (name,)).fetchone()
        held, losses = held_of(reader, identifier, Bounds()), known_losses(reader, identifier)
    dense = held.count == held.last - held.first + 1
    return StoredDeliveries(reader, (identifier, name), held.first, held.last, dense), losses
