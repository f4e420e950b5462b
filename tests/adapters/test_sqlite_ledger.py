"""The durable ledger: what was answered is in the file, comes back as it was, and what cannot be written is told."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.adapters.sqlite_ledger.ledger import SqliteLedger
from harness.adapters.sqlite_ledger.ledgers import SqliteLedgers
from harness.core.delivery import Defect, Delivery, Fault, Respond
from harness.core.instants import HOUR, Instant
from harness.core.keeping import Bounds, LedgerFailed, Loss, size_of
from harness.core.ledger_urls import InSqlite
from harness.core.reception import stray
from harness.core.rules.examples import KEY, identify, track
from tests.adapters.test_memory_ledger import numbers
from tests.core.receiving import ADS, NOON, arrival, received

HEADERS = ((b"Content-Type", b"application/json"), (b"X-Two", b"a: b"), (b"X-Two", b"\xff\xfe"), (b"X-Empty", b""))


@contextmanager
def opened(
    path: Path, bounds: Bounds | None = None, *, patience: float = 0, now: Instant = NOON
) -> Iterator[SqliteLedgers]:
    """The ledgers in a file, closed at the end."""
    ledgers = SqliteLedgers(InSqlite(path=str(path), bounds=bounds or Bounds()), patience=patience, now=lambda: now)
    try:
        yield ledgers
    finally:
        ledgers.close()


def fill(ledger: SqliteLedger, count: int, body: bytes = b"{}") -> list[str | None]:
    """Append so many deliveries, each in a commit of its own; why each failed."""
    told: list[str | None] = []
    for number in range(ledger.last + 1, ledger.last + count + 1):
        committing = ledger.append(received(body, number=number))
        committing.then(lambda done: told.append(done.failure))
    return told


def samples() -> list[Delivery]:
    """Deliveries of every kind."""
    wrong = json.dumps([track(), identify(userId=None)]).encode()
    made = [
        received(json.dumps(track()).encode()),
        received(wrong),
        received(b"\xff\x00 no JSON"),
        received(json.dumps({"list": KEY, "add": [{"userId": "u1"}], "remove": [{"email": "e"}]}).encode(), ADS),
        received(b'{"audienceName": "caf\xc3\xa9"}', ADS),
        replace(received(b"{}"), arrival=arrival(b"{}", headers=HEADERS)),
        replace(received(b"{}"), reply=Fault(name="reset"), attempt=7),
        replace(received(b"{}"), reply=Fault(name="hang", latency=1500, because="an outage")),
        replace(received(b"{}"), reply=Respond(status=200, text="ok", latency=1, dribble=2, because="chance")),
        replace(received(b"{}"), reply=Respond(status=200, body=False, items=())),
        replace(received(b"{}"), reply=Respond(status=207, items=(200, 503), body={"x": [1]}, headers=(("A", "b"),))),
        replace(
            received(b"x"), arrival=arrival(b"x", defect=Defect(status=413, message="m", expected="e", actual="a"))
        ),
        stray(arrival(b"{}", "nobody"), ["crm"], "; known: crm", run="default", number=1),
    ]
    return [_numbered(delivery, number) for number, delivery in enumerate(made, 1)]


def _numbered(delivery: Delivery, number: int) -> Delivery:
    violations = tuple(replace(each, deliveries=(number,)) for each in delivery.violations)
    return replace(delivery, number=number, violations=violations)


async def test_what_comes_back_is_what_was_written(tmp_path: Path) -> None:
    """Bytes of body and headers, reply, violations, attempt: a delivery that was read equals the one that came."""
    written = samples()
    with opened(tmp_path / "ledger.db") as ledgers:
        ledger = ledgers.of("default")
        for delivery in written:
            ledger.append(delivery)
        ledgers.flush()
        read = list(ledger.deliveries())
    assert read == written
    assert [list(each.payloads) for each in read] == [list(each.payloads) for each in written]


async def test_what_was_committed_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    """Deliveries and numbers of each run go on, and runs do not see each other's."""
    with opened(tmp_path / "ledger.db") as ledgers:
        fill(ledgers.of("default"), 3)
        fill(ledgers.of("nightly"), 2)
    with opened(tmp_path / "ledger.db") as ledgers:
        first, second = ledgers.of("default"), ledgers.of("nightly")
        found = numbers(first.deliveries()), numbers(second.deliveries()), first.last, second.last
        fill(first, 1)
        ledgers.flush()
        assert numbers(first.deliveries()) == [1, 2, 3, 4]
    assert found == ([1, 2, 3], [1, 2], 3, 2)


