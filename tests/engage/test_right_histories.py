"""No rule accuses a right space, whatever it is asked to do and whatever its destinations do meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from msgspec import Struct
from msgspec.structs import replace

from harness.adapters.contract_files import load_contract
from harness.adapters.journeys_files import load_declarations
from harness.core.captures.captured import Defaults
from harness.core.captures.judging import CaptureJudge, CaptureVerdict
from harness.core.captures.layout import numbered_texts
from harness.core.captures.records import read_captured
from harness.core.declarations import Declarations
from harness.core.delivery import Delivery
from harness.core.judging import judge
from harness.core.records import delivery_record
from harness.engage.faults import FAULTS
from harness.engage.faulty import HONEST, Fault
from tests.engage.histories import Played, Plot, plots, text_of

BOOLEANS = replace(FAULTS["boolean-membership"], name="says it in booleans")
"""How a right space says it where the family's membership value is a boolean, and not a string as documented."""
LEAVING = Fault(name="tells of leaving", sentence="", rule=None, leaving_calls=True, leaving_lists=True)
"""What a right space did while users came and went all the time."""


class Family(Struct, frozen=True, kw_only=True):
    """A contract whose payloads the space can send, and how: which plots it plays, and what it does in its own way."""

    contract: str
    fitting: Callable[[Plot], Plot] = lambda plot: plot
    way: Fault = HONEST


FAMILIES = [
    Family(contract="engage-journeys@2024"),
    Family(contract="engage-journeys@2023"),
    Family(contract="engage-journeys-wire@2025", way=BOOLEANS),
    Family(contract="personas-journeys@2021"),
    Family(contract="personas-journeys@2021", way=LEAVING, fitting=Plot.coming_and_going),
    Family(contract="segment-spec@2025", fitting=Plot.without_lists),
]
OF_FAMILY = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: f"{family.contract} {family.way.name}")


def checked(ledger: list[Delivery], contract: str, declarations: Declarations) -> CaptureVerdict:
    """What `harness check` finds in the records of the ledger."""
    capture = CaptureJudge(load_contract(contract), declarations)
    for line, text in numbered_texts(lines_of(ledger)):
        for captured in read_captured(text, Defaults()):
            capture.see(captured, "capture.ndjson", line)
    return capture.verdict()


def lines_of(ledger: list[Delivery]) -> Iterator[bytes]:
    """The ledger as `harness check` reads it: one record a line."""
    return (orjson.dumps(delivery_record(delivery)) + b"\n" for delivery in ledger)


def accuses_nobody(plot: Plot, family: Family, folder: Path) -> None:
    """Neither the run nor `harness check` over what it recorded accuses a right history of anything."""
    plot = family.fitting(plot)
    played = Played(plot, family.contract, family.way)
    judgement = judge(played.ledger, played.destinations, played.checker, settled=not played.space.busy)
    assert judgement.violations == ()
    assert judgement.payloads == sum(len(delivery.payloads) for delivery in played.ledger)
    file = folder / "journeys.yaml"
    file.write_text(text_of(plot), "utf-8")
    for declarations in [load_declarations(file), *([Declarations()] if plot.plain else [])]:
        verdict = checked(played.ledger, family.contract, declarations)
        assert verdict.violations == ()
        assert verdict.word == ("passed" if played.ledger else "errored")


@OF_FAMILY
@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
@given(plot=plots())
def test_no_rule_accuses_a_right_history(family: Family, plot: Plot, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Under every family, with all features together, a right history breaks no rule, live or as a capture."""
    accuses_nobody(plot, family, tmp_path_factory.getbasetemp())


@pytest.mark.long
@OF_FAMILY
@settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
@given(plot=plots())
def test_no_rule_accuses_a_right_history_however_long_one_looks(
    family: Family, plot: Plot, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same, over dozens of histories of each family."""
    accuses_nobody(plot, family, tmp_path_factory.getbasetemp())
