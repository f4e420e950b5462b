"""What a simulated space still has to do, ordered by when it falls due."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import TypeAlias

from harness.core.instants import Instant

Action: TypeAlias = Callable[[Instant], None]
"""What is done when its time has come; it is told that time."""

_Entry: TypeAlias = tuple[Instant, int, Action]


class Timeline:
    """Work (deliveries, list syncs, retries) and timers (exits, expiries, re-entries), each done once, in order.

    What falls due at the same instant is done in the order in which it was planned.
    """

    def __init__(self) -> None:
        self._work: list[_Entry] = []
        self._timers: list[_Entry] = []
        self._planned = 0

    @property
    def busy(self) -> bool:
        """Whether work is planned; timers alone only wait for time to pass."""
        return bool(self._work)

    def plan_work(self, due: Instant, action: Action) -> None:
        """Have `action` done at `due`, as work that is waited for."""
        self._push(self._work, due, action)

    def plan_timer(self, due: Instant, action: Action) -> None:
        """Have `action` done at `due`, if that time ever comes."""
        self._push(self._timers, due, action)

    def next_due(self) -> Instant | None:
        """When the first planned action falls due; None where nothing is planned."""
        heap = self._first()
        return heap[0][0] if heap else None

    def pop(self, now: Instant) -> tuple[Instant, Action] | None:
        """The next action due at or before `now` and its time, no longer planned; None where there is none."""
        heap = self._first()
        if not heap or heap[0][0] > now:
            return None
        due, _, action = heappop(heap)
        return due, action

    def _first(self) -> list[_Entry]:
        if not self._work or not self._timers:
            return self._work or self._timers
        return self._work if self._work[0][:2] < self._timers[0][:2] else self._timers

    def _push(self, heap: list[_Entry], due: Instant, action: Action) -> None:
        self._planned += 1
        heappush(heap, (due, self._planned, action))
