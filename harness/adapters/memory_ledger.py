"""The ledger in memory."""

from __future__ import annotations

from collections.abc import Sequence

from harness.core.delivery import Delivery


class MemoryLedger:
    """Keeps deliveries in a list, for as long as the process lives."""

    def __init__(self) -> None:
        """Start empty."""
        self._deliveries: list[Delivery] = []

    def append(self, delivery: Delivery) -> None:
        """Keep `delivery`, the next in number."""
        self._deliveries.append(delivery)

    def deliveries(self, after: int = 0) -> Sequence[Delivery]:
        """The deliveries with a number greater than `after`, in order."""
        return self._deliveries[after:]

    def clear(self) -> None:
        """Forget all deliveries."""
        self._deliveries.clear()
