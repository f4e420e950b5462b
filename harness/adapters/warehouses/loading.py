"""Loads the deliveries that a warehouse destination accepted into its store, from the ledger, behind the replies."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeAlias, TypeVar

from msgspec.structs import replace

from harness.adapters.warehouses.stores import QueryFailed, RowsRefused, StoreFailed, StoreUnusable, open_store
from harness.core.delivery import Delivery
from harness.core.destinations.destination import Destination
from harness.core.warehouses.results import Found, NoRows, Rows
from harness.core.warehouses.rows import Row, rows_of
from harness.core.warehouses.settings import SelectiveSync, WarehouseSettings
from harness.core.warehouses.tables import Unfit

PATIENCE_SECONDS = 10.0
"""How long whoever wants to see the rows waits for a database that fails."""

_LAST_SECONDS = 1.0
"""How long a last try takes at a database that is known to fail."""
_BATCH = 500
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 1.0
_LISTED = 100
_LOG = logging.getLogger("harness.warehouses")
T = TypeVar("T")
Ledger: TypeAlias = Callable[[int], Sequence[Delivery]]
"""The deliveries after a number."""


class WarehouseFailed(Exception):
    """Not all that a warehouse accepted is in its tables; the message says why."""


class Warehouse:
    """The tables of one warehouse destination.

    Everything public is called on the server's loop; the store works in a thread of its own, so that it delays nobody.
    What the ledger holds is loaded in its order, and again until it is in; what is in already changes nothing.
    """

    def __init__(self, destination: Destination, settings: WarehouseSettings, ledger: Ledger, after: int) -> None:
        """Load what comes to `destination` after the delivery with the number `after`."""
        self.name = destination.name
        self.settings = settings
        self.unfit: list[Unfit] = []
        """Values that their columns could not hold, the first of them."""
        self.refused: list[str] = []
        """Deliveries that the database will never take, with its reason."""
        self._trouble: str | None = None
        self._ledger = ledger
        self._position = after
        self._choices: list[tuple[int, SelectiveSync | None]] = [(0, settings.selective_sync)]
        self._store = open_store(settings)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"warehouse-{self.name}")
        self._task: asyncio.Task[None] | None = None

    @property
    def troubles(self) -> list[str]:
        """Why its tables lack something that it accepted."""
        return [*([self._trouble] if self._trouble else ()), *self.refused]

    def choose(self, selection: SelectiveSync | None, after: int) -> None:
        """Write only what `selection` says of what comes after the delivery with that number; None: nothing of it."""
        if selection != self._choices[-1][1]:
            self._choices.append((after, selection))

    def news(self) -> None:
        """Load what came, beside whatever else goes on."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._load_all())

    async def loaded(self, patience: float | None = None) -> None:
        """Return when all that was accepted until now is in the tables; WarehouseFailed where it cannot be in time."""
        self.news()
        seconds = PATIENCE_SECONDS if patience is None else patience
        _, unfinished = await asyncio.wait([task for task in [self._task] if task], timeout=seconds)
        if unfinished and not self.troubles:
            self._trouble = f"{self.name}: after {seconds:g} s, some of what it accepted is still being loaded"
        if self.troubles:
            raise WarehouseFailed("; ".join(self.troubles))

    async def rows(self, sql: str) -> Rows:
        """The rows that a reading query finds once all is loaded; WarehouseFailed or QueryFailed where it cannot be."""
        await self.loaded()
        try:
            found = await self._in_thread(lambda: self._store.query(sql))
            return replace(found, notes=tuple(map(str, self.unfit)))
        except QueryFailed as error:
            raise QueryFailed(f"{error}; {await self._tables()}") from None
        except StoreFailed as error:
            raise WarehouseFailed(f"{self.name}: {error}") from None

    async def found(self, sql: str) -> Found:
        """The same as a value, a failure included."""
        try:
            return await self.rows(sql)
        except (QueryFailed, WarehouseFailed) as error:
            return NoRows(reason=str(error))

    async def _tables(self) -> str:
        """What tables there are, for whoever asked for what is not there."""
        try:
            counts = await self._in_thread(self._store.tables)
        except (StoreFailed, RowsRefused) as error:
            return str(error)
        named = ", ".join(f"{name} ({count})" for name, count in sorted(counts.items()))
        return f"{self.settings.schema} has the tables {named}" if counts else f"{self.settings.schema} has no tables"

    def reset(self) -> None:
        """Forget what was loaded, as the ledger does; a database that outlives the run keeps its rows."""
        if self._task is not None:
            self._task.cancel()
        self._task, self._trouble, self._position = None, None, 0
        self._choices = [(0, self._choices[-1][1])]
        self.unfit.clear()
        self.refused.clear()
        self._thread.submit(self._store.clear)

    async def close(self) -> None:
        """Load the rest, and let go of the database; what cannot be loaded is logged."""
        try:
            await self.loaded(_LAST_SECONDS if self._trouble else None)
        except WarehouseFailed as error:
            _LOG.error("warehouse %s was closed before all was loaded: %s", self.name, error)
        if self._task is not None:
            self._task.cancel()
        await self._in_thread(self._store.close)
        self._thread.shutdown(wait=False)

    async def _load_all(self) -> None:
        """Load until nothing is left, or no further try would help."""
        wait = _FIRST_WAIT
        while batch := self._ledger(self._position)[:_BATCH]:
            try:
                await self._in_thread(partial(self._load, batch))
                self._position, self._trouble, wait = batch[-1].number, None, _FIRST_WAIT
            except StoreFailed as error:
                self._trouble = f"{self.name}: {error}"
                if isinstance(error, StoreUnusable):
                    return
                await asyncio.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
            except Exception as error:  # noqa: BLE001  # a fault of ours must be told, and end in no endless loop
                _LOG.exception("warehouse %s could not load", self.name)
                self._trouble = f"{self.name}: {type(error).__name__}: {error}"
                return
        self._trouble = None

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _load(self, batch: Sequence[Delivery]) -> None:
        """Load what `batch` holds for this warehouse: all of it at once, or one by one where some cannot be loaded."""
        calls = [(delivery.number, rows) for delivery in batch for rows in self._rows(delivery) if rows]
        if not calls:
            return
        try:
            self._note(self._store.load([rows for _, rows in calls]))
        except RowsRefused:
            for number, rows in calls:
                self._load_one(number, rows)

    def _load_one(self, number: int, rows: Sequence[Row]) -> None:
        try:
            self._note(self._store.load([rows]))
        except RowsRefused as error:
            told = f"{self.name}: delivery {number} cannot be loaded: {error}"
            if told not in self.refused and len(self.refused) < _LISTED:
                self.refused.append(told)

    def _note(self, unfit: Sequence[Unfit]) -> None:
        self.unfit.extend(unfit[: _LISTED - len(self.unfit)])

    def _rows(self, delivery: Delivery) -> Iterator[tuple[Row, ...]]:
        """The rows of each call in `delivery` that was accepted, as they were chosen when it came."""
        if delivery.destination != self.name or delivery.kind != "warehouse":
            return
        chosen = next(choice for after, choice in reversed(self._choices) if delivery.number > after)
        for index, call in enumerate(delivery.payloads if chosen else ()):
            if chosen and delivery.accepts(index):
                yield chosen.chosen(rows_of(call, delivery.arrival.received_at))
