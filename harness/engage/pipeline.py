"""The delivery pipeline: requests out, answers in, retries of what may be retried, and the counts of all that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from harness.core.instants import Instant
from harness.engage.errors import SpaceError
from harness.engage.faulty import Fault
from harness.engage.ids import Ids
from harness.engage.overview import Overview, Tally
from harness.engage.retries import Outcome, next_wait
from harness.engage.settings import Settings
from harness.engage.timeline import Timeline

HEADERS: Mapping[str, str] = MappingProxyType({"content-type": "application/json", "user-agent": "Segment.io/1.0"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One attempt to deliver, to be POSTed to the destination's URL and answered for to the space."""

    id: str
    """The same for all attempts at one message."""
    destination: str
    path: str = ""
    """What follows the destination's URL."""
    headers: Mapping[str, str]
    body: bytes
    attempt: int


@dataclass(slots=True, kw_only=True, eq=False)
class _Parcel:
    """A message on its way: the same bytes on every attempt."""

    id: str
    destination: str
    body: bytes
    payloads: int
    done: Callable[[Instant], None] | None
    attempt: int = 0
    first_at: Instant = 0


class Pipeline:
    """Carries messages to destinations until they are accepted, refused or given up."""

    def __init__(self, *, timeline: Timeline, settings: Settings, ids: Ids, fault: Fault) -> None:
        self._timeline = timeline
        self._fault = fault
        self._settings = settings
        self._ids = ids
        self._submitted = 0
        self._outbox: list[Request] = []
        self._awaited: dict[str, _Parcel] = {}
        self._tallies: dict[str, Tally] = {}

    @property
    def busy(self) -> bool:
        """Whether an attempt waits to be taken or answered."""
        return bool(self._outbox or self._awaited)

    @property
    def waiting(self) -> bool:
        """Whether an attempt waits to be taken."""
        return bool(self._outbox)

    def tally(self, destination: str) -> Tally:
        """The running counts of a destination."""
        return self._tallies.setdefault(destination, Tally())

    def overview(self, destination: str) -> Overview:
        """The counts of a destination as they are now."""
        return self.tally(destination).overview(destination)

    def submit(
        self,
        destination: str,
        body: bytes,
        now: Instant,
        *,
        payloads: int = 1,
        done: Callable[[Instant], None] | None = None,
    ) -> None:
        """Send `body`, holding that many payloads, at once; `done` is told when it is accepted, refused or given up."""
        self._submitted += 1
        parcel = _Parcel(id=str(self._submitted), destination=destination, body=body, payloads=payloads, done=done)
        self.tally(destination).received += payloads
        self._timeline.plan_work(now, partial(self._attempt, parcel))

    def take(self) -> list[Request]:
        """The attempts that are to be made now, in order, each of them once."""
        taken, self._outbox = self._outbox, []
        return taken

    def answered(self, request: Request, outcome: Outcome, now: Instant) -> None:
        """What became of an attempt; SpaceError where nobody waits for it."""
        parcel = self._awaited.pop(request.id, None)
        if parcel is None or parcel.attempt != request.attempt:
            raise SpaceError(
                f"request {request.id} to {request.destination!r}, attempt {request.attempt}, is not awaited:"
                " report the outcome of each request that take_due returned once"
            )
        if self._fault.retries(outcome, request.attempt) and self._retry(parcel, outcome, now):
            return
        tally = self.tally(parcel.destination)
        if outcome.accepted:
            tally.delivered += parcel.payloads
        else:
            tally.failed[outcome.reason] += parcel.payloads
        if parcel.done is not None:
            parcel.done(now)

    def _attempt(self, parcel: _Parcel, now: Instant) -> None:
        parcel.attempt += 1
        if parcel.attempt == 1:
            parcel.first_at = now
        else:
            self.tally(parcel.destination).retries += parcel.payloads
        self._awaited[parcel.id] = parcel
        self._outbox.append(
            Request(
                id=parcel.id,
                destination=parcel.destination,
                headers=HEADERS,
                body=parcel.body if parcel.attempt == 1 else self._fault.again(parcel.body, now),
                attempt=parcel.attempt,
            )
        )

    def _retry(self, parcel: _Parcel, outcome: Outcome, now: Instant) -> bool:
        """Plan the next attempt; False where it would fall outside the window."""
        due = now + next_wait(
            outcome, attempt=parcel.attempt, now=now, settings=self._settings, ids=self._ids, label=parcel.id
        )
        if due > parcel.first_at + self._settings.retry_window:
            return False
        self._timeline.plan_work(due, partial(self._attempt, parcel))
        return True
