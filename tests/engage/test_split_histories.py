"""A history that is split at random and merged in random order shows what the whole one shows, right or wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.adapters.contract_files import load_contract
from harness.core.checking import Checker
from harness.core.declarations import Declarations
from harness.core.delivery import Violation
from harness.core.judging import Histories
from harness.core.rules.catalogue import RULES
from harness.engage.faults import FAULTS
from harness.engage.faulty import HONEST, Fault
from tests.engage.histories import Played, Plot, plots

OF_HISTORY = frozenset(rule.id for rule in RULES.values() if rule.history is not None)
CONTRACTS = ("engage-journeys@2024", "engage-journeys@2023", "personas-journeys@2021", "engage-journeys-wire@2025")
WAYS = (HONEST, *(fault for fault in FAULTS.values() if fault.rule in OF_HISTORY or fault.leaving_calls))
"""Right spaces, and those whose faults are those of histories."""


def ordered(violations: Iterable[Violation]) -> list[str]:
    """The violations in an order that does not depend on how they were found."""
    return sorted(map(repr, violations))


def whole(played: Played, checker: Checker) -> list[str]:
    """What the history shows, seen by one fold from its beginning to its end."""
    histories = Histories(checker)
    for delivery in played.ledger:
        histories.see(delivery, played.destinations[delivery.destination])
    return ordered(histories.violations())


def pieced_together(played: Played, checker: Checker, chance: Random) -> list[str]:
    """What it shows where its deliveries are dealt out to any number of folds, which are merged two by two."""
    parts = [Histories(checker) for _ in range(chance.randint(1, 7))]
    for delivery in chance.sample(played.ledger, len(played.ledger)):
        chance.choice(parts).see(delivery, played.destinations[delivery.destination])
    while len(parts) > 1:
        kept, other = (parts.pop(chance.randrange(len(parts))) for _ in range(2))
        kept.merge(other.folds)
        parts.append(kept)
    return ordered(parts[0].violations())


def compare(examples: int) -> Counter[bool]:
    """How many of as many histories show a violation; that all are the same when split is asserted."""
    accused: Counter[bool] = Counter()

    @settings(deadline=None, max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(plot=plots(), way=st.sampled_from(WAYS), contract=st.sampled_from(CONTRACTS), chance=st.randoms())
    def differ(plot: Plot, way: Fault, contract: str, chance: Random) -> None:
        played = Played(plot, contract, way)
        undeclared = Checker(load_contract(contract), Declarations())
        for checker in (played.checker, undeclared):
            found = whole(played, checker)
            assert pieced_together(played, checker, chance) == found
            accused[bool(found)] += 1

    differ()
    return accused


def test_a_split_history_shows_what_the_whole_one_shows() -> None:
    """A dozen histories, right and wrong ones, are the same to the byte in whatever parts and order."""
    accused = compare(12)
    assert min(accused[True], accused[False]) > 0


@pytest.mark.long
def test_a_split_history_shows_what_the_whole_one_shows_however_long_one_looks() -> None:
    """The same, over several dozen."""
    accused = compare(60)
    assert min(accused[True], accused[False]) > 5
