"""`harness ledger`: out of a ledger file and into it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.adapters.ledgers import open_ledgers
from harness.core.delivery import Delivery
from harness.core.ledger_urls import parse_ledger_url
from harness.core.records import delivery_record
from tests.adapters.test_sqlite_ledger import samples
from tests.cli.running import Command
from tests.core.receiving import received


def written(deliveries: Sequence[Delivery], url: str = "sqlite:ledger.db") -> None:
    """Make a ledger file that holds `deliveries`."""
    ledgers = open_ledgers(parse_ledger_url(url))
    kept = ledgers.of("default")
    for delivery in deliveries:
        kept.append(delivery)
    ledgers.close()


def test_an_export_is_one_record_a_line(harness: Command) -> None:
    """The lines are the records that the server lists."""
    written(samples())
    exported = harness("ledger", "export", "sqlite:ledger.db")
    records = [json.loads(line) for line in exported.out.splitlines()]
    assert (exported.code, exported.err) == (0, "")
    assert records == [json.loads(json.dumps(delivery_record(each))) for each in samples()]


def test_what_was_exported_and_imported_is_exported_the_same(harness: Command) -> None:
    """Import and export lose nothing: bodies that are no text, replies, violations and what was unexpected included."""
    written(samples())
    first = harness("ledger", "export", "sqlite:ledger.db", "-o", "all.ndjson")
    imported = harness("ledger", "import", "all.ndjson", "sqlite:copy.db")
    second = harness("ledger", "export", "sqlite:copy.db", "-o", "copy.ndjson")
    assert (first.code, imported.code, second.code) == (0, 0, 0)
    assert imported.err == f"{len(samples())} deliveries are imported to the run default of sqlite:copy.db\n"
    assert (harness.folder / "copy.ndjson").read_bytes() == (harness.folder / "all.ndjson").read_bytes()


def test_imported_deliveries_are_numbered_on(harness: Command) -> None:
    """Behind what a run has, numbers go on, and violations point at the new ones."""
    written(samples())
    harness("ledger", "export", "sqlite:ledger.db", "-o", "all.ndjson")
    twice = harness("ledger", "import", "all.ndjson", "sqlite:ledger.db")
    records = [json.loads(line) for line in harness("ledger", "export", "sqlite:ledger.db").out.splitlines()]
    assert twice.code == 0
    assert [record["number"] for record in records] == list(range(1, 2 * len(samples()) + 1))
    for record in records:
        assert {number for each in record["violations"] for number in each["deliveries"]} <= {record["number"]}


def test_an_archive_is_read_by_check(harness: Command) -> None:
    """HAR says what the records say: check finds as many deliveries, payloads and breaches in it."""
    whole = [each for each in samples() if not each.unexpected and each.arrival.defect is None]
    written(whole)
    for form in ("ndjson", "har"):
        assert harness("ledger", "export", "sqlite:ledger.db", "--format", form, "-o", f"all.{form}").code == 0
    found = [harness("check", f"all.{form}", "--json").json for form in ("ndjson", "har")]
    assert found[0]["deliveries"] == found[1]["deliveries"] == len(whole)
    assert found[0]["payloads"] == found[1]["payloads"]
    archive = json.loads((harness.folder / "all.har").read_text())["log"]
    assert (archive["version"], len(archive["entries"])) == ("1.2", len(whole))


def test_runs_are_listed_with_what_they_lost(harness: Command) -> None:
    """Names, counts, and losses in words or numbers."""
    written([received(b"{}", number=number) for number in range(1, 6)], "sqlite:ledger.db?max=3")
    told, counted = (
        harness("ledger", "list", "sqlite:ledger.db"),
        harness("ledger", "list", "sqlite:ledger.db", "--json"),
    )
    exported = harness("ledger", "export", "sqlite:ledger.db")
    assert told.err.startswith("default: 3 deliveries\n  dropped: 2 deliveries (numbers 1 to 2)")
    assert counted.json == {"runs": {"default": {"deliveries": 3, "dropped": 2}}}
    assert exported.err.startswith("warning: the export is not whole: dropped: 2 deliveries")


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("{", "all.ndjson:2: this is not JSON"),
        ("[]", "all.ndjson:2: this is no delivery record"),
        ('{"type": "track"}', "all.ndjson:2: this is no delivery record"),
    ],
)
def test_a_wrong_line_is_named_and_what_stands_before_it_is_kept(harness: Command, line: str, wrong: str) -> None:
    """The message has file, line and reason, and says how many were imported."""
    record = json.dumps(delivery_record(received(b"{}")))
    (harness.folder / "all.ndjson").write_text(f"{record}\n{line}\n{record}\n")
    refused = harness("ledger", "import", "all.ndjson", "sqlite:ledger.db")
    listed = harness("ledger", "list", "sqlite:ledger.db", "--json")
    assert (refused.code, listed.json["runs"]["default"]["deliveries"]) == (2, 1)
    assert wrong in refused.err
    assert "1 deliveries before it are imported" in refused.err


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["export", "sqlite:missing.db"], "there is no ledger missing.db"),
        (["export", "memory:"], "memory: is no file"),
        (["export", "sqlit:a.db"], "did you mean 'sqlite'?"),
        (["export", "sqlite:ledger.db", "--run", "defualt"], "did you mean 'default'?"),
        (["export", "sqlite:ledger.db", "-o", "no/such/folder"], "it cannot be written"),
        (["import", "missing.ndjson", "sqlite:ledger.db"], "there is no such file"),
        (["list", "sqlite:notes.txt"], "this is no SQLite database"),
    ],
)
def test_what_cannot_be_done_is_said(harness: Command, arguments: Sequence[str], wrong: str) -> None:
    """Wrong files and names end with exit code 2 and a reason."""
    written(samples())
    (harness.folder / "notes.txt").write_text("notes " * 500)
    done = harness("ledger", *arguments)
    assert done.code == 2
    assert wrong in done.err


def test_a_ledger_is_exported_while_a_server_writes_it(harness: Command) -> None:
    """Whoever owns the file keeps nobody from reading it."""
    ledgers = open_ledgers(parse_ledger_url("sqlite:ledger.db"))
    kept = ledgers.of("default")
    kept.append(received(b"{}"))
    ledgers.flush()
    exported = harness("ledger", "export", "sqlite:ledger.db")
    ledgers.close()
    assert (exported.code, len(exported.out.splitlines())) == (0, 1)


def test_an_import_into_a_file_that_cannot_be_written_fails(harness: Command) -> None:
    """The harness failed, and says why."""
    written(samples())
    harness("ledger", "export", "sqlite:ledger.db", "-o", "all.ndjson")
    other = sqlite3.connect(Path("ledger.db"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    failed = harness("ledger", "import", "all.ndjson", "sqlite:ledger.db")
    other.execute("ROLLBACK")
    assert (failed.code, "another process has locked the file" in failed.err) == (3, True)
