"""The delivery pipeline: requests out, answers in, retries of what may be retried, and the counts of all that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

from msgspec import Struct

from harness.core.instants import HOUR, Instant
from harness.engage.batches import Batch
from harness.engage.errors import SpaceError
from harness.engage.faulty import Fault
from harness.engage.ids import Ids
from harness.engage.overview import Overview, Tally
from harness.engage.retries import UNAUTHORIZED, Answer, Outcome, next_wait
from harness.engage.settings import Settings
from harness.engage.timeline import Timeline

HEADERS: Mapping[str, str] = MappingProxyType({"content-type": "application/json", "user-agent": "Segment.io/1.0"})
_ENDLESS = 12 * HOUR
"""How long beyond the window a faulty space goes on: it must come to an end."""
HeadersOf: TypeAlias = Callable[[str, bytes], Mapping[str, str]]
"""The headers of a request to a destination, given its name and the body."""


class Request(Struct, frozen=True):
    """One attempt to deliver, to be POSTed to the destination's URL and answered for to the space."""

    id: str
    """The same for all attempts at one message."""
    destination: str
    headers: Mapping[str, str]
    body: bytes
    attempt: int
    path: str = ""
    """What follows the destination's URL."""
    location: str | None = None
    """Where a redirect sent it, in place of the destination's URL, from which it may be relative."""


class _Parcel(Struct, kw_only=True, eq=False):
    """A message on its way: the same bytes on every attempt, less the items of a batch that were answered for."""

    id: str
    destination: str
    body: bytes
    payloads: int
    done: Callable[[Instant], None] | None
    batch: Batch | None = None
    location: str | None = None
    attempt: int = 0
    first_at: Instant = 0
    renewed: bool = False
    """Whether the token was renewed for it."""


class Pipeline:
    """Carries messages to destinations until they are accepted, refused or given up."""

    def __init__(
        self,
        *,
        timeline: Timeline,
        settings: Settings,
        ids: Ids,
        fault: Fault,
        headers: HeadersOf,
        renews: Callable[[str], bool],
    ) -> None:
        """Carry nothing yet; `headers` are those of a request with that body to that destination.

        `renews` says of a destination whether its token is renewed once where that was refused.
        """
        self._headers = headers
        self._renews = renews
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
        tally = self._tallies.get(destination)
        if tally is None:
            tally = self._tallies[destination] = Tally()
        return tally

    def overview(self, destination: str) -> Overview:
        """The counts of a destination as they are now."""
        return self.tally(destination).overview(destination)

    def submit(
        self,
        destination: str,
        body: bytes,
        now: Instant,
        *,
        batch: Batch | None = None,
        done: Callable[[Instant], None] | None = None,
    ) -> None:
        """Send `body` at once, one payload or a batch; `done` is told when all is accepted, refused or given up."""
        self._submitted += 1
        payloads = 1 if batch is None else len(batch)
        parcel = _Parcel(
            id=str(self._submitted), destination=destination, body=body, payloads=payloads, done=done, batch=batch
        )
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
        results = outcome.results if isinstance(outcome, Answer) else None
        if parcel.batch is not None and results is not None and len(results) == parcel.payloads:
            self._told_apart(parcel, parcel.batch, results, now)
        elif self._renewing(parcel, outcome):
            parcel.renewed = True
            self._timeline.plan_work(now, partial(self._attempt, parcel))
        elif not (self._fault.retries(outcome, parcel.attempt) and self._retry(parcel, outcome, now)):
            self._finish(parcel, [outcome] * parcel.payloads, now)

    def _renewing(self, parcel: _Parcel, outcome: Outcome) -> bool:
        """Whether a refusal of the token is the first, so that a new one may help, at once."""
        refused = isinstance(outcome, Answer) and outcome.status == UNAUTHORIZED
        return refused and not parcel.renewed and self._renews(parcel.destination)

    def _told_apart(self, parcel: _Parcel, batch: Batch, results: Sequence[Answer], now: Instant) -> None:
        """Finish the items that are accepted or refused, and send the others again."""
        places = [place for place, each in enumerate(results) if self._fault.retries(each, parcel.attempt)]
        if not places or not self._retry(parcel, results[places[0]], now):
            self._finish(parcel, results, now)
            return
        if self._fault.whole_batches:
            return
        self._count(parcel.destination, [each for place, each in enumerate(results) if place not in places])
        parcel.batch = batch.only(frozenset(places))
        parcel.body, parcel.payloads = parcel.batch.body(), len(places)

    def _finish(self, parcel: _Parcel, outcomes: Sequence[Outcome], now: Instant) -> None:
        self._count(parcel.destination, outcomes)
        if parcel.done is not None:
            parcel.done(now)

    def _count(self, destination: str, outcomes: Sequence[Outcome]) -> None:
        """Count payloads whose last attempt had these outcomes."""
        tally = self.tally(destination)
        for outcome in outcomes:
            if outcome.accepted:
                tally.delivered += 1
            else:
                tally.failed[outcome.reason] += 1

    def _attempt(self, parcel: _Parcel, now: Instant) -> None:
        parcel.attempt += 1
        if parcel.attempt == 1:
            parcel.first_at = now
        else:
            self.tally(parcel.destination).retries += parcel.payloads
        self._awaited[parcel.id] = parcel
        body = parcel.body if parcel.attempt == 1 else self._fault.again(parcel.body, now)
        self._outbox.append(
            Request(
                id=parcel.id,
                destination=parcel.destination,
                headers=self._headers(parcel.destination, body),
                body=body,
                attempt=parcel.attempt,
                location=parcel.location,
            )
        )

    def _retry(self, parcel: _Parcel, outcome: Outcome, now: Instant) -> bool:
        """Plan the next attempt; False where it would fall outside the window."""
        wait = next_wait(
            outcome, attempt=parcel.attempt, now=now, settings=self._settings, ids=self._ids, label=parcel.id
        )
        due = now + max(1, self._fault.wait(wait, outcome))
        if due > parcel.first_at + self._settings.retry_window + (_ENDLESS if self._fault.endless else 0):
            return False
        if isinstance(outcome, Answer) and outcome.location is not None:
            parcel.location = outcome.location
        self._timeline.plan_work(due, partial(self._attempt, parcel))
        return True
