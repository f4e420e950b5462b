"""The ledgers of a server, wherever they are kept."""

from __future__ import annotations

from typing import Protocol, assert_never

from harness.adapters.memory_ledger import BoundedLedger, MemoryLedger
from harness.core.keeping import Bounds
from harness.core.ledger import Ledger
from harness.core.ledger_urls import InMemory, InSqlite, LedgerPlace


class Ledgers(Protocol):
    """Where the runs of a server keep what they record."""

    def of(self, run: str) -> Ledger:
        """The ledger of the run of that name, with all that is there of it; LedgerFailed where it cannot be had."""
        ...

    def flush(self) -> None:
        """Commit what waits for it, now."""
        ...

    def close(self) -> None:
        """Let go of what they are kept in."""
        ...


class MemoryLedgers:
    """Ledgers in memory, each empty when it is opened."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        """Keep no more of each run than `bounds` allow."""
        self._bounds = bounds or Bounds()

    def of(self, run: str) -> Ledger:
        """An empty ledger."""
        return BoundedLedger(self._bounds) if self._bounds else MemoryLedger()

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""


def open_ledgers(place: LedgerPlace) -> Ledgers:
    """The ledgers at `place`; LedgerFailed says why they cannot be had."""
    match place:
        case InMemory(bounds=bounds):
            return MemoryLedgers(bounds)
        case InSqlite():
            from harness.adapters.sqlite_ledger.ledgers import SqliteLedgers  # only who wants it waits for its import

            return SqliteLedgers(place)
        case _:
            assert_never(place)
