"""From accepted deliveries to rows: behind the reply, in order, and each message once."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from harness.adapters.warehouses import loading
from harness.adapters.warehouses.sqlite import SqliteStore
from harness.core.behaviours import behaviour
from harness.core.warehouses.rows import Row
from harness.core.warehouses.settings import SelectiveSync
from harness.core.warehouses.tables import Unfit
from tests.warehouses.serving import NAME, PATH, warehouse, warehoused
from tests.warehouses.stores import identify, track

COUNT = "select count(*) from tracks"


async def test_single_calls_arrays_and_batches_become_rows() -> None:
    """A warehouse takes calls in all three forms, and acknowledges them as event destinations do."""
    async with warehoused(warehouse("sqlite:")) as it:
        for body in (track("m1"), [track("m2"), identify("m3")], {"batch": [track("m4")], "sentAt": "now"}):
            answer = await it.it.send(body, to=PATH)
            assert (answer.status, answer.json) == (200, {"success": True})
        assert await it.rows("select id from tracks order by id") == [("m1",), ("m2",), ("m4",)]


async def test_only_what_was_accepted_becomes_rows() -> None:
    """A message that was refused is not there until a retry of it is accepted, and then once."""
    destination = replace(warehouse("sqlite:"), behaviour=behaviour([503, 200]))
    async with warehoused(destination) as it:
        await it.send(track("m1"))
        refused = await it.ask(COUNT)
        await it.send(track("m1"))
        await it.send(track("m1"))
        accepted = await it.rows(COUNT)
    assert refused.status == 400
    assert "no such table: tracks; engage_wh has no tables" in refused.json["title"]
    assert accepted == [(1,)]


async def test_a_malformed_batch_becomes_no_row() -> None:
    """It is recorded and answered 400; the run goes on."""
    async with warehoused(warehouse("sqlite:")) as it:
        malformed: tuple[Any, ...] = (
            {"batch": {}},
            {"batch": []},
            {"batch": [track("m1"), 7]},
            {"list": "x", "add": []},
        )
        for body in malformed:
            assert (await it.it.send(body, to=PATH)).status == 400
        await it.send(track("m2"))
        assert await it.rows("select id from tracks") == [("m2",)]


async def test_a_later_choice_adds_no_past_rows() -> None:
    """What selective sync leaves out is not written, and writing it from now on brings back nothing."""
    async with warehoused(warehouse("sqlite:", selection=SelectiveSync(without_tables=frozenset({"tracks"})))) as it:
        await it.send(track("m1"))
        it.run.add(warehouse("sqlite:"))
        await it.send(track("m2"))
        assert await it.rows("select id from tracks") == [("m2",)]
        assert await it.rows("select id from order_completed order by id") == [("m1",), ("m2",)]


async def test_a_choice_holds_for_what_came_under_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is still to be loaded when the choice changes is loaded as was chosen when it came."""
    go_on = threading.Event()

    class Held(SqliteStore):
        def load(self, calls: Sequence[Sequence[Row]]) -> Sequence[Unfit]:
            assert go_on.wait(30)
            return super().load(calls)

    monkeypatch.setattr(loading, "open_store", Held)
    nothing = SelectiveSync(tables=frozenset({"pages"}))
    async with warehoused(warehouse("sqlite:")) as it:
        await it.send(track("m1"))
        await it.send(track("m2"))
        it.run.add(warehouse("sqlite:", selection=nothing))
        await it.send(track("m3"))
        it.run.add(warehouse("sqlite:"))
        await it.send(track("m4"))
        go_on.set()
        assert await it.rows("select id from tracks order by id") == [("m1",), ("m2",), ("m4",)]


async def test_a_warehouse_that_moves_leaves_its_past_behind(tmp_path: Path) -> None:
    """With another URL, what came before stays where it was, and what comes after goes there."""
    old, new = (f"sqlite:{tmp_path / name}.db" for name in ("old", "new"))
    async with warehoused(warehouse(old)) as it:
        await it.send(track("m1"))
        it.run.add(warehouse(new))
        await it.send(track("m2"))
        assert await it.rows("select id from tracks") == [("m2",)]
    with sqlite3.connect(tmp_path / "old.db") as database:
        assert database.execute("select id from tracks").fetchall() == [("m1",)]
    database.close()


async def test_a_reset_forgets_what_is_in_memory() -> None:
    """The tables are empty again, and what comes afterwards is loaded."""
    async with warehoused(warehouse("sqlite:")) as it:
        await it.send(track("m1"))
        assert await it.rows(COUNT) == [(1,)]
        await it.it.ask("POST", "/_harness/v1/runs/default/reset")
        await it.send(track("m2"))
        assert await it.rows("select id from tracks") == [("m2",)]


async def test_a_file_is_read_by_others_while_the_server_runs(tmp_path: Path) -> None:
    """Another SQLite client sees all that was loaded, holds no lock against later loads, and can only read."""
    file = tmp_path / "warehouse.db"
    async with warehoused(warehouse(f"sqlite:{file}")) as it:
        await it.send(track("m1"))
        await it.rows("select 1")
        other = sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None)
        other.execute("begin")
        assert other.execute(COUNT).fetchone() == (1,)
        await it.send(track("m2"))
        assert await it.rows(COUNT) == [(2,)]
        other.execute("commit")
        assert other.execute(COUNT).fetchone() == (2,)
        other.close()


