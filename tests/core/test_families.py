"""Which families a capture follows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.adapters.contract_files import load_contract, shipped_contracts
from harness.core.captures import families
from harness.core.captures.captured import Defaults
from harness.core.captures.families import Detection, Detector
from harness.core.captures.records import read_captured
from harness.core.checking import Checker
from harness.core.contract import Contract
from harness.core.declarations import Declarations
from harness.core.rules.examples import KEY, event, identify, listed, track
from tests.core.receiving import CRM

CASES = Path(__file__).parents[1] / "cases" / "contracts"
TRIED = [load_contract("engage-journeys"), *reversed(shipped_contracts())]
ORDER = {"type": "track", "event": "Order Completed", "userId": "u1", "properties": {"total": 5}}


def samples(contract: str) -> list[dict[str, Any]]:
    """The payloads that the sources of a contract print, each with a user."""
    family, version = contract.split("@")
    written = json.loads((CASES / family / f"samples-{version}.json").read_text("utf-8"))
    return [{"userId": "u1", **sample["payload"]} for sample in written["samples"]]


def detected(records: Iterable[Any], *, contracts: Iterable[Contract] = TRIED, **options: Any) -> Detection:
    """What the records follow, each on a line of its own."""
    detector = Detector({each.id: each for each in contracts}.values(), Declarations(), **options)
    for line, record in enumerate(records, 1):
        text = record if isinstance(record, bytes) else json.dumps(record).encode()
        for captured in read_captured(text, Defaults()):
            detector.see(captured, "capture", line)
    return detector.detection()


def parts(detection: Detection) -> dict[str, int]:
    """How many payloads follow which contract."""
    return {part.fit.contract: part.payloads for part in detection.parts}


@pytest.mark.parametrize("contract", [contract.id for contract in shipped_contracts()])
def test_what_the_sources_of_a_contract_print_follows_it(contract: str) -> None:
    """The samples of each contract are told from all other families and versions."""
    found = detected([event(sample) for sample in samples(contract)])
    assert (found.word, found.contract) == ("passed", contract)


def test_each_other_contract_is_told_with_what_speaks_against_it() -> None:
    """A family that does not fit has a breach with its count, an example and the first place."""
    (part,) = detected([event(track()), event(track()), event(identify())]).parts
    (wire,) = [fit for fit in part.others if fit.contract == "engage-journeys-wire@2025"]
    (breach,) = wire.breaking
    assert wire.misfits == 3
    assert (breach.rule, breach.count, breach.place.line) == ("membership-value", 3, 1)
    assert (breach.expected, breach.actual) == ("the boolean true", 'the string "true"')


def test_mixed_traffic_is_told_apart() -> None:
    """Payloads of several families in one capture are counted each under its own."""
    kinds = ["engage-journeys@2024", "engage-audiences@2025", "event-triggered-journeys@2025", "computed-traits@2025"]
    mixed = [event(sample) for contract in kinds for sample in samples(contract)] + [event(ORDER)] * 3
    found = detected(mixed)
    assert parts(found) == {**{contract: len(samples(contract)) for contract in kinds}, "segment-spec@2025": 3}
    assert (found.word, found.contract) == ("passed", None)
    assert [part.payloads for part in found.parts] == sorted((part.payloads for part in found.parts), reverse=True)


def test_what_may_be_of_several_families_goes_with_the_rest() -> None:
    """List entries look alike in all journey families: they are of the one that the calls are of."""
    on_the_wire = event(track(properties={KEY: True}))
    entry = listed("add", {"userId": "u1"})
    assert detected([entry]).contract == "engage-journeys@2024"
    assert detected([on_the_wire, entry, entry, entry]).contract == "engage-journeys-wire@2025"


def test_a_payload_that_fits_nothing_is_told_under_the_nearest() -> None:
    """One wrong call of many does not make another family; the part that it is in does not fit."""
    found = detected([event(track(userId=f"u{n}")) for n in range(5)] + [event(track(event="Wrong"))])
    (part,) = found.parts
    assert (found.word, found.contract, part.fit.contract) == ("failed", None, "engage-journeys@2024")
    assert [(each.rule, each.count, each.place.line) for each in part.fit.breaking] == [("entry-only", 1, 6)]


def test_broken_journeys_are_no_plain_traffic() -> None:
    """What has a key or `context.personas` is never called traffic of any source, wrong as it may be."""
    wrong = track(context={"personas": {"computation_class": "cohort", "computation_key": KEY}})
    (part,) = detected([event(wrong)]).parts
    assert part.fit.contract != "segment-spec@2025"
    assert part.fit.misfits == 1


def test_exits_make_a_family_whose_users_come_and_go() -> None:
    """Where users leave, the family that says so fits, and what the others miss is told."""
    left = track(event="Audience Exited", properties={KEY: "false"})
    (part,) = detected([event(track()), event(left)]).parts
    assert part.fit.contract == "personas-journeys@2021"
    nearest = next(fit for fit in part.others if fit.misfits)
    assert (nearest.contract, nearest.misfits, nearest.breaking[0].rule) == ("engage-journeys@2024", 1, "entry-only")


def test_a_call_that_asks_to_be_forgotten_tells_nothing() -> None:
    """A `delete` call is right everywhere; alone, it tells of no family."""
    delete = event({"type": "delete", "userId": "u1"})
    found = detected([event(track()), delete])
    assert (found.contract, found.payloads, found.neutral) == ("engage-journeys@2024", 2, 1)
    assert detected([delete]).word == "errored"


def test_what_cannot_be_read_fits_nothing() -> None:
    """A broken line is counted with its place, and nothing is said to fit all."""
    found = detected([event(track()), b"{", b"["])
    assert found.first_unread is not None
    assert (found.word, found.unread, found.first_unread.line) == ("failed", 2, 2)
    assert detected([b"{"]).word == "errored"


def test_a_stray_call_at_a_list_fits_no_family() -> None:
    """A call without a membership value at a list destination is wrong under every contract."""
    (part,) = detected([{"destination": "ads", "kind": "list", "payload": ORDER}]).parts
    assert [each.rule for each in part.fit.breaking] == ["destination-kind"]


def test_all_misfits_are_counted_and_the_first_looked_into() -> None:
    """Breaches are looked for in the first payloads of a destination and key; how many do not fit is exact."""
    wrong = [event(track(event="Wrong", userId=f"u{n}")) for n in range(9)]
    (part,) = detected(wrong, looked_into=4).parts
    assert (part.fit.misfits, part.fit.looked_into, part.fit.breaking[0].count) == (9, 4, 4)
    (whole,) = detected(wrong, looked_into=None).parts
    assert (whole.fit.looked_into, whole.fit.breaking[0].count) == (9, 9)


def test_keys_beyond_the_most_are_taken_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many keys a capture has, those that are kept have an end; payloads are counted all the same."""
    monkeypatch.setattr(families, "STRANDS", 2)
    keys = [KEY, *(f"j_o_first_purchase__step_{n}_dje83" for n in range(5))]
    calls = [track(properties={key: "true"}, context=None) for key in keys]
    found = detected([event(call) for call in calls])
    (part,) = found.parts
    assert (part.fit.contract, part.payloads) == ("engage-journeys@2023", 6)
    assert part.keys == (keys[0], keys[1], "other keys")


def payloads() -> Iterator[Any]:
    """Payloads right and wrong, of all families."""
    for file in sorted(CASES.glob("*/*.json")):
        written = json.loads(file.read_text("utf-8"))
        cases = [{"deliveries": []}] if isinstance(written, dict) else written
        for case in cases:
            yield from (each["payload"] for each in case["deliveries"] if each.get("kind") == "event")
    for contract in shipped_contracts():
        yield from samples(contract.id)


@pytest.mark.parametrize("contract", shipped_contracts(), ids=lambda contract: contract.id)
def test_whether_a_payload_fits_is_whether_it_breaks_nothing(contract: Contract) -> None:
    """The quick answer is that of the explanation, for payloads of every family under every contract."""
    checker = Checker(contract, Declarations())
    answers = set()
    for payload in payloads():
        fits = checker.fits(payload, None, CRM)
        assert fits == all(v.severity != "error" for v in checker.violations(payload, None, CRM, 0)), payload
        answers.add(fits)
    assert answers == {True, False}
