"""`harness contracts detect`: which contract family a capture follows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from harness.adapters.capture_files import CaptureFiles, UnreadableCapture
from harness.adapters.contract_files import DEFAULT_CONTRACT, load_contract, shipped_contracts
from harness.adapters.journeys_files import load_declarations
from harness.cli.capturing import Capturing
from harness.cli.exits import EXIT_FAILED, EXIT_PASSED, EXIT_USAGE, UsageFault
from harness.cli.naming import named_contract
from harness.cli.say import print_json, print_out, say_error
from harness.core.captures.captured import Defaults
from harness.core.captures.families import Detection, Detector
from harness.core.contract import Contract
from harness.core.declarations import Declarations
from harness.core.destinations.kinds import KINDS
from harness.reports.detect_json import detect_report
from harness.reports.detect_text import detect_text


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--contract", "own", multiple=True, metavar="NAME", help="Try this contract too, before the others.")
@click.option("--kind", type=click.Choice(sorted(KINDS)), help="Kind of the destinations of records that do not say.")
@click.option("--destination", metavar="NAME", help="Destination of records that do not name theirs.")
@click.option("--journeys", metavar="FILE", type=click.Path(path_type=Path), help="A YAML file that declares journeys.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def detect(
    files: Sequence[str],
    own: Sequence[str],
    kind: str | None,
    destination: str | None,
    journeys: Path | None,
    as_json: bool,
) -> int:
    """Tell which contract family a capture follows, and why it follows no other.

    A FILE is a capture in any form that `harness check` reads; standard input is -. Traffic of several families is told
    apart by destination and key.
    """
    declarations = load_declarations(journeys) if journeys else Declarations()
    detector = Detector(_tried(own), declarations)
    try:
        with CaptureFiles(files) as captures:
            reading = Capturing(captures=captures, defaults=Defaults(destination=destination, kind=kind))
            for file, line, captured in reading.deliveries():
                detector.see(captured, file, line)
    except UnreadableCapture as error:
        raise UsageFault(str(error)) from None
    return _report(detector.detection(), as_json=as_json)


def _tried(own: Sequence[str]) -> list[Contract]:
    """The contracts of the user first, then the default one, then what else is shipped, later versions first."""
    contracts = [*map(named_contract, own), load_contract(DEFAULT_CONTRACT), *reversed(shipped_contracts())]
    return list({contract.id: contract for contract in contracts}.values())


def _report(detection: Detection, *, as_json: bool) -> int:
    if as_json:
        print_json(detect_report(detection))
    elif detection.word != "errored":
        print_out(detect_text(detection))
    match detection.word:
        case "errored":
            say_error(
                "no payload in it tells which family it is of; `harness check` says what is in it, and "
                "`harness check --help` which forms a capture has"
            )
            return EXIT_USAGE
        case "failed":
            return EXIT_FAILED
        case "passed":
            return EXIT_PASSED
