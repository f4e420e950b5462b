"""Opening a ledger file: making it where there is none, and saying what is wrong where it cannot be used."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from harness.core.keeping import LedgerFailed
from harness.core.ledger_urls import Synchronous

VERSION: Final = 1
_APPLICATION: Final = 0x6A68_6C67
"""Tells our files from other SQLite databases."""
_SCHEMA: Final = Path(__file__).with_name("schema.sql")
_CHECKPOINT_PAGES: Final = 4000
_LARGEST_LOG: Final = 64 * 1024 * 1024
_OPEN_SECONDS: Final = 5.0
"""How long to wait for another process to let go of the file when it is opened."""
_BUSY: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_MEANT: Final = {
    sqlite3.SQLITE_FULL: "the disk is full, or the file may not grow any more: free some space",
    sqlite3.SQLITE_BUSY: "another process has locked the file: find out which, and let it end its transaction",
    sqlite3.SQLITE_READONLY: "it cannot be written: change its permissions, or those of its folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check that its folder exists and may be written",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: `sqlite3 FILE .recover` saves what can be saved; use another file",
    sqlite3.SQLITE_NOTADB: "this is no SQLite database: give the path of a ledger, or of a file that is not there yet",
    sqlite3.SQLITE_IOERR: "the operating system cannot read or write it: check the disk",
}


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another process has locked the file, and it may be tried again."""
    return _code(error) in _BUSY


def words_of(error: sqlite3.Error) -> str:
    """What SQLite says, and how to mend it where that is known."""
    meant = _MEANT.get(_code(error))
    return f"{error} ({meant})" if meant else str(error)


def _code(error: sqlite3.Error) -> int:
    """The primary code of an error; its extended ones have more bits."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


@contextmanager
def told(path: str) -> Iterator[None]:
    """Turn what SQLite raises into LedgerFailed."""
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerFailed(f"the ledger {path} cannot be used: {words_of(error)}") from None


def open_reader(path: str) -> sqlite3.Connection:
    """A connection that only reads; LedgerFailed where there is no such ledger."""
    if not Path(path).is_file():
        raise LedgerFailed(f"there is no ledger {path}: `harness serve --ledger sqlite:{path}` makes one")
    with told(path):
        connection = _connect(path, _OPEN_SECONDS)
        connection.execute("PRAGMA query_only = on")
        _refuse_foreign(connection, path)
        return connection


def open_writer(path: str, synchronous: Synchronous) -> sqlite3.Connection:
    """A connection that writes, the tables made where there are none; LedgerFailed where that cannot be."""
    with told(path):
        connection = _connect(path, _OPEN_SECONDS)
        if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            _make(connection)
        _refuse_foreign(connection, path)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_LARGEST_LOG}")
        connection.execute("PRAGMA busy_timeout = 0")  # waiting here would stop the server; it tries again instead
        return connection


def own(path: str) -> sqlite3.Connection:
    """A lock that tells other servers to leave the file alone, held until it is closed or the process dies.

    It is a lock on an empty database beside the file, since that works the same on every system.
    """
    beside = f"{path}-owner"
    try:
        connection = _connect(beside, 0)
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        if is_busy(error):
            raise LedgerFailed(
                f"the ledger {path} belongs to another server that is running: stop that one, or give another file"
            ) from None
        raise LedgerFailed(f"the ledger {path} cannot be used: {beside}: {words_of(error)}") from None
    return connection


def _connect(path: str, seconds: float) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=seconds, isolation_level=None, check_same_thread=False, cached_statements=64)


def _make(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = wal")
    marks = f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {VERSION};"
    connection.executescript(f"BEGIN IMMEDIATE;\n{_SCHEMA.read_text('utf-8')}\n{marks}\nCOMMIT;")


def _refuse_foreign(connection: sqlite3.Connection, path: str) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION:
        connection.close()
        raise LedgerFailed(f"{path} is a database of something else, and stays untouched: give another path")
    if version != VERSION:
        connection.close()
        raise LedgerFailed(
            f"the ledger {path} has version {version}, and this harness reads {VERSION}: "
            "use the harness that wrote it, or another file"
        )
