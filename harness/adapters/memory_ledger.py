"""The ledgers in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from harness.adapters.clocks import wall_clock
from harness.core.delivery import Delivery
from harness.core.instants import Instant
from harness.core.keeping import RECENT_MESSAGES, Bounds, Cause, Loss, Losses, size_of


class MemoryLedger:
    """Keeps deliveries in a list, for as long as the process lives."""

    attempts_kept: int | None = None

    def __init__(self) -> None:
        """Start empty."""
        self._deliveries: list[Delivery] = []

    @property
    def last(self) -> int:
        """The number of the last delivery."""
        return len(self._deliveries)

    def append(self, delivery: Delivery) -> None:
        """Keep `delivery`, the next in number."""
        self._deliveries.append(delivery)

    def deliveries(self, after: int = 0) -> Sequence[Delivery]:
        """The deliveries with a number greater than `after`, in order."""
        return self._deliveries[after:]

    def members_of_lists(self) -> Iterator[Delivery]:
        """The accepted deliveries to list destinations."""
        return (each for each in self._deliveries if each.kind == "list" and each.accepted)

    def unexpected(self) -> Iterator[Delivery]:
        """The deliveries for destinations that there were not."""
        return (each for each in self._deliveries if each.unexpected)

    def losses(self) -> Sequence[Loss]:
        """None."""
        return ()

    def clear(self) -> None:
        """Forget all deliveries."""
        self._deliveries.clear()

    def close(self) -> None:
        """Forget all deliveries."""
        self.clear()


class BoundedLedger:
    """Keeps the latest deliveries in memory, as many as its bounds allow, and says how many it dropped."""

    def __init__(self, bounds: Bounds, now: Callable[[], Instant] = wall_clock) -> None:
        """Start empty; ages are measured by `now`."""
        self._bounds = bounds
        self._now = now
        self._deliveries: deque[Delivery] = deque()
        self._bytes = 0
        self._losses = Losses()
        self.last = 0
        self.attempts_kept = bounds.max or RECENT_MESSAGES

    def append(self, delivery: Delivery) -> None:
        """Keep `delivery`, the next in number, and drop what is too much with it."""
        kept, bounds = self._deliveries, self._bounds
        kept.append(delivery)
        self.last = delivery.number
        if bounds.max_bytes is not None:
            self._bytes += size_of(delivery)
        now = self._now() if bounds.max_age is not None else 0
        while cause := bounds.excess(kept=len(kept), size=self._bytes, oldest=kept[0].arrival.arrived_at, now=now):
            self._drop(cause)

    def _drop(self, cause: Cause) -> None:
        dropped = self._deliveries.popleft()
        self._losses.add(cause, dropped.number, self._bounds.told(cause))
        if self._bounds.max_bytes is not None:
            self._bytes -= size_of(dropped)

    def deliveries(self, after: int = 0) -> Sequence[Delivery]:
        """The deliveries with a number greater than `after`, in order."""
        latest = list(islice(reversed(self._deliveries), max(0, self.last - after)))
        latest.reverse()
        return latest

    def members_of_lists(self) -> Iterator[Delivery]:
        """The accepted deliveries to list destinations."""
        return (each for each in self._deliveries if each.kind == "list" and each.accepted)

    def unexpected(self) -> Iterator[Delivery]:
        """The deliveries for destinations that there were not."""
        return (each for each in self._deliveries if each.unexpected)

    def losses(self) -> Sequence[Loss]:
        """What was dropped."""
        return self._losses.all()

    def clear(self) -> None:
        """Forget all deliveries, and what was dropped."""
        self._deliveries.clear()
        self._losses.clear()
        self._bytes = self.last = 0

    def close(self) -> None:
        """Forget all deliveries."""
        self.clear()