async def test_nothing_is_told_before_it_is_committed(tmp_path: Path) -> None:
    """Whoever waits for a delivery is told once another reader of the file can see it."""
    path = tmp_path / "ledger.db"
    with opened(path) as ledgers:
        told = fill(ledgers.of("default"), 3)
        before = list(told)
        ledgers.flush()
        seen = sqlite3.connect(path).execute("SELECT run, number, status FROM recorded").fetchall()
    assert (before, told) == ([], [None, None, None])
    assert [row[:2] for row in seen] == [("default", 1), ("default", 2), ("default", 3)]


@pytest.mark.parametrize("gap", [False, True])
async def test_a_part_is_read_like_a_list(tmp_path: Path, gap: bool) -> None:
    """Length, indices and slices are those of a list, also where a number is missing."""
    with opened(tmp_path / "ledger.db") as ledgers:
        ledger = ledgers.of("default")
        written = [received(b"{}", number=number) for number in range(1, 600) if not (gap and number == 300)]
        for delivery in written:
            ledger.append(delivery)
        ledgers.flush()
        read = ledger.deliveries(7)
        expected = [delivery for delivery in written if delivery.number > 7]
        assert (len(read), list(read)) == (len(expected), expected)
        assert [read[0], read[-1], read[400]] == [expected[0], expected[-1], expected[400]]
        assert [*read[5:9], *read[-2:], *read[::200]] == [*expected[5:9], *expected[-2:], *expected[::200]]
        with pytest.raises(IndexError):
            read[len(expected)]


async def test_what_a_list_accepted_and_what_was_unexpected_is_found(tmp_path: Path) -> None:
    """Both are known without a look at everything else."""
    with opened(tmp_path / "ledger.db") as ledgers:
        ledger = ledgers.of("default")
        for delivery in samples():
            ledger.append(delivery)
        ledgers.flush()
        assert [each.number for each in ledger.members_of_lists()] == [4, 5]
        assert [each.number for each in ledger.unexpected()] == [len(samples())]


async def test_a_locked_file_is_told_and_written_to_later(tmp_path: Path) -> None:
    """While another process holds the file, deliveries fail; they are kept, as failed, once it lets go."""
    path = tmp_path / "ledger.db"
    with opened(path) as ledgers:
        ledger = ledgers.of("default")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        told = fill(ledger, 2)
        ledgers.flush()
        meanwhile = list(ledger.deliveries())
        other.execute("ROLLBACK")
        told += fill(ledger, 1)
        ledgers.flush()
        replies = [(each.number, getattr(each.reply, "status", 0)) for each in ledger.deliveries()]
    reason = "database is locked (another process has locked the file: find out which, and let it end its transaction)"
    assert (told, meanwhile) == ([reason, reason], [])
    assert [number for number, status in replies if status == 503] == [1, 2]
    assert [number for number, _ in replies] == [1, 2, 3]
    with opened(path) as ledgers:
        assert ledgers.of("default").losses() == (Loss(cause="failed", count=2, first=1, last=2, why=reason),)


async def test_what_could_not_be_written_is_written_at_the_end(tmp_path: Path) -> None:
    """A server that stops writes what it still owes."""
    path = tmp_path / "ledger.db"
    with opened(path) as ledgers:
        ledger = ledgers.of("default")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        fill(ledger, 2)
        ledgers.flush()
        other.execute("ROLLBACK")
    with opened(path) as ledgers:
        assert numbers(ledgers.of("default").deliveries()) == [1, 2]


@pytest.mark.parametrize(
    ("bounds", "left", "cause"),
    [
        (Bounds(max=4), [9, 10, 11, 12], "max"),
        (Bounds(max_bytes=3 * size_of(received(b"{}"))), [10, 11, 12], "max_bytes"),
        (Bounds(max_age=HOUR), [12], "max_age"),
    ],
)
async def test_a_bounded_file_drops_the_oldest_and_says_so(
    tmp_path: Path, bounds: Bounds, left: list[int], cause: str
) -> None:
    """Count, bytes and age are bounds; what is dropped is counted, also when the file is opened again."""
    path, later = tmp_path / "ledger.db", NOON + 2 * HOUR
    with opened(path, bounds) as ledgers:
        fill(ledgers.of("default"), 7 if cause == "max_age" else 0)
    with opened(path, bounds, now=later) as ledgers:
        ledger = ledgers.of("default")
        while ledger.last < 11:
            fill(ledger, 1)
            ledgers.flush()
        last = received(b"{}", number=12)
        ledger.append(replace(last, arrival=replace(last.arrival, arrived_at=later)))
        ledgers.flush()
        assert (numbers(ledger.deliveries()), len(ledger.deliveries())) == (left, len(left))
    with opened(path, bounds, now=later) as ledgers:
        (loss,) = ledgers.of("default").losses()
    assert (loss.cause, loss.count, loss.first, loss.last) == (cause, 12 - len(left), 1, 12 - len(left))


