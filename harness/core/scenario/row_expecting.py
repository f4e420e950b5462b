"""Judges what is expected of the rows that a query finds in a warehouse."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from harness.core.scenario.evidence import Evidence, written
from harness.core.scenario.model import Amount, RowsAre
from harness.core.scenario.nearest import sighted
from harness.core.verdict import Nearest, Unmet
from harness.core.warehouses.columns import moment_of
from harness.core.warehouses.results import NoRows, Rows

_SHOWN = 5
_LONGEST = 200
_ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)
Row: TypeAlias = Mapping[str, Any] | tuple[Any, ...]


def unmet_rows(expectation: RowsAre, evidence: Evidence) -> Iterator[Unmet]:
    """What of `expectation` the query's rows do not meet."""
    match evidence.queries[expectation.of, expectation.sql]:
        case NoRows(reason=reason):
            yield _unmet(expectation, _wanted(expectation), f"the query failed: {reason}", evidence)
        case Rows() as found:
            for wanted, actual in _differences(expectation, found):
                left = f"; left null: {', '.join(found.notes[:_SHOWN])}" if found.notes else ""
                yield _unmet(expectation, wanted, actual + left, evidence)


def _differences(expectation: RowsAre, found: Rows) -> Iterator[tuple[str, str]]:
    """What was expected and what was found, where these differ."""
    if expectation.count is not None and not expectation.count.admits(len(found.rows)):
        yield _rows(expectation.count), f"{len(found.rows)}: {_listed(found.records())}"
    if expectation.are is not None:
        difference = _difference(expectation.are, found, ordered=_ORDERED.search(expectation.sql) is not None)
        if difference:
            yield _exactly(expectation.are), difference


def _difference(wanted: Sequence[Row], found: Rows, *, ordered: bool) -> str:
    """In what the rows that were found are not those wanted; empty where they are."""
    looked_for = [_wanted_key(row, found.columns) for row in wanted]
    there: list[Hashable] = [tuple(map(_comparable, row)) for row in found.rows]
    missing, surplus = Counter(looked_for) - Counter(there), Counter(there) - Counter(looked_for)
    if missing or surplus:
        parts = {
            "missing": _taken(wanted, looked_for, missing),
            "not expected": _taken(found.records(), there, surplus),
        }
        told = [f"{word}: {_listed(rows)}" for word, rows in parts.items() if rows]
        return "; ".join([*told, f"{len(there) - surplus.total()} as expected"])
    return f"these rows in another order: {_listed(found.records())}" if ordered and looked_for != there else ""


def _taken(rows: Sequence[Row], keys: Sequence[Hashable], amounts: Counter[Hashable]) -> list[Row]:
    """Those of `rows` whose keys are in `amounts`, each so often."""
    left, taken = amounts.copy(), []
    for row, key in zip(rows, keys, strict=True):
        if left[key] > 0:
            left[key] -= 1
            taken.append(row)
    return taken


def _wanted_key(row: Row, columns: tuple[str, ...]) -> Hashable:
    """A row that is wanted, in the form of one that was found; one with other columns is like none."""
    if isinstance(row, tuple):
        return tuple(map(_comparable, row))
    if set(row) == set(columns):
        return tuple(_comparable(row[name]) for name in columns)
    return frozenset(row)


def _comparable(value: Any) -> Hashable:
    """`value` as it is compared: true is 1, as in SQLite, and one moment is one, however it is written."""
    if isinstance(value, list | dict):
        return written(value)
    return moment_of(value) or value


def _unmet(expectation: RowsAre, wanted: str, actual: str, evidence: Evidence) -> Unmet:
    nearest = _last(expectation.of, evidence)
    return Unmet(
        mark=expectation.mark,
        expectation="rows",
        expected=f"{wanted} in {expectation.of} by: {' '.join(expectation.sql.split())}",
        actual=actual if nearest else f"{actual}, and nothing was accepted there",
        nearest=nearest,
    )


def _last(destination: str, evidence: Evidence) -> Nearest | None:
    """The last message that the warehouse accepted."""
    accepted = [message for message in evidence.messages if message.destination == destination and message.accepted]
    return sighted(accepted[-1], f"the last of the {len(accepted)} accepted") if accepted else None


def _wanted(expectation: RowsAre) -> str:
    return _exactly(expectation.are) if expectation.are is not None else _rows(expectation.count)


def _exactly(rows: Sequence[Row]) -> str:
    return f"exactly {_listed(rows)}" if rows else "no rows"


def _listed(rows: Sequence[Row]) -> str:
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return ", ".join(map(_row, rows[:_SHOWN])) + more if rows else "none"


def _row(row: Row) -> str:
    text = written(row)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _rows(amount: Amount | None) -> str:
    return f"{amount} row{'' if str(amount).split()[-1] == '1' else 's'}"
