"""`harness check`: judges captured traffic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from harness.adapters.capture_files import CaptureFiles, UnreadableCapture
from harness.adapters.contract_files import DEFAULT_CONTRACT, shipped_contracts
from harness.adapters.journeys_files import load_declarations
from harness.cli.capturing import Capturing
from harness.cli.exits import EXIT_FAILED, EXIT_PASSED, EXIT_USAGE, UsageFault
from harness.cli.naming import named_contract
from harness.cli.say import print_json, say, say_error
from harness.core.captures.captured import Captured, Defaults
from harness.core.captures.families import better_fit
from harness.core.captures.judging import CaptureJudge, CaptureVerdict
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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing where all is right.")
def check(
    files: Sequence[str],
    contract: str | None,
    kind: str | None,
    destination: str | None,
    journeys: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Judge captured traffic.

    A FILE holds deliveries, one JSON object a line: what the server lists, {"destination", "kind", "payload"}, bare
    calls or list sync documents. It may also be one JSON object, one JSON array or a HAR, and it may be gzip. Standard
    input is -.
    """
    checking = _Checking(
        contract=named_contract(contract or DEFAULT_CONTRACT),
        declarations=load_declarations(journeys) if journeys else Declarations(),
        defaults=Defaults(destination=destination, kind=kind),
        shown=None if as_json else SHOWN_VIOLATIONS,
    )
    try:
        with CaptureFiles(files) as captures:
            verdict = checking.verdict(captures)
            evidence = {} if as_json else checking.evidence(captures, verdict)
    except UnreadableCapture as error:
        raise UsageFault(str(error)) from None
    if contract is None and verdict.errors:
        checking.say_better_fit()
    return _report(verdict, evidence, as_json=as_json, quiet=quiet)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checking:
    """The judging of some files."""

    contract: Contract
    declarations: Declarations
    defaults: Defaults
    shown: int | None
    sample: list[Captured] = field(default_factory=list)

    def verdict(self, captures: CaptureFiles) -> CaptureVerdict:
        """The verdict on all that `captures` tell of; raises UsageFault where they are not what can be judged."""
        judge = CaptureJudge(self.contract, self.declarations, shown=self.shown)
        for file, line, captured in self._reading(captures).deliveries():
            judge.see(captured, file, line)
            if len(self.sample) < _SAMPLE:
                self.sample.append(captured)
        return judge.verdict()

    def evidence(self, captures: CaptureFiles, verdict: CaptureVerdict) -> Mapping[int, Captured]:
        """The deliveries that prove what `verdict` shows, by number; read anew, since a judge keeps none."""
        wanted = {number for located in verdict.violations for number in located.violation.deliveries}
        deliveries = enumerate(self._reading(captures).deliveries(), 1) if wanted else ()
        found: dict[int, Captured] = {}
        for number, (_, _, captured) in deliveries:
            if number in wanted:
                found[number] = captured
                if len(found) == len(wanted):
                    break
        return found

    def _reading(self, captures: CaptureFiles) -> Capturing:
        return Capturing(captures=captures, defaults=self.defaults)

    def say_better_fit(self) -> None:
        """Say which contract would accuse of less, if any would."""
        fit = better_fit(self.sample, self.contract, _others(self.contract), self.declarations)
        if fit is not None:
            say(better_fit_text(fit, self.contract.id, len(self.sample)) + "\n")


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