async def test_cleared_a_run_begins_anew_and_others_stay(tmp_path: Path) -> None:
    """Numbers begin at 1, and what is forgotten is no longer in the file once that is closed."""
    path = tmp_path / "ledger.db"
    with opened(path) as ledgers:
        cleared, closed, kept = ledgers.of("default"), ledgers.of("closed"), ledgers.of("kept")
        for ledger in (cleared, closed, kept):
            fill(ledger, 1200)
        cleared.clear()
        closed.close()
        fill(cleared, 1)
    rows = sqlite3.connect(path).execute("SELECT run, count(*) FROM recorded GROUP BY run ORDER BY run").fetchall()
    assert rows == [("default", 1), ("kept", 1200)]
    assert sqlite3.connect(path).execute("SELECT count(*) FROM delivery").fetchone() == (1201,)


async def test_one_delivery_that_cannot_be_written_takes_no_other_with_it(tmp_path: Path) -> None:
    """The rest of its group is committed."""
    with opened(tmp_path / "ledger.db") as ledgers:
        ledger = ledgers.of("default")
        told: list[bool] = []
        for number, attempt in ((1, 1), (2, 2**70), (3, 1)):
            committing = ledger.append(replace(received(b"{}", number=number), attempt=attempt))
            committing.then(lambda done: told.append(done.failure is None))
        ledgers.flush()
        assert (told, numbers(ledger.deliveries())) == ([True, False, True], [1, 3])
        assert [(loss.cause, loss.first) for loss in ledger.losses()] == [("failed", 2)]


def _database(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_files_that_are_no_ledgers_are_refused_and_stay_untouched(tmp_path: Path) -> None:
    """Neither text, nor another program's database, nor a ledger of a later version is written to."""
    text, foreign, newer = tmp_path / "text", tmp_path / "foreign.db", tmp_path / "newer.db"
    text.write_text("These are notes and no database. " * 40)
    _database(foreign, "CREATE TABLE notes (x)")
    with opened(newer):
        pass
    _database(newer, "PRAGMA user_version = 99")
    before = {path: path.read_bytes() for path in (text, foreign)}
    said = []
    for path in (text, foreign, newer, tmp_path / "no" / "folder.db"):
        with pytest.raises(LedgerFailed) as caught:
            SqliteLedgers(InSqlite(path=str(path)))
        said.append(str(caught.value))
    assert {path: path.read_bytes() for path in before} == before
    assert ["this is no SQLite database" in said[0], "a database of something else" in said[1]] == [True, True]
    assert ["has version 99" in said[2], "check that its folder exists" in said[3]] == [True, True]


def test_a_file_that_another_server_writes_is_refused(tmp_path: Path) -> None:
    """Two servers would give the same numbers twice; when the first has ended, the second may have it."""
    path = tmp_path / "ledger.db"
    with opened(path), pytest.raises(LedgerFailed, match="belongs to another server that is running"):
        SqliteLedgers(InSqlite(path=str(path)))
    with opened(path):
        pass


async def test_a_damaged_file_is_told_where_it_is_read_and_written(tmp_path: Path) -> None:
    """Reading raises, and writing fails, in words that say what to do; neither crashes."""
    path = tmp_path / "ledger.db"
    with opened(path) as ledgers:
        fill(ledgers.of("default"), 400, body=b'{"x": "' + b"y" * 2000 + b'"}')
    whole = path.read_bytes()
    path.write_bytes(whole[: 4096 * 3] + b"\xaa" * (len(whole) - 4096 * 3))
    with pytest.raises(LedgerFailed, match="damaged"), opened(path) as ledgers:
        list(ledgers.of("default").deliveries())
    with suppress(LedgerFailed), opened(path) as ledgers:
        told = fill(ledgers.of("other"), 1)
        ledgers.flush()
        assert told == [None] or "damaged" in str(told)
