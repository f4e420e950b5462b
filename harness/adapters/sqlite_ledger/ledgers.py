"""The ledgers of a server in one SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from harness.adapters.clocks import wall_clock
from harness.adapters.sqlite_ledger.groups import Groups, transaction
from harness.adapters.sqlite_ledger.ledger import SqliteLedger
from harness.adapters.sqlite_ledger.rows import NUMBER_BITS
from harness.adapters.sqlite_ledger.storage import open_reader, open_writer, own, told
from harness.core.instants import Instant
from harness.core.keeping import LedgerFailed
from harness.core.ledger_urls import InSqlite

PATIENCE_SECONDS: Final = 5.0
"""How long deliveries wait for another process that has locked the file, before they are answered 503."""
_PURGED: Final = 500
"""Deliveries of forgotten runs that are deleted at once; more would keep everybody waiting."""
_PURGE: Final = "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE id > ? AND id < ? LIMIT ?)"


class SqliteLedgers:
    """Opens the ledger of each run; one server at a time owns the file, while others may read it."""

    def __init__(
        self,
        place: InSqlite,
        *,
        now: Callable[[], Instant] = wall_clock,
        patience: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the file, or make it; LedgerFailed says why that cannot be."""
        self._place = place
        self._now = now
        self._owner = own(place.path)
        try:
            self._writer = open_writer(place.path, place.synchronous)
            self._reader = open_reader(place.path)
        except LedgerFailed:
            self._owner.close()
            raise
        self._groups = Groups(self._writer, patience, clock)
        self._open: dict[int, SqliteLedger] = {}
        self._closed = False
        self._purging: asyncio.Handle | None = None

    def of(self, run: str) -> SqliteLedger:
        """The ledger of the run of that name, with all that the file holds of it."""
        with told(self._place.path):
            found = self._reader.execute("SELECT id FROM run WHERE name = ?", (run,)).fetchone()
            identifier = found[0] if found else self._new(run)
            ledger = SqliteLedger(
                (identifier, run), self._groups, self._reader, self._place.bounds, self._now, self._forget
            )
        self._open[identifier] = ledger
        self._purge_soon()
        return ledger

    def _new(self, run: str) -> int:
        with transaction(self._writer):
            return int(self._writer.execute("INSERT INTO run (name) VALUES (?)", (run,)).lastrowid or 0)

    def _forget(self, run: int, anew: str | None) -> int:
        """Forget a run; the id of the run named `anew`, where there is to be one in its place."""
        with told(self._place.path), transaction(self._writer):
            self._writer.execute("UPDATE run SET name = NULL WHERE id = ?", (run,))
            self._writer.execute("DELETE FROM loss WHERE run = ?", (run,))
            identifier = run
            if anew is not None:
                identifier = self._writer.execute("INSERT INTO run (name) VALUES (?)", (anew,)).lastrowid or 0
        ledger = self._open.pop(run)
        if anew is not None:
            self._open[identifier] = ledger
        self._purge_soon()
        return identifier

    def _purge_soon(self) -> None:
        """Delete what forgotten runs recorded, little by little, beside what comes."""
        if self._purging is None:
            with suppress(RuntimeError):  # without an event loop, closing does it
                self._purging = asyncio.get_running_loop().call_later(0.01, self._purge_on)

    def _purge_on(self) -> None:
        self._purging = None
        with suppress(sqlite3.Error):  # it is tried again when the next run is opened or forgotten
            if self._purge():
                self._purge_soon()

    def _purge(self) -> bool:
        """Delete some of what a forgotten run recorded; whether there may be more."""
        with transaction(self._writer):
            found = self._writer.execute("SELECT id FROM run WHERE name IS NULL LIMIT 1").fetchone()
            if found is None:
                return False
            span = found[0] << NUMBER_BITS, (found[0] + 1) << NUMBER_BITS
            if self._writer.execute(_PURGE, (*span, _PURGED)).rowcount < _PURGED:
                self._writer.execute("DELETE FROM run WHERE id = ?", found)
        return True

    def flush(self) -> None:
        """Commit what waits for it, now."""
        self._groups.commit(last=True)

    def close(self) -> None:
        """Write what can still be written, and let go of the file."""
        if self._closed:
            return
        self._closed = True
        self.flush()
        if self._purging is not None:
            self._purging.cancel()
        with suppress(sqlite3.Error):
            self._write_owed([ledger for ledger in self._open.values() if ledger.owes])
            while self._purge():
                pass
        for connection in (self._reader, self._writer, self._owner):
            connection.close()

    def _write_owed(self, ledgers: Sequence[SqliteLedger]) -> None:
        with transaction(self._writer):
            for ledger in ledgers:
                ledger.write(self._writer, [])
        for ledger in ledgers:
            ledger.wrote()
