"""Commits of deliveries in groups: all that came in while the event loop was busy is committed as one.

A commit costs several times what writing a delivery does. It is made on the event loop, between two of its rounds and
not in a thread: without a wait for the disk (`synchronous = normal`) it takes less time than handing it over would.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple, Protocol

from harness.adapters.sqlite_ledger.rows import Row
from harness.adapters.sqlite_ledger.storage import is_busy, words_of
from harness.core.keeping import Committing

_LARGEST: Final = 256
"""Deliveries of one group."""
_AGAIN_SECONDS: Final = 0.02
"""Until a file that another process has locked is tried again."""
_UNFIT: Final = (sqlite3.IntegrityError, sqlite3.DataError, ValueError, OverflowError)
"""What is raised where it is not the file that is at fault, but what is to be written."""
_LOG = logging.getLogger("harness.server")


class Owner(Protocol):
    """The ledger that a delivery belongs to."""

    def write(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Write `rows`, and whatever else is due, in the transaction that is open."""
        ...

    def wrote(self) -> None:
        """Take note that the transaction was committed."""
        ...

    def failed(self, committing: Committing, why: str, *, again: bool) -> None:
        """Take note that a delivery could not be written, and whether that may be tried again."""
        ...


class Waiting(NamedTuple):
    """A delivery that is not committed yet."""

    owner: Owner
    row: Row
    committing: Committing


class Groups:
    """Commits what the ledgers of one file are given."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        patience: float,
        clock: Callable[[], float],
        loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.get_running_loop,
    ) -> None:
        """Write to `connection`; a file that is locked is tried again for so many seconds of `clock`."""
        self._loop = loop
        self._connection = connection
        self._patience = patience
        self._clock = clock
        self._waiting: list[Waiting] = []
        self._seen = 0
        self._timer: asyncio.Handle | None = None
        self._locked_since: float | None = None

    def add(self, waiting: Waiting) -> None:
        """Commit it with those that come in at the same time; where no event loop runs, `commit` has to be called."""
        self._waiting.append(waiting)
        if self._timer is None:
            self._seen = 0
            with suppress(RuntimeError):
                self._timer = self._loop().call_soon(self._tick)

    def _tick(self) -> None:
        """Commit once a round of the event loop brought nothing more, or enough."""
        count = len(self._waiting)
        if self._seen < count < _LARGEST:
            self._seen = count
            self._timer = self._loop().call_soon(self._tick)
            return
        self._timer = None
        self.commit()

    def commit(self, *, last: bool = False) -> None:
        """Commit all that waits, and tell those who wait for it; where it is the `last` try, no other follows."""
        group, self._waiting = self._waiting, []
        if not group:
            return
        try:
            self._write(group)
        except _UNFIT as error:
            self._one_by_one(group, error)
        except sqlite3.Error as error:
            if not last and is_busy(error) and self._may_try_again():
                self._waiting = group + self._waiting
                self._timer = self._loop().call_later(_AGAIN_SECONDS, self._retry)
                return
            self._fail(group, words_of(error), again=True)
        else:
            self._locked_since = None
            for waiting in group:
                waiting.committing.settle(None)

    def _one_by_one(self, group: Sequence[Waiting], error: Exception) -> None:
        """Find the delivery that cannot be written, so that the others can."""
        if len(group) == 1:
            self._fail(group, str(error), again=False)
            return
        for waiting in group:
            self._waiting = [waiting]
            self.commit(last=True)

    def _retry(self) -> None:
        self._timer = None
        self.commit()

    def _may_try_again(self) -> bool:
        now = self._clock()
        if self._locked_since is None:
            self._locked_since = now
        return now - self._locked_since < self._patience

    def _write(self, group: Sequence[Waiting]) -> None:
        """Write a group, all of it or nothing."""
        by_owner: dict[Owner, list[Row]] = {}
        for waiting in group:
            by_owner.setdefault(waiting.owner, []).append(waiting.row)
        with transaction(self._connection):
            for owner, rows in by_owner.items():
                owner.write(self._connection, rows)
        for owner in by_owner:
            owner.wrote()

    def _fail(self, group: Sequence[Waiting], why: str, *, again: bool) -> None:
        _LOG.error("%s deliveries could not be written to the ledger: %s", len(group), why)
        for waiting in group:
            waiting.owner.failed(waiting.committing, why, again=again)
            waiting.committing.settle(why)


class transaction:  # noqa: N801  # used like a function; a generator would cost as much as the commit's own Python
    """A transaction, committed at its end, and rolled back where something is raised in it."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._commit()
        else:
            self._roll_back()

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # SQLite ends it by itself where the disk is full
            self._connection.execute("ROLLBACK")
