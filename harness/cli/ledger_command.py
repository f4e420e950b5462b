"""`harness ledger`: what a ledger file holds, out of it and into it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import click
import orjson

from harness.adapters.capture_files import CaptureFiles, UnreadableCapture
from harness.adapters.ledgers import Ledgers, open_ledgers
from harness.adapters.record_files import refuse_record
from harness.adapters.sqlite_ledger.reading import read_run, run_names
from harness.adapters.sqlite_ledger.storage import open_reader
from harness.cli.exits import EXIT_HARNESS, EXIT_PASSED, UsageFault
from harness.cli.say import print_json, say, say_error
from harness.core.delivery import Delivery
from harness.core.har_export import har_pieces
from harness.core.importing import NotImportable, read_records, renumbered
from harness.core.keeping import Committing, LedgerFailed
from harness.core.ledger import Ledger
from harness.core.ledger_urls import InSqlite, LedgerPlace, parse_ledger_url
from harness.core.records import delivery_record
from harness.core.spelling import near_miss

_GROUP = 256
"""Deliveries that are committed at once."""
_FORMATS = ("ndjson", "har")
_NO_HOST = "127.0.0.1:8085"
"""Stands in the URLs of an archive where a request named no host."""


@click.group()
def ledger() -> None:
    """Export, import and list what a ledger file holds.

    A LEDGER is written as for `harness serve --ledger`: sqlite:PATH. It may be read while a server writes it.
    """


@ledger.command("list")
@click.argument("place", metavar="LEDGER")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def list_(place: str, as_json: bool) -> int:
    """List the runs in LEDGER, with the number of their deliveries and what they lost."""
    with _reading(place) as connection:
        runs = [(name, *read_run(connection, name)) for name in run_names(connection)]
    if as_json:
        counted = {name: {"deliveries": len(kept), "dropped": sum(e.count for e in lost)} for name, kept, lost in runs}
        print_json({"runs": counted})
        return EXIT_PASSED
    for name, kept, lost in runs:
        say(f"{name}: {len(kept)} deliveries")
        for loss in lost:
            say(f"  {loss.words()}")
    return EXIT_PASSED


@ledger.command("export")
@click.argument("place", metavar="LEDGER")
@click.option("--run", default="default", show_default=True, help="Which run.")
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), default="ndjson", show_default=True, help="Records or HAR."
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A file to write to, instead of standard output.")
def export(place: str, run: str, form: str, output: Path | None) -> int:
    """Write the deliveries of a run in LEDGER: one JSON object a line, or an HTTP archive.

    Whoever reads the lines gets what the server lists: `harness check`, `harness ledger import`, or `jq`.
    """
    with _reading(place) as connection:
        if run not in (known := run_names(connection)):
            raise UsageFault(f"the ledger has no run {run!r}{near_miss(run, known)}")
        deliveries, losses = read_run(connection, run)
        with _output(output) as write:
            for piece in _pieces(deliveries, form):
                write(piece)
    for loss in losses:
        say(f"warning: the export is not whole: {loss.words()}")
    return EXIT_PASSED


def _pieces(deliveries: Iterable[Delivery], form: str) -> Iterator[bytes]:
    if form == "har":
        return har_pieces(deliveries, host=_NO_HOST)
    return (orjson.dumps(delivery_record(each), option=orjson.OPT_APPEND_NEWLINE) for each in deliveries)


@contextmanager
def _output(path: Path | None) -> Iterator[Any]:
    """What writes to the file at `path`, or to standard output."""
    if path is None:
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
        return
    try:
        with path.open("wb") as file:
            yield file.write
    except OSError as error:
        raise UsageFault(f"{path}: it cannot be written: {error.strerror or error}") from None


@ledger.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.argument("place", metavar="LEDGER")
@click.option("--run", default="default", show_default=True, help="Which run they are added to.")
def import_(files: Sequence[str], place: str, run: str) -> int:
    """Add the deliveries in FILEs, as `export` wrote them, to a run in LEDGER, which is made where there is none.

    They are numbered on from the last, so that a whole export keeps its numbers in a run to which nothing came. What
    stands before a line that is wrong stays imported. Standard input is -.
    """
    with ExitStack() as stack:
        try:
            ledgers = stack.enter_context(closing(open_ledgers(_file(place))))
            captures = stack.enter_context(CaptureFiles(files))
            kept = ledgers.of(run)
            before = kept.last
            for name in files:
                lines = chain.from_iterable(captures.blocks(name))
                _import(read_records(lines, refuse_record, name, run=run), kept, ledgers)
        except (LedgerFailed, UnreadableCapture) as error:
            raise UsageFault(str(error)) from None
        except NotImportable as error:
            raise UsageFault(f"{error}\n  {kept.last - before} deliveries before it are imported") from None
        except _NotKept as error:
            say_error(f"not all could be imported: {error}")
            return EXIT_HARNESS
        say(f"{kept.last - before} deliveries are imported to the run {run} of {place}")
    return EXIT_PASSED


class _NotKept(Exception):
    """A delivery could not be written; the message says why."""


def _import(deliveries: Iterator[Delivery], kept: Ledger, ledgers: Ledgers) -> None:
    """Commit `deliveries`, group by group; those before a wrong line too."""
    group: list[Committing] = []
    try:
        for delivery in deliveries:
            committing = kept.append(renumbered(delivery, kept.last + 1))
            group.extend([committing] if committing is not None else [])
            if len(group) >= _GROUP:
                _commit(group, ledgers)
    finally:
        _commit(group, ledgers)


def _commit(group: list[Committing], ledgers: Ledgers) -> None:
    ledgers.flush()
    failures = [each.failure for each in group if each.failure is not None]
    group.clear()
    if failures:
        raise _NotKept(failures[0])


@contextmanager
def _reading(url: str) -> Iterator[Any]:
    """A connection to the ledger file at `url`; what is wrong with either is a fault of usage."""
    try:
        with closing(open_reader(_file(url).path)) as connection:
            yield connection
    except LedgerFailed as error:
        raise UsageFault(str(error)) from None


def _file(url: str) -> InSqlite:
    try:
        place: LedgerPlace = parse_ledger_url(url)
    except ValueError as error:
        raise UsageFault(str(error)) from None
    if not isinstance(place, InSqlite):
        raise UsageFault(
            f"{url} is no file: what is in the memory of a server can be had at its API, …/runs/NAME/export"
        )
    return place