async def test_what_a_file_lacks_is_loaded_at_the_latest_when_the_server_stops(tmp_path: Path) -> None:
    """Nobody needs to ask: a graceful stop loads all that was answered for."""
    file = tmp_path / "warehouse.db"
    async with warehoused(warehouse(f"sqlite:{file}")) as it:
        for number in range(50):
            await it.send(*(track(f"m{number}-{index}") for index in range(20)))
    with sqlite3.connect(file) as database:
        assert database.execute(COUNT).fetchone() == (1000,)
    database.close()


async def test_a_locked_file_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds the file, senders get their answers; afterwards nothing is missing."""
    monkeypatch.setattr("harness.adapters.warehouses.sqlite._LOCK_SECONDS", 0.01)
    monkeypatch.setattr(loading, "PATIENCE_SECONDS", 0.2)
    file = tmp_path / "warehouse.db"
    async with warehoused(warehouse(f"sqlite:{file}")) as it:
        await it.send(track("m1"))
        await it.rows(COUNT)
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("begin immediate")
        assert (await it.send(track("m2"))).status == 200
        locked = await it.ask(COUNT)
        errored = await it.verdict()
        other.execute("rollback")
        other.close()
        monkeypatch.setattr(loading, "PATIENCE_SECONDS", 10)
        assert await it.rows(COUNT) == [(2,)]
        healed = await it.verdict()
    assert locked.status == 503
    assert errored["verdict"] == "errored"
    assert errored["failures"] == [f"{NAME}: SQLite database {file}: database is locked"]
    assert (healed["verdict"], healed["failures"]) == ("passed", [])


async def test_a_file_that_cannot_be_opened_is_told_at_once(tmp_path: Path) -> None:
    """The verdict says which file, and what to do; what came is recorded all the same."""
    file = tmp_path / "missing" / "warehouse.db"
    async with warehoused(warehouse(f"sqlite:{file}")) as it:
        assert (await it.send(track("m1"))).status == 200
        verdict = await it.verdict()
    assert verdict["counts"]["payloads"] == 1
    (failure,) = verdict["failures"]
    assert failure.startswith(f"wh: SQLite database {file}: unable to open database: {file}; name a file that can be")


async def test_a_call_that_no_table_takes_is_told_and_skipped() -> None:
    """It makes the run errored, and what came with it and after it is loaded."""
    async with warehoused(warehouse("sqlite:")) as it:
        await it.send(track("m1"), track("m2", event="Wide", said=dict.fromkeys(map(str, range(2_100)), 1)))
        await it.send(track("m3"))
        (failure,) = (await it.verdict())["failures"]
        assert failure == "wh: delivery 1 cannot be loaded: SQLite database memory: too many columns on wide"
        store = it.run.warehouses.get(NAME)
        assert store is not None
        assert store.refused == [failure]


async def test_a_fault_of_ours_is_told_and_ends_in_no_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong while rows are made, the run says so, and senders have their answers."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(loading, "rows_of", broken)
    async with warehoused(warehouse("sqlite:")) as it:
        assert (await it.send(track("m1"))).status == 200
        assert (await it.verdict())["failures"] == ["wh: ZeroDivisionError: oops"]


async def test_rows_are_loaded_though_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading begins with the delivery, not with the first question."""
    loop, loaded = asyncio.get_running_loop(), asyncio.Event()

    class Noting(SqliteStore):
        def load(self, calls: Sequence[Sequence[Row]]) -> Sequence[Unfit]:
            loop.call_soon_threadsafe(loaded.set)
            return super().load(calls)

    monkeypatch.setattr(loading, "open_store", Noting)
    async with warehoused(warehouse("sqlite:")) as it, asyncio.timeout(10):
        await it.send(track("m1"))
        await loaded.wait()


async def test_a_store_that_is_slow_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits in vain learns that rows are still missing, and the verdict is not passed; later, all is well."""
    go_on = threading.Event()

    class Slow(SqliteStore):
        def load(self, calls: Sequence[Sequence[Row]]) -> Sequence[Unfit]:
            assert go_on.wait(30)
            return super().load(calls)

    monkeypatch.setattr(loading, "open_store", Slow)
    monkeypatch.setattr(loading, "PATIENCE_SECONDS", 0.05)
    async with warehoused(warehouse("sqlite:")) as it:
        assert (await it.send(track("m1"))).status == 200
        early = await it.verdict()
        go_on.set()
        monkeypatch.setattr(loading, "PATIENCE_SECONDS", 10)
        assert await it.rows(COUNT) == [(1,)]
        later = await it.verdict()
    assert early["failures"] == ["wh: after 0.05 s, some of what it accepted is still being loaded"]
    assert (early["verdict"], later["verdict"]) == ("errored", "passed")
