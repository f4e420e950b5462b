"""Columns: which ones a section of a call becomes, which type each gets, and what of a value fits a type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeAlias, assert_never

import orjson

from harness.core.warehouses.naming import plain, snakecase

Value: TypeAlias = str | int | float | bool | datetime
"""What a column holds."""

LONGEST_TEXT = 512
"""Characters of a text; what is longer is cut, as Segment does."""
_LARGEST = 2**63
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_BOOLEANS: Mapping[object, bool] = {"true": True, "false": False, "1": True, "0": False}


class ColumnType(StrEnum):
    """The data types that Segment's warehouses have."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOAT = "float"
    TIMESTAMP = "timestamp"
    VARCHAR = "varchar"


def flattened(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The columns of `section`: nested objects flattened, arrays as JSON text, nulls left out.

    A name without any ASCII letter or digit has no column.
    """
    for name, value in _leaves(section, prefix):
        yield plain(name), value


def _leaves(section: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        name = snakecase(key)
        if not name or value is None:
            continue
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}_")
        else:
            yield prefix + name, orjson.dumps(value).decode() if isinstance(value, list) else value


def type_of(value: Any) -> ColumnType:
    """The type that a column gets from the first value in it."""
    match value:
        case bool():
            return ColumnType.BOOLEAN
        case int() if -_LARGEST <= value < _LARGEST:
            return ColumnType.INTEGER
        case int() | float():
            return ColumnType.FLOAT
        case datetime():
            return ColumnType.TIMESTAMP
        case _:
            return ColumnType.VARCHAR if moment_of(value) is None else ColumnType.TIMESTAMP


def fitted(value: Any, kind: ColumnType) -> Value | None:
    """`value` as a column of that type holds it; None where it cannot."""
    match kind:
        case ColumnType.BOOLEAN:
            return value if isinstance(value, bool) else _BOOLEANS.get(str(value).lower())
        case ColumnType.INTEGER:
            return _integer(value)
        case ColumnType.FLOAT:
            return _number(value)
        case ColumnType.TIMESTAMP:
            return moment_of(value)
        case ColumnType.VARCHAR:
            return text_of(value)[:LONGEST_TEXT]
        case _:
            assert_never(kind)


def text_of(value: Any) -> str:
    """`value` as text: JSON, where it is none; without the character that PostgreSQL cannot store."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else orjson.dumps(value).decode()


def moment_of(value: Any) -> datetime | None:
    """The moment that an ISO 8601 text names, with date and time; without a zone, in UTC. None for all else."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or _TIME.fullmatch(value) is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _integer(value: Any) -> int | None:
    number = value if isinstance(value, int) else _number(value)
    if number is None or not -_LARGEST <= number < _LARGEST:
        return None
    return int(number)  # a fraction is lost, as in Segment's


def _number(value: Any) -> float | None:
    if isinstance(value, datetime):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None  # nor NaN
