"""All warehouses of a run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from harness.adapters.warehouses.loading import Ledger, Warehouse
from harness.core.destinations.destination import Destination
from harness.core.warehouses.results import Found


class Warehouses:
    """The warehouses of a run, by the names of their destinations."""

    def __init__(self, ledger: Ledger) -> None:
        """Hold none yet; `ledger` gives the run's deliveries."""
        self._ledger = ledger
        self._warehouses: dict[str, Warehouse] = {}
        self._retired: list[Warehouse] = []

    def set_up(self, destinations: Iterable[Destination], after: int) -> None:
        """Have a warehouse for each of `destinations` that is one; changes hold after the delivery with that number."""
        for destination in destinations:
            settings = destination.warehouse
            if settings is None:
                continue
            known = self._warehouses.get(destination.name)
            if known is not None and _place(known) == (settings.url, settings.schema):
                known.choose(settings.selective_sync, after)
                continue
            if known is not None:
                known.choose(None, after)
                self._retired.append(known)
            begin = 0 if known is None else after
            self._warehouses[destination.name] = Warehouse(destination, settings, self._ledger, begin)

    def get(self, name: str) -> Warehouse | None:
        """The warehouse of the destination of that name."""
        return self._warehouses.get(name)

    def news(self, name: str) -> None:
        """Load what came to the destination of that name."""
        warehouse = self._warehouses.get(name)
        if warehouse is not None:
            warehouse.news()

    @property
    def troubles(self) -> list[str]:
        """Why tables lack something that was accepted."""
        return [trouble for each in self._all() for trouble in each.troubles]

    async def loaded(self) -> None:
        """Return when all that was accepted is in the tables, or it is known why not (`troubles`)."""
        await asyncio.gather(*(each.loaded() for each in self._all()), return_exceptions=True)

    async def found(self, queries: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Found]:
        """What each query, given with the name of its destination, finds."""
        return {(name, sql): await self._warehouses[name].found(sql) for name, sql in queries}

    def reset(self) -> None:
        """Forget what was loaded."""
        for each in self._all():
            each.reset()

    async def close(self) -> None:
        """Load the rest, and let go of all databases."""
        await asyncio.gather(*(each.close() for each in self._all()))
        self._warehouses.clear()
        self._retired.clear()

    def _all(self) -> list[Warehouse]:
        return [*self._warehouses.values(), *self._retired]


def _place(warehouse: Warehouse) -> tuple[str, str]:
    return warehouse.settings.url, warehouse.settings.schema
