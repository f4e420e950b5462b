"""What only PostgreSQL has: a server that restarts, roles, and a driver that may be missing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import psycopg
import pytest

from harness.adapters.warehouses import loading
from harness.adapters.warehouses.stores import StoreUnusable, open_store
from harness.core.warehouses.settings import WarehouseSettings
from tests.docs.fences import CHECKOUT, examples_of
from tests.warehouses.postgresql import PostgresqlServer
from tests.warehouses.serving import warehouse, warehoused
from tests.warehouses.stores import rows, track

COUNT = "select count(*) from tracks"


@pytest.fixture
def database(postgresql: PostgresqlServer) -> Iterator[str]:
    """The name of an empty database."""
    with psycopg.connect(postgresql.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE analytics")
        yield "analytics"
        connection.execute("DROP DATABASE analytics WITH (FORCE)")


@pytest.fixture
def service_user(postgresql: PostgresqlServer, database: str) -> Iterator[str]:
    """The role that the page on warehouses creates, by its own SQL."""
    page = CHECKOUT / "docs" / "warehouses.md"
    (statements,) = [example.body for example in examples_of(page) if example.language == "sql"]
    with psycopg.connect(postgresql.url(database=database), autocommit=True) as connection:
        connection.execute(statements.encode())
        yield "harness"
        connection.execute("DROP OWNED BY harness CASCADE")
        connection.execute("DROP ROLE harness")


async def test_a_restart_under_load_loses_nothing(postgresql: PostgresqlServer) -> None:
    """Senders are answered while the database is killed, down and back; all that was answered for is in, once."""
    async with warehoused(warehouse(postgresql.url(), "engage_restarted")) as it:

        async def send(first: int, last: int) -> None:
            for number in range(first, last):
                answer = await it.send(track(f"m{number}"), track(f"n{number}"))
                assert answer.status == 200

        await send(0, 20)
        assert await it.rows(COUNT) == [(40,)]
        sending = asyncio.create_task(send(20, 220))
        await asyncio.to_thread(postgresql.stop)
        try:
            down = 220
            while not it.run.warehouses.troubles:  # until a load has failed
                await send(down, down + 1)
                down += 1
        finally:
            await asyncio.to_thread(postgresql.start)
        await sending
        await send(down, down + 20)
        messages = 2 * (down + 20)
        assert await it.rows(COUNT) == [(messages,)]
        assert await it.rows("select count(distinct id) from order_completed") == [(messages,)]
        verdict = await it.verdict()
    assert (verdict["verdict"], verdict["counts"]["payloads"]) == ("passed", messages)


async def test_a_database_that_is_down_is_told(postgresql: PostgresqlServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for rows waits for some time only, and is told of which database and why; no password shows."""
    monkeypatch.setattr(loading, "PATIENCE_SECONDS", 0.2)
    url = postgresql.url().replace("postgres@", "postgres:secret@") + "_nowhere"
    async with warehoused(warehouse(url)) as it:
        await it.send(track("m1"))
        answer, verdict = await it.ask(COUNT), await it.verdict()
        state = await it.it.get("/runs/default/destinations")
    assert answer.status == 503
    assert verdict["verdict"] == "errored"
    assert "postgresql://postgres:***@/postgres" in answer.json["title"]
    assert "secret" not in f"{answer.body!r} {verdict} {state}"


async def test_the_service_user_of_the_page_can_do_all_that_is_needed(
    postgresql: PostgresqlServer, database: str, service_user: str
) -> None:
    """With rights on its own schema and no others, rows are written and read, and others read them meanwhile."""
    url = postgresql.url(user=service_user, database=database)
    async with warehoused(warehouse(url, "engage_snowflake")) as it:
        await it.send(track("m1", plan="pro"))
        assert await it.rows("select plan from order_completed") == [("pro",)]
        with psycopg.connect(postgresql.url(database=database)) as reader:
            assert reader.execute("select id from engage_snowflake.tracks").fetchall() == [("m1",)]
            await it.send(track("m2"))
            assert await it.rows(COUNT) == [(2,)]


async def test_the_service_user_can_do_nothing_else(
    postgresql: PostgresqlServer, database: str, service_user: str
) -> None:
    """Another schema is out of its reach: one error says what is missing, and the SQL that mends it."""
    url = postgresql.url(user=service_user, database=database)
    async with warehoused(warehouse(url, "engage_other")) as it:
        await it.send(track("m1"))
        (failure,) = (await it.verdict())["failures"]
    assert "permission denied for database analytics" in failure
    assert "`CREATE SCHEMA engage_other AUTHORIZATION role`" in failure


async def test_a_query_reads_what_its_role_may_read(
    postgresql: PostgresqlServer, database: str, service_user: str
) -> None:
    """A query of a scenario has no more rights than the role that loads."""
    with psycopg.connect(postgresql.url(database=database), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA private; CREATE TABLE private.salaries (amount int)")
    async with warehoused(warehouse(postgresql.url(user=service_user, database=database), "engage_snowflake")) as it:
        answer = await it.ask("select * from private.salaries")
    assert answer.status == 400
    assert "permission denied for schema private" in answer.json["title"]


def test_a_missing_driver_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has not installed psycopg is told how to."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    store = open_store(WarehouseSettings(url="postgresql://nowhere/x", schema="s"))
    with pytest.raises(StoreUnusable, match=r"pip install 'journey-harness\[postgres\]'"):
        store.load(rows(track("m1")))


@pytest.mark.parametrize("url", ["postgresql://x/y?nonsense=1", "postgresql://["])
def test_a_url_that_cannot_be_read_is_told_at_once(url: str) -> None:
    """No try is repeated that can never succeed."""
    with pytest.raises(StoreUnusable, match="PostgreSQL at"):
        open_store(WarehouseSettings(url=url, schema="s")).load(rows(track("m1")))


def test_a_database_that_is_not_there_is_told_at_once(postgresql: PostgresqlServer) -> None:
    """Neither is one repeated for a database or a role that nobody has made."""
    url = postgresql.url(database="nothing_like_it")
    with pytest.raises(StoreUnusable, match="does not exist"):
        open_store(WarehouseSettings(url=url, schema="s")).load(rows(track("m1")))
