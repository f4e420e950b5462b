"""Runs: isolated namespaces on a server, each with its own destinations, ledger and clock."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

import orjson

from harness.adapters.memory_ledger import MemoryLedger
from harness.adapters.server.forwarding import Forwarder, Unreachable
from harness.adapters.server.requests import RawReply, RawRequest
from harness.adapters.server.sources import Sources
from harness.core.behaviours import Always
from harness.core.checking import Checker
from harness.core.clock import Clock
from harness.core.contract import Contract
from harness.core.declarations import Declarations
from harness.core.delivery import Arrival, Delivery, Fault, Respond
from harness.core.destinations.destination import Destination
from harness.core.destinations.kinds import KINDS
from harness.core.documents import near_miss
from harness.core.judging import Judgement, judge
from harness.core.ledger import Ledger
from harness.core.reception import Past, receive, stray

_LISTED_LOST = 1000


class Run:
    """One run: what is set up in it, and what it recorded."""

    def __init__(self, name: str, contract: Contract, clock: Clock, forwarder: Forwarder) -> None:
        """Start empty; `contract` judges what comes, `forwarder` reaches endpoints that somebody develops."""
        self.name = name
        self.clock = clock
        self.ledger: Ledger = MemoryLedger()
        self.destinations: dict[str, Destination] = {}
        self.pasts: dict[str, Past] = {}
        self.sources = Sources(clock)
        self.checker = Checker(contract, Declarations())
        self.unreachable: dict[str, str] = {}
        """Destinations whose own URL nobody answers at, with what happened there."""
        self._forwarder = forwarder
        self._count = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self.on_moved: Callable[[], None] | None = None
        """Called when the clock was moved from outside."""

    def moved(self) -> None:
        """Tell whoever follows the clock that it was moved."""
        if self.on_moved is not None:
            self.on_moved()

    def configure(
        self, contract: Contract, destinations: Mapping[str, Destination], declarations: Declarations
    ) -> None:
        """Set up what the run judges by, and its destinations; what it recorded stays."""
        self.checker = Checker(contract, declarations)
        self.destinations = dict(destinations)
        self.pasts = {name: self.pasts.get(name) or Past() for name in destinations}

    def add(self, destination: Destination) -> None:
        """Set up one destination more, or anew."""
        self.destinations[destination.name] = destination
        self.pasts.setdefault(destination.name, Past())

    def receive(self, request: RawRequest) -> RawReply | Awaitable[RawReply]:
        """Record what came, and then say what to answer."""
        destination = self.destinations.get(request.destination)
        if destination is not None and destination.url is not None:
            return self._forward(request, destination, destination.url)
        return self._record(request, destination)

    async def _forward(self, request: RawRequest, destination: Destination, url: str) -> RawReply:
        """Let the endpoint at `url` decide the reply."""
        try:
            reply = await self._forwarder.post(url, request)
            self.unreachable.pop(destination.name, None)
        except Unreachable as error:
            self.unreachable[destination.name] = str(error)
            reply = Respond(status=502, body={"error": str(error)})
        return self._record(request, replace(destination, behaviour=Always(reply=reply)))

    def _record(self, request: RawRequest, destination: Destination | None) -> RawReply:
        self._count += 1
        delivery = self._delivery(request, destination, self._count)
        self.ledger.append(delivery)
        if self._waiting:
            self._wake()
        return _raw_reply(delivery)

    def _delivery(self, request: RawRequest, destination: Destination | None, number: int) -> Delivery:
        arrival = Arrival(
            destination=request.destination,
            method=request.method,
            path=request.path,
            headers=request.headers,
            body=request.body,
            received_at=self.clock.now(),
            arrived_at=request.arrived_at,
            defect=request.defect,
        )
        if destination is None:
            known = sorted(self.destinations)
            return stray(arrival, known, near_miss(request.destination[:200], known), run=self.name, number=number)
        past = self.pasts[destination.name]
        return receive(arrival, destination, past, self.checker, run=self.name, number=number)

    def judge(self) -> Judgement:
        """The judgement of all that was recorded."""
        return judge(self.ledger.deliveries(), self.destinations, self.checker)

    def reset(self) -> None:
        """Forget what was recorded; the set-up stays."""
        self.ledger.clear()
        self.pasts = {name: Past() for name in self.destinations}
        self.sources.clear()
        self._count = 0

    async def changed(self) -> None:
        """Return when something more is recorded."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)

    def _wake(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)


class Runs:
    """All runs of a server, and what came for runs that do not exist."""

    def __init__(self) -> None:
        """Start without any."""
        self._runs: dict[str, Run] = {}
        self.lost: deque[RawRequest] = deque(maxlen=_LISTED_LOST)
        self.lost_count = 0

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs.values())

    def get(self, name: str) -> Run | None:
        """The run of that name; None where it was never opened, or is closed."""
        return self._runs.get(name)

    def open(self, name: str, make: Callable[[], Run]) -> Run:
        """The run of that name, made where there is none."""
        run = self._runs.get(name)
        if run is None:
            run = self._runs[name] = make()
        return run

    def close(self, name: str) -> Run | None:
        """Take the run of that name out; None where there is none."""
        return self._runs.pop(name, None)

    def receive(self, request: RawRequest) -> RawReply | Awaitable[RawReply]:
        """Hand a request to its run; one for no run is kept as lost and answered 410."""
        run = self._runs.get(request.run)
        if run is not None:
            return run.receive(request)
        self.lost.append(request)
        self.lost_count += 1
        message = f"there is no run {request.run[:200]!r}{near_miss(request.run[:200], list(self._runs))}"
        return RawReply(status=410, body=orjson.dumps({"error": message}))


def _raw_reply(delivery: Delivery) -> RawReply:
    match delivery.reply:
        case Fault():
            return RawReply(status=0, body=b"", cut=True)
        case Respond(body=None) as reply:
            return _acknowledgement(delivery.kind or "event", reply.status, len(delivery.payloads), reply.headers)
        case Respond() as reply:
            return RawReply(status=reply.status, body=orjson.dumps(reply.body), headers=reply.headers)


@lru_cache(maxsize=1024)
def _acknowledgement(kind: str, status: int, payloads: int, headers: tuple[tuple[str, str], ...]) -> RawReply:
    body = orjson.dumps(KINDS[kind].acknowledge(Respond(status=status), payloads))
    return RawReply(status=status, body=body, headers=headers)
