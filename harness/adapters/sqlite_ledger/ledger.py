"""The durable ledger: a run's deliveries in an SQLite file, each answered once it is committed."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from harness.adapters.sqlite_ledger.groups import Groups, Waiting
from harness.adapters.sqlite_ledger.reading import Held, StoredDeliveries, held_of, known_losses
from harness.adapters.sqlite_ledger.rows import INSERT, NUMBER_BITS, NUMBERS, Row, row_of
from harness.core.delivery import Delivery, Respond
from harness.core.instants import Instant
from harness.core.keeping import RECENT_MESSAGES, Bounds, Cause, Committing, Loss, Losses

_KEPT_FAILED: Final = 1000
"""Deliveries that could not be written, and are written once that is possible again."""
_WALK: Final = 1000
"""Old deliveries that are looked at in one transaction, whether they have to go."""
_OLDEST: Final = (
    "SELECT id, arrived_at, length(body) + length(headers) FROM delivery WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
)
_LOSS: Final = (
    "INSERT INTO loss (run, cause, why, count, first, last) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET count = excluded.count, first = excluded.first, last = excluded.last"
)


class SqliteLedger:
    """The ledger of one run in a file that several share."""

    attempts_kept: int | None = RECENT_MESSAGES

    def __init__(
        self,
        run: tuple[int, str],
        groups: Groups,
        reader: sqlite3.Connection,
        bounds: Bounds,
        now: Callable[[], Instant],
        forget: Callable[[int, str | None], int],
    ) -> None:
        """Begin with what the file holds of `run` (id and name); `forget` forgets that, and opens a run anew."""
        self._id, self._name = run
        self._groups = groups
        self._reader = reader
        self._bounds = bounds
        self._now = now
        self._forget = forget
        self._unwritten: deque[Row] = deque(maxlen=_KEPT_FAILED)
        self._next: Held | None = None
        """What the run will hold once the present transaction is committed."""
        self._dropped: Sequence[tuple[Cause, int]] = ()
        """What that transaction deletes."""
        self._written = 0
        """How many of the unwritten it writes."""
        self._load()

    def _load(self) -> None:
        known = known_losses(self._reader, self._id)
        self._losses = Losses(known)
        self._held = held_of(self._reader, self._id, self._bounds)
        self.last = max([self._held.last, *(loss.last for loss in known)])

    def append(self, delivery: Delivery) -> Committing:
        """Commit `delivery`, the next in number, together with what comes at the same time."""
        committing = Committing(delivery)
        self.last = delivery.number
        try:
            row = row_of(self._id, delivery)
        except (TypeError, ValueError) as error:
            self.failed(committing, f"it cannot be written down: {error}", again=False)
            committing.settle(str(error))
            return committing
        self._groups.add(Waiting(self, row, committing))
        return committing

    def write(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Write `rows`, and before them those that could not be written earlier; drop what is too much."""
        held, self._dropped = self._held, ()
        late = len(self._unwritten)
        if late:
            rows = [*self._unwritten, *rows]
        connection.executemany(INSERT, rows)
        self._written = late
        size = sum(len(row[9]) + len(row[8]) for row in rows) if self._bounds.max_bytes is not None else 0
        self._next = Held(
            first=held.first if held.count else rows[0][0] & NUMBERS,
            last=rows[-1][0] & NUMBERS,
            count=held.count + len(rows),
            size=held.size + size,
            oldest=held.oldest if held.count else rows[0][5],
        )
        if self._bounds:
            self._drop(connection, self._next)
        if late:
            self._write_losses(connection)

    def _drop(self, connection: sqlite3.Connection, held: Held) -> None:
        """Delete the oldest deliveries as far as they are too much; what is left of it is next time's."""
        bounds, now = self._bounds, self._now()
        if bounds.excess(kept=held.count, size=held.size, oldest=held.oldest, now=now) is None:
            return
        base = self._id << NUMBER_BITS
        dropped: list[tuple[Cause, int]] = []
        for identifier, arrived_at, size in connection.execute(_OLDEST, (base, base + held.last, _WALK)).fetchall():
            held.first, held.oldest = identifier & NUMBERS, arrived_at
            cause = bounds.excess(kept=held.count, size=held.size, oldest=arrived_at, now=now)
            if cause is None:
                break
            dropped.append((cause, held.first))
            held.count, held.size, held.first = held.count - 1, held.size - size, held.first + 1
        if dropped:
            connection.execute("DELETE FROM delivery WHERE id > ? AND id <= ?", (base, base + dropped[-1][1]))
            self._dropped = dropped
            self._write_losses(connection, dropped)

    def _write_losses(self, connection: sqlite3.Connection, dropped: Sequence[tuple[Cause, int]] = ()) -> None:
        losses = Losses(self._losses.all())
        for cause, number in dropped:
            losses.add(cause, number, self._bounds.told(cause))
        rows = [(self._id, each.cause, each.why, each.count, each.first, each.last) for each in losses.all()]
        connection.executemany(_LOSS, rows)

    def wrote(self) -> None:
        """Take note that what was written is committed."""
        if self._next is not None:
            self._held, self._next = self._next, None
        for _ in range(self._written):
            self._unwritten.popleft()
        for cause, number in self._dropped:
            self._losses.add(cause, number, self._bounds.told(cause))
        self._written, self._dropped = 0, ()

    def failed(self, committing: Committing, why: str, *, again: bool) -> None:
        """Count a delivery that could not be written; if that may be tried `again`, keep what became of it."""
        delivery = committing.delivery
        self._losses.add("failed", delivery.number, why)
        if again:
            refused = Respond(status=503, body={"success": False, "error": f"the ledger could not keep it: {why}"})
            self._unwritten.append(row_of(self._id, replace(delivery, reply=refused)))

    @property
    def owes(self) -> bool:
        """Whether there is something that could not be written yet."""
        return bool(self._unwritten)

    def deliveries(self, after: int = 0) -> StoredDeliveries:
        """The committed deliveries with a number greater than `after`, in order, read as they are needed."""
        held = self._held
        dense = held.count == held.last - held.first + 1
        low = max(held.first, after + 1)
        return StoredDeliveries(self._reader, (self._id, self._name), low, held.last if held.count else 0, dense)

    def members_of_lists(self) -> Iterator[Delivery]:
        """The accepted deliveries to list destinations."""
        return self.deliveries().of_lists()

    def unexpected(self) -> Iterator[Delivery]:
        """The deliveries for destinations that there were not."""
        return self.deliveries().unexpected()

    def losses(self) -> Sequence[Loss]:
        """What was dropped, and what could not be written."""
        return self._losses.all()

    def clear(self) -> None:
        """Forget all deliveries, and what was lost; numbers begin anew."""
        self._groups.commit(last=True)
        self._id = self._forget(self._id, self._name)
        self._unwritten.clear()
        self._losses.clear()
        self._held, self.last = Held(), 0

    def close(self) -> None:
        """Forget all deliveries, and the run."""
        self._groups.commit(last=True)
        self._forget(self._id, None)
