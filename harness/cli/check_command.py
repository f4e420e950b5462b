"""`harness check`: judges captured traffic."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from harness.adapters.capture_checking import CaptureCheck, NoCapture
from harness.adapters.capture_files import CaptureFiles, UnreadableCapture, size_of
from harness.adapters.contract_files import DEFAULT_CONTRACT, shipped_contracts
from harness.adapters.journeys_files import load_declarations
from harness.cli.exits import EXIT_FAILED, EXIT_PASSED, EXIT_USAGE, UsageFault
from harness.cli.naming import named_contract
from harness.cli.progress import Reading
from harness.cli.say import print_json, say, say_error
from harness.core.captures.captured import Captured, Defaults
from harness.core.captures.families import better_fit
from harness.core.captures.judging import CaptureVerdict
from harness.core.contract import Contract
from harness.core.declarations import Declarations
from harness.core.destinations.kinds import KINDS
from harness.reports.check_json import check_report
from harness.reports.check_text import SHOWN_VIOLATIONS, better_fit_text, check_text

_SAMPLE = 1000
"""Deliveries by which other contracts are tried: one family's traffic differs from another's in every payload."""


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--contract", metavar="NAME", help=f"Family, family@version or path.  [default: {DEFAULT_CONTRACT}]")
@click.option("--kind", type=click.Choice(sorted(KINDS)), help="Kind of the destinations of records that do not say.")
@click.option("--destination", metavar="NAME", help="Destination of records that do not name theirs.")
@click.option("--journeys", metavar="FILE", type=click.Path(path_type=Path), help="A YAML file that declares journeys.")
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(min=1),
    help="Processes that judge.  [default: as many as there are cores]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing where all is right.")
def check(
    files: Sequence[str],
    contract: str | None,
    kind: str | None,
    destination: str | None,
    journeys: Path | None,
    jobs: int | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Judge captured traffic.

    A FILE holds deliveries, one JSON object a line: what the server lists, {"destination", "kind", "payload"}, bare
    calls or list sync documents. It may also be one JSON object, one JSON array or a HAR, and it may be gzip. Standard
    input is -.
    """
    name = contract or DEFAULT_CONTRACT
    checking = CaptureCheck(
        contract=named_contract(name),
        contract_name=name,
        declarations=load_declarations(journeys) if journeys else Declarations(),
        defaults=Defaults(destination=destination, kind=kind),
        shown=None if as_json else SHOWN_VIOLATIONS,
        jobs=jobs or _cores(),
    )
    try:
        with CaptureFiles(files) as captures, _no_collections():
            with Reading(size_of(captures.names)) as reading:
                verdict = checking.verdict(captures, reading)
            evidence = {} if as_json else checking.evidence(captures, verdict)
            if contract is None and _errs_in_sample(verdict):
                _say_better_fit(checking, captures)
    except (UnreadableCapture, NoCapture) as error:
        raise UsageFault(str(error)) from None
    return _report(verdict, evidence, as_json=as_json, quiet=quiet)


def _cores() -> int:
    """How many cores this process may use, as far as the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _no_collections() -> Iterator[None]:
    """Look for no cycles: a judge makes none, and going through what it keeps took a good part of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _errs_in_sample(verdict: CaptureVerdict) -> bool:
    """Whether there may be errors among the deliveries by which other contracts are tried."""
    return verdict.errors > 0 and verdict.violations[0].violation.deliveries[-1] <= _SAMPLE


def _say_better_fit(checking: CaptureCheck, captures: CaptureFiles) -> None:
    """Say which contract would accuse of less, if any would."""
    sample = checking.first(captures, _SAMPLE)
    fit = better_fit(sample, checking.contract, _others(checking.contract), checking.declarations)
    if fit is not None:
        say(better_fit_text(fit, checking.contract.id, len(sample)) + "\n")


def _others(contract: Contract) -> Iterator[Contract]:
    """The shipped contracts, loaded only once somebody asks for them."""
    return (other for other in shipped_contracts() if other.id != contract.id)


def _report(verdict: CaptureVerdict, evidence: Mapping[int, Captured], *, as_json: bool, quiet: bool) -> int:
    if as_json:
        print_json(check_report(verdict))
    elif not quiet or verdict.word == "failed":
        say(check_text(verdict, evidence))
    match verdict.word:
        case "errored":
            say_error("there was nothing to judge: the input holds no delivery; `harness check --help` names the forms")
            return EXIT_USAGE
        case "failed":
            return EXIT_FAILED
        case "passed":
            return EXIT_PASSED
