"""Duplicates from two origins whose traffic was seen apart."""

from __future__ import annotations

from itertools import permutations

from harness.core.judging import Histories
from harness.core.rules.duplicates import DUPLICATE_SOURCE
from tests.core.rules.reading import checker_of, deliveries_of, destinations_of

SNIPPETS = [
    {**DUPLICATE_SOURCE.fails.deliveries[1], "payload": {**DUPLICATE_SOURCE.fails.deliveries[1]["payload"], **more}}
    for more in ({}, {"messageId": "s-10", "timestamp": "2026-11-21T10:04:00Z"}, {"messageId": "s-11"})
]
CASE = {"contract": "segment-spec", "deliveries": [DUPLICATE_SOURCE.fails.deliveries[0], *SNIPPETS]}


def test_duplicates_are_found_whatever_was_seen_together() -> None:
    """Folds of one delivery each, merged in any order, find the first and the last that the other origin sent."""
    checker, destinations = checker_of(CASE), destinations_of(CASE)
    found = set()
    for order in permutations(deliveries_of(CASE, checker)):
        parts = [Histories(checker) for _ in order]
        for part, delivery in zip(parts, order, strict=True):
            part.see(delivery, destinations[delivery.destination])
        first, *others = parts
        for other in others:
            first.merge(other)
        found.add(tuple(sorted(violation.deliveries for violation in first.violations())))
    assert found == {((1, 2), (1, 3))}
