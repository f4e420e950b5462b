"""What every store does, be it SQLite in memory, in a file, or PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.adapters.warehouses.stores import QueryFailed, RowsRefused, Store, StoreFailed, open_store
from harness.core.warehouses.settings import WarehouseSettings
from tests.warehouses.postgresql import PostgresqlServer
from tests.warehouses.stores import identify, rows, track

LASTING = ["file", "postgresql"]
"""Stores that outlive a connection, and that others can reach."""
_NUMBERS = itertools.count(1)


@pytest.fixture(params=["memory", *LASTING])
def kind(request: pytest.FixtureRequest) -> str:
    """Which store is tested."""
    return str(request.param)


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> WarehouseSettings:
    """Settings that name a schema of the test's own."""
    schema = f"engage_{next(_NUMBERS)}"
    match kind:
        case "memory":
            return WarehouseSettings(schema=schema)
        case "file":
            return WarehouseSettings(schema=schema, url=f"sqlite:{tmp_path / 'warehouse.db'}")
        case _:
            server: PostgresqlServer = request.getfixturevalue("postgresql")
            return WarehouseSettings(schema=schema, url=server.url())


@pytest.fixture
def store(settings: WarehouseSettings) -> Iterator[Store]:
    """An empty store."""
    store = open_store(settings)
    yield store
    store.close()


def test_rows_can_be_queried_with_and_without_the_schema(store: Store, settings: WarehouseSettings) -> None:
    """A table is found by its name alone and by that of its schema, as SQL clients write it."""
    store.load(rows(track("m1", total=3), track("m2", "u2", total=4)))
    assert store.query("select user_id, total from order_completed order by total").rows == (("u1", 3), ("u2", 4))
    with_schema = f"select count(*) as n from {settings.schema}.tracks"  # noqa: S608  # a name of the test's
    assert store.query(with_schema).records() == [{"n": 2}]


def test_types_are_those_of_the_values(store: Store) -> None:
    """Whole numbers, fractions, booleans, times and texts come back as what they were; SQLite has 1 for true."""
    said = {"total": 3, "price": 1.5, "paid": True, "at": "2026-01-05T10:00:00+01:00", "plan": "pro", "tags": ["a", 1]}
    store.load(rows(track("m1", said=said)))
    (found,) = store.query("select total, price, paid, at, plan, tags from order_completed").rows
    assert found == (3, 1.5, True, "2026-01-05T09:00:00.000000Z", "pro", '["a",1]')


def test_columns_are_added_when_they_first_come(store: Store) -> None:
    """A table grows by the columns of later calls; earlier rows have nulls there."""
    store.load(rows(track("m1", plan="pro")))
    store.load(rows(track("m2", plan="free", coupon="X")))
    assert store.query("select plan, coupon from order_completed order by plan").rows == (("free", "X"), ("pro", None))


def test_a_message_that_comes_again_changes_nothing(store: Store) -> None:
    """Rows are told apart by message id, within one load and across loads."""
    store.load(rows(track("m1", total=1), track("m1", total=1)))
    store.load(rows(track("m1", total=1)))
    assert store.query("select id, total from order_completed").rows == (("m1", 1),)
    assert store.query("select id from tracks").rows == (("m1",),)


def test_users_holds_the_latest_of_each_trait(store: Store) -> None:
    """A later call replaces what it says and leaves what it does not say; somebody anonymous has no row."""
    store.load(
        rows(identify("m1", plan="pro", email="a@example.com"), identify("m2", plan="free"), identify("m3", None))
    )
    assert store.query("select id, user_id, plan, email from users").rows == (("u1", "u1", "free", "a@example.com"),)
    assert store.query("select count(*) from identifies").rows == ((3,),)


def test_what_comes_late_overwrites_nothing_newer(store: Store) -> None:
    """A call that was received before the one that is there fills only what is missing."""
    late, early = "2026-01-05T10:00:00Z", "2026-01-05T09:00:00Z"
    store.load(rows(identify("m2", received=late, plan="free")))
    store.load(rows(identify("m1", received=early, plan="pro", city="Oslo")))
    assert store.query("select plan, city from users").rows == (("free", "Oslo"),)


def test_an_identify_that_comes_again_leaves_its_user_alone(store: Store) -> None:
    """Even where all came at one instant, a repeated message does not bring back what was replaced."""
    at = "2026-01-05T09:00:00Z"
    first, second = identify("m1", received=at, plan="pro"), identify("m2", received=at, plan="free")
    store.load(rows(first, second))
    store.load(rows(first))
    assert store.query("select plan from users").rows == (("free",),)


def test_a_value_that_does_not_fit_is_null_and_told(store: Store) -> None:
    """A column keeps the type of its first value; what it cannot hold is left out, and said."""
    unfit = [str(each) for each in store.load(rows(track("m1", total=3), track("m2", total="many")))]
    assert store.query("select total from order_completed order by id").rows == ((3,), (None,))
    assert unfit == ["order_completed.total is integer and cannot hold many"]


