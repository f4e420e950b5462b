"""A database that is killed again and again while many senders go on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest

from harness.adapters.sqlite_ledger.ledgers import SqliteLedgers
from harness.core.ledger_urls import InSqlite
from tests.server.serving import served
from tests.warehouses.postgresql import PostgresqlServer
from tests.warehouses.serving import Warehoused, warehouse
from tests.warehouses.stores import track

SENDERS = 4
RESTARTS = 2
SCHEMA = "engage_killed"


@pytest.mark.long
async def test_all_that_was_answered_is_in_the_tables_after_restarts_under_load(
    postgresql: PostgresqlServer, tmp_path: Path
) -> None:
    """Four senders go on while PostgreSQL is killed twice: each message that was answered is there, once."""
    ledgers = SqliteLedgers(InSqlite(path=str(tmp_path / "ledger.db")))
    answered: list[str] = []
    enough = asyncio.Event()
    async with served({"contract": "segment-spec"}, ledgers=ledgers) as server:
        it = Warehoused(server)
        it.run.add(warehouse(postgresql.url(), SCHEMA))
        senders = [asyncio.create_task(_send(it, name, answered, enough)) for name in range(SENDERS)]
        for _ in range(RESTARTS):
            await _restarted(postgresql, it, answered)
        enough.set()
        await asyncio.gather(*senders)
        await it.run.warehouses.loaded()
        verdict = await it.verdict()
    assert verdict["failures"] == []
    with psycopg.connect(postgresql.url()) as connection:
        for table in ("tracks", "order_completed"):
            ids = [row[0] for row in connection.execute(f"SELECT id FROM {SCHEMA}.{table}")]  # noqa: S608
            assert sorted(ids) == sorted(answered)


async def _send(it: Warehoused, sender: int, answered: list[str], enough: asyncio.Event) -> None:
    number = 0
    while not enough.is_set():
        number += 1
        message = f"{sender}-{number}"
        answer = await it.send(track(message))
        assert answer.status == 200
        answered.append(message)


async def _restarted(postgresql: PostgresqlServer, it: Warehoused, answered: list[str]) -> None:
    """Kill the database in the midst of it, keep it down until a load has failed, and bring it back."""
    begun = len(answered)
    while len(answered) < begun + 100:
        await it.it.get("/runs/default")
    await asyncio.to_thread(postgresql.stop)
    try:
        while not it.run.warehouses.troubles:
            await it.it.get("/runs/default")
    finally:
        await asyncio.to_thread(postgresql.start)
    while it.run.warehouses.troubles:  # until it has gone on
        await it.it.get("/runs/default")
