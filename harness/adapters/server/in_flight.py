"""Requests to destinations that are still being received or answered, by run and destination."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class InFlight:
    """Counts requests from when their head was read until their answer is known.

    A request that has come in whole and is answered at once is never seen in flight: nothing else runs meanwhile.
    """

    def __init__(self, left: Callable[[str], None] | None = None) -> None:
        """Start at none; `left` is told the run of each request that is in flight no longer."""
        self._left = left
        self._counts: dict[str, Counter[str]] = {}

    @contextmanager
    def at(self, run: str, destination: str) -> Iterator[None]:
        """Count one request while the context lasts."""
        self.enter(run, destination)
        try:
            yield
        finally:
            self.leave(run, destination)

    def enter(self, run: str, destination: str) -> None:
        """Count one request until it leaves."""
        counts = self._counts.get(run)
        if counts is None:
            counts = self._counts[run] = Counter()
        counts[destination] += 1

    def leave(self, run: str, destination: str) -> None:
        """Count a request that entered no longer."""
        counts = self._counts[run]
        counts[destination] -= 1
        if not counts[destination]:
            del counts[destination]
            if not counts:
                del self._counts[run]
        if self._left is not None:
            self._left(run)

    def count(self, run: str, destination: str | None = None) -> int:
        """How many there are for a run, or for one destination of it."""
        counts = self._counts.get(run)
        if counts is None:
            return 0
        return counts.total() if destination is None else counts[destination]
