"""The expectation `rows`: when what a query found is what was wanted."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.documents import Mark
from harness.core.scenario.evidence import Evidence
from harness.core.scenario.expecting import unmet_expectations
from harness.core.scenario.model import Amount, RowsAre
from harness.core.verdict import Unmet
from harness.core.warehouses.results import NoRows, Rows
from tests.core.scenario.writing import sample

SQL = "select a, b from t"
ORDERED = f"{SQL} order by a"


def unmet(wanted: RowsAre, found: Rows | NoRows) -> list[Unmet]:
    """What of `wanted` is unmet by `found`."""
    return unmet_expectations([wanted], Evidence([], sample().declarations(), {(wanted.of, wanted.sql): found}))


def expected(*rows: Any, sql: str = SQL, count: Amount | None = None) -> RowsAre:
    """An expectation of these rows."""
    return RowsAre(mark=Mark(file="f", line=1, column=1), of="wh", sql=sql, are=rows, count=count)


def found(*rows: tuple[Any, ...]) -> Rows:
    """What a query found."""
    return Rows(columns=("a", "b"), rows=rows)


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        (expected({"a": 1, "b": "x"}), found((1, "x"))),
        (expected((1, "x")), found((1, "x"))),
        (expected((1, "x"), {"b": "y", "a": 2}), found((2, "y"), (1, "x"))),
        (expected((1, "x"), (1, "x")), found((1, "x"), (1, "x"))),
        (expected((True, None)), found((1, None))),
        (expected((3, 1)), found((3.0, True))),
        (expected(("2026-01-05T10:00:00+01:00", [1])), found(("2026-01-05T09:00:00.000000Z", [1]))),
        (expected((1, "x"), (2, "y"), sql=ORDERED), found((1, "x"), (2, "y"))),
        (expected(), found()),
    ],
)
def test_rows_are_as_wanted(wanted: RowsAre, there: Rows) -> None:
    """By column or by place, in any order unless the query has one, and whatever form a value has."""
    assert unmet(wanted, there) == []


@pytest.mark.parametrize(
    ("wanted", "there", "told"),
    [
        (expected((1, "x")), found(), 'missing: [1, "x"]; 0 as expected'),
        (expected(), found((1, "x")), 'not expected: {"a": 1, "b": "x"}; 0 as expected'),
        (expected((1, "x"), (1, "x")), found((1, "x")), 'missing: [1, "x"]; 1 as expected'),
        (expected((1, "x")), found((1, "x"), (1, "x")), 'not expected: {"a": 1, "b": "x"}; 1 as expected'),
        (expected({"a": 1}), found((1, "x")), 'missing: {"a": 1}; not expected: {"a": 1, "b": "x"}; 0 as expected'),
        (expected(("1", "x")), found((1, "x")), 'missing: ["1", "x"]; not expected: {"a": 1, "b": "x"}; 0 as expected'),
        (
            expected((1, "x"), (2, "y"), sql=ORDERED),
            found((2, "y"), (1, "x")),
            'these rows in another order: {"a": 2, "b": "y"}, {"a": 1, "b": "x"}',
        ),
    ],
)
def test_rows_are_not_as_wanted(wanted: RowsAre, there: Rows, told: str) -> None:
    """What is missing and what is too much is told row by row."""
    (only,) = unmet(wanted, there)
    assert only.actual == f"{told}, and nothing was accepted there"


def test_long_rows_and_many_rows_are_cut() -> None:
    """A table is not printed whole."""
    many = found(*((number, "x" * 300) for number in range(7)))
    (only,) = unmet(expected(), many)
    assert only.actual.count("…") == 5
    assert " and 2 more" in only.actual


def test_count_and_rows_are_both_demanded() -> None:
    """Each that is unmet is told by itself."""
    both = expected((1, "x"), count=Amount(at_least=2, at_most=2))
    assert [each.expected for each in unmet(both, found())] == [
        f"2 rows in wh by: {SQL}",
        f'exactly [1, "x"] in wh by: {SQL}',
    ]


def test_a_query_that_failed_meets_nothing() -> None:
    """Not even an expectation of no rows."""
    (only,) = unmet(expected(), NoRows(reason="no such table: t"))
    assert (only.expected, only.actual) == (
        f"no rows in wh by: {SQL}",
        "the query failed: no such table: t, and nothing was accepted there",
    )
