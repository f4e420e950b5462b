"""Delivery overviews: what became of everything that was offered to a destination."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct, field

FILTERED_BY_INTEGRATIONS_OBJECT = "FILTERED_BY_INTEGRATIONS_OBJECT"


class Overview(Struct, frozen=True, kw_only=True):
    """A destination's counts, in payloads (calls, or users of a list), each of them in one place at a time."""

    destination: str
    received: int
    """Offered to the destination."""
    filtered: Mapping[str, int]
    """Filtered at destination, by reason."""
    retries: int
    """Attempts after the first; the only count that says nothing about where a payload is now."""
    failed: Mapping[str, int]
    """Given up, by the reason of the last attempt."""
    delivered: int

    @property
    def pending(self) -> int:
        """Neither filtered, nor delivered, nor given up yet."""
        return self.received - sum(self.filtered.values()) - self.delivered - sum(self.failed.values())


class Tally(Struct, kw_only=True):
    """The running counts that an overview is taken of."""

    received: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    delivered: int = 0

    def overview(self, destination: str) -> Overview:
        """The counts as they are now."""
        return Overview(
            destination=destination,
            received=self.received,
            filtered=dict(self.filtered),
            retries=self.retries,
            failed=dict(self.failed),
            delivered=self.delivered,
        )