@pytest.mark.parametrize("kind", LASTING)
def test_a_store_that_is_opened_again_knows_its_tables(settings: WarehouseSettings) -> None:
    """What outlives the run is added to: types and rows of before hold."""
    for number, total in ((1, 3), (2, "4")):
        store = open_store(settings)
        store.load(rows(track("m1", total=9), track(f"n{number}", total=total)))
        found = store.query("select total from order_completed order by total").rows
        store.close()
    assert found == ((3,), (4,), (9,))


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("delete from tracks", "more than read"),
        ("insert into tracks (id) values ('x')", "more than read"),
        ("drop table tracks", "more than read"),
        ("create table x (y int)", "more than read"),
        ("select 1; drop table tracks", "several statements"),
        ("select * from order_complete", "order_complete"),
        ("select nothing_like_it from tracks", "nothing_like_it"),
        ("selekt", "syntax error"),
        ("", "write a select"),
    ],
)
def test_a_query_that_does_not_only_read_is_refused(store: Store, sql: str, told: str) -> None:
    """It says why, and the rows are as before."""
    store.load(rows(track("m1")))
    with pytest.raises(QueryFailed, match=told):
        store.query(sql)
    assert store.query("select id from tracks").rows == (("m1",),)


def test_a_query_with_too_many_rows_is_refused(store: Store) -> None:
    """Nobody judges ten thousand rows by eye: it says to count them."""
    many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < {}) select i from n"
    assert len(store.query(many.format(10_000)).rows) == 10_000
    with pytest.raises(QueryFailed, match="more than 10,000 rows"):
        store.query(many.format(10_001))


def test_a_query_that_never_ends_is_ended(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query has a limited time, so that it cannot keep rows from being loaded."""
    for module in ("sqlite", "postgresql"):
        monkeypatch.setattr(f"harness.adapters.warehouses.{module}.LONGEST_QUERY_SECONDS", 0.05)
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
    with pytest.raises(QueryFailed, match=r"longer than 0\.05 s"):
        store.query(endless)


def test_rows_that_no_table_takes_are_refused_whole(store: Store) -> None:
    """A call with more properties than a table can have columns writes nothing; the next one is written."""
    with pytest.raises(RowsRefused, match="column"):
        store.load(rows(track("m1"), track("m2", event="Wide", said=dict.fromkeys(map(str, range(2_100)), 1))))
    assert store.query("select 1").rows == ((1,),)
    store.load(rows(track("m3")))
    assert store.query("select id from tracks").rows == (("m3",),)


@pytest.mark.parametrize("text", ["x' or '1'='1", '"; drop table tracks; --', "\x00", "𝔘ñí", "%s ?", "a" * 600])
def test_any_text_is_stored_as_it_is(store: Store, text: str) -> None:
    """Values are never part of a statement; NUL, which PostgreSQL cannot store, is replaced, and long text is cut."""
    store.load(rows(track("m1", note=text)))
    assert store.query("select note from order_completed").rows == ((text.replace("\x00", "\ufffd")[:512],),)


@pytest.mark.parametrize("name", ['x" int); drop table tracks; --', "select", "CTID", "2nd", "Ünï", "a" * 400, "日本"])
def test_any_name_becomes_a_column(store: Store, name: str) -> None:
    """Names are reduced to letters, digits and `_`; one without any letter has no column."""
    assert not store.load(rows(track("m1", said={name: 1}), track("m2", said={name: 1})))
    assert store.query("select count(*) from order_completed").rows == ((2,),)


def test_long_names_that_begin_alike_stay_apart(store: Store) -> None:
    """A database that cuts names would make them one: they are cut here, each in its own way."""
    store.load(rows(track("m1", said={"x" * 300 + "1": 1, "x" * 300 + "2": 2})))
    (found,) = store.query("select * from order_completed").records()
    assert sorted(value for name, value in found.items() if name.startswith("xxx")) == [1, 2]


def test_tables_are_counted(store: Store) -> None:
    """Whoever asks for a table that is not there is told which are, and how full."""
    store.load(rows(track("m1"), identify("m2")))
    assert store.tables() == {"tracks": 1, "order_completed": 1, "identifies": 1, "users": 1}


@pytest.mark.parametrize("kind", LASTING)
def test_a_change_by_somebody_else_is_noticed(store: Store, settings: WarehouseSettings) -> None:
    """Where another program added a column meanwhile, the first try fails and the next one succeeds."""
    store.load(rows(track("m1")))
    other = open_store(settings)
    other.load(rows(track("m2", plan="pro")))
    other.close()
    with pytest.raises(StoreFailed):
        store.load(rows(track("m3", plan="free")))
    store.load(rows(track("m3", plan="free")))
    found: list[Any] = [row[0] for row in store.query("select plan from order_completed order by id").rows]
    assert found == [None, "pro", "free"]
