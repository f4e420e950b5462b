"""What a query in a warehouse found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import Struct


class Rows(Struct, frozen=True, kw_only=True):
    """The rows that a query found, in their order."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    """Values as JSON has them: times as ISO 8601 in UTC; SQLite's booleans are 1 and 0."""
    notes: tuple[str, ...] = ()
    """Values that were left null, since their columns could not hold them."""

    def records(self) -> list[dict[str, Any]]:
        """Each row by the names of its columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class NoRows(Struct, frozen=True, kw_only=True):
    """Why a query found nothing that could be judged."""

    reason: str


Found: TypeAlias = Rows | NoRows
Queries: TypeAlias = Mapping[tuple[str, str], Found]
"""What was found, by destination and query."""
