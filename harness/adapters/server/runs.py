"""Runs: isolated namespaces on a server, each with its own destinations, ledger and clock."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from functools import partial

from harness.adapters.clocks import LATEST, wall_clock
from harness.adapters.memory_ledger import MemoryLedger
from harness.adapters.server.forwarding import Forwarder, Unreachable
from harness.adapters.server.happenings import happened
from harness.adapters.server.raw_replies import is_plain, raw_reply, written
from harness.adapters.server.requests import Owed, RawReply, RawRequest
from harness.adapters.server.sources import Sources
from harness.adapters.server.tally import Tally
from harness.adapters.server.waiting import WaitedFor
from harness.adapters.warehouses.warehouses import Warehouses
from harness.core.checking import Checker
from harness.core.clock import Clock
from harness.core.contract import Contract
from harness.core.declarations import Declarations
from harness.core.delivery import Arrival, Delivery, Fault, Respond
from harness.core.destinations.destination import SOURCE, WAREHOUSE, Destination
from harness.core.importing import renumbered
from harness.core.instants import Duration, Instant
from harness.core.judging import Judgement, judge
from harness.core.keeping import Committing
from harness.core.ledger import Ledger
from harness.core.pasts import Pasts
from harness.core.reception import cut_short, half_read, receive, recount, remember, stray, unchecked
from harness.core.scenario.setup import Setup
from harness.core.spelling import near_miss
from harness.core.systems import SystemFailed

_LISTED_FAILURES = 100
_CLOSED_EARLY = Fault(name="close_while_reading")
_LOG = logging.getLogger("harness.server")


class Run(WaitedFor):
    """One run: what is set up in it, and what it recorded."""

    def __init__(
        self, name: str, contract: Contract, clock: Clock, forwarder: Forwarder, ledger: Ledger | None = None
    ) -> None:
        """Go on from what `ledger` holds, or start empty; `contract` judges, `forwarder` reaches other endpoints."""
        super().__init__()
        self.name = name
        self.clock = clock
        self.ledger: Ledger = ledger or MemoryLedger()
        self.destinations: dict[str, Destination] = {}
        self.pasts = Pasts(self.ledger)
        self.sources = Sources(clock, self.failed)
        self.checker = Checker(contract, Declarations())
        self.warehouses = Warehouses(self.ledger.deliveries)
        self.unreachable: dict[str, str] = {}
        """Destinations whose own URL nobody answers at, with what happened there."""
        self.failures: list[str] = []
        """What failed in the system that its sources feed, each failure once."""
        self.setup: Setup | None = None
        """What it was set up with as a whole, where nothing of that has been altered since."""
        self.advance_system: Callable[[Duration], Awaitable[None]] | None = None
        """Lets the system that its sources feed do all that falls due within so long, and moves the clock."""
        self.stop_system: Callable[[], Awaitable[None]] | None = None
        """Stops the system that its sources feed."""
        self.settled = False  # whether its senders are known to have nothing left to send
        self.resets = 0
        self.refused_before = 0
        """How many requests nothing could read on this server before the run began."""
        self.strays_before = 0
        """How many requests for runs that never were came before the run began."""
        self.expires_after: Duration | None = None
        """How long nothing may come for it, and nobody ask for it, until it is closed; None: for ever."""
        self.asked_at: Instant = 0
        """When somebody last asked for it, by the server's clock."""
        self._born = wall_clock()
        self._tally = Tally()
        self._forwarder = forwarder
        self._seen_destinations: dict[str, Destination] = {}
        self._secret_headers: dict[str, set[str]] = {}
        self._count = self.ledger.last
        self._tally.begin(self._count, sum(1 for _ in self.ledger.unexpected()))

    async def move_clock(self, target: Instant) -> None:
        """Move the clock on to `target`; what the system has to send until then is sent on the way, in its own time.

        ValueError where that lies in the past, or too far ahead.
        """
        now = self.clock.now()
        if self.advance_system is not None and now < target <= LATEST:
            try:
                await self.advance_system(target - now)
            except SystemFailed as error:
                self.failed(str(error))
            if self.clock.now() >= target:  # it may have gone on meanwhile
                return
        self.clock.set(target)

    def failed(self, why: str) -> None:
        """Note that the system which the sources feed failed: the run's verdict can no longer be trusted."""
        if why not in self.failures and len(self.failures) < _LISTED_FAILURES:
            self.failures.append(why)

    @property
    def troubles(self) -> list[str]:
        """All that makes its verdict untrustworthy: what failed here or in a warehouse, and unreachable endpoints."""
        unreachable = [f"{name}: {why}" for name, why in self.unreachable.items()]
        return [*self.failures, *self.warehouses.troubles, *unreachable]

    def configure(
        self, contract: Contract, destinations: Mapping[str, Destination], declarations: Declarations,
        kept: Container[str] = (),
    ) -> None:  # fmt: skip
        """Set up what it judges by, and its destinations, of which `kept` go on; what it recorded stays."""
        self.checker = Checker(contract, declarations)
        self.destinations = dict(destinations)
        self._seen_destinations.update(destinations)
        self.pasts.only(destinations)
        self._begin(*(name for name in destinations if name not in kept))
        self.warehouses.set_up(destinations.values(), after=self._count)
        self.setup = None

    def add(self, destination: Destination) -> None:
        """Set up one destination more, or anew; one that is set up so already stays untouched."""
        written = self.setup.destinations if self.setup is not None else {}  # its system may have named it since
        if destination in (self.destinations.get(destination.name), written.get(destination.name)):
            return
        self.destinations[destination.name] = self._seen_destinations[destination.name] = destination
        self._begin(destination.name)
        self.warehouses.set_up([destination], after=self._count)
        self.setup = None

    def _begin(self, *names: str) -> None:
        """Let the behaviours of these destinations begin anew."""
        for name in names:
            self.pasts.begin(name, self.clock.now())
            auth = self.destinations[name].auth
            if auth is not None:  # kept when it demands another: what came before is still listed
                self._secret_headers.setdefault(name, set()).add(auth.credentials()[0])

    def receive(self, request: RawRequest) -> RawReply | Awaitable[RawReply]:
        """Record what came, and then say what to answer."""
        destination = self.destinations.get(request.destination)
        if destination is None or request.defect is not None:
            return self._record(request, destination)
        if destination.url is not None:
            return self._forward(request, destination, destination.url)
        if destination.closes_early and (request.half or self.cuts_short(request.destination)):
            request = request.halved()
        return self._record(request, destination)

    def cuts_short(self, name: str) -> bool:
        """Whether the destination of that name closes the connection now, before the request is read whole.

        Where it does, the request is to be received with half of its body.
        """
        destination = self.destinations.get(name)
        if destination is None or not destination.closes_early:
            return False
        now = self.clock.now()
        begun = Arrival(name, "", f"/destinations/{name}", (), b"", now, now)
        return cut_short(begun, destination, self.pasts[name], number=self._count + 1) is not None

    async def _forward(self, request: RawRequest, destination: Destination, url: str) -> RawReply:
        """Let the endpoint at `url` answer; numbers are given afterwards, so that they follow the ledger's order."""
        try:
            answer = await self._forwarder.post(url, request)
            self.unreachable.pop(destination.name, None)
        except Unreachable as error:
            self.unreachable[destination.name] = str(error)
            answer = RawReply(status=502, body=written({"error": str(error)}))
        reply = self._record(request, destination, answer)
        return await reply if isinstance(reply, Owed) else reply

    def _record(
        self, request: RawRequest, destination: Destination | None, answer: RawReply | None = None
    ) -> RawReply | Owed:
        """Record the request, and say what to answer once it is recorded: `answer`, where somebody else gave one."""
        # By position: by name, making it would take half as long again.
        arrival = Arrival(
            request.destination,
            request.method,
            request.path,
            request.headers,
            request.body,
            self.clock.now(),
            request.arrived_at,
            request.defect,
        )
        if request.half and destination is not None:
            delivery = half_read(arrival, destination, _CLOSED_EARLY, run=self.name, number=self._count + 1)
        else:
            delivery = self._delivery(arrival, destination, Respond(status=answer.status) if answer else None)
        self._count = delivery.number
        committing = self.ledger.append(delivery)
        if committing is None:
            self._kept(delivery)
            return answer or raw_reply(delivery, self.clock)
        owed = Owed(plain=answer is not None or is_plain(delivery.reply))
        committing.then(partial(self._settled, owed, answer))
        return owed

    def adopt(self, delivery: Delivery) -> Committing | None:
        """Record a delivery that was received before, elsewhere, as the next in number; nobody is answered again."""
        delivery = renumbered(delivery, self._count + 1)
        self._count = delivery.number
        if not delivery.unexpected:
            recount(delivery, self.pasts.of(delivery.destination))
        committing = self.ledger.append(delivery)
        if committing is None:
            self._kept(delivery)
        else:
            committing.then(lambda done: self._kept(delivery) if done.failure is None else None)
        return committing

    def _settled(self, owed: Owed, answer: RawReply | None, committing: Committing) -> None:
        """Answer what was to be committed: as was decided, or 503 where the ledger could not keep it."""
        if committing.failure is None:
            self._kept(committing.delivery)
            owed.pay(answer or raw_reply(committing.delivery, self.clock))
        else:
            error = f"the ledger could not keep it: {committing.failure}"
            owed.pay(RawReply(status=503, body=written({"success": False, "error": error})))

    def _kept(self, delivery: Delivery) -> None:
        """Take note that a delivery is in the ledger."""
        if delivery.kind == "list":
            remember(delivery, self.pasts.of(delivery.destination))
        if delivery.kind == WAREHOUSE:
            self.warehouses.news(delivery.destination)
        if delivery.kind == SOURCE:
            self.sources.take_delivery(delivery)
        if self._waiting:
            self._wake(more=True)

    def _delivery(self, arrival: Arrival, destination: Destination | None, answered: Respond | None) -> Delivery:
        number = self._count + 1
        if destination is None:
            known = sorted(self.destinations)
            name = arrival.destination[:200]
            happened("unexpected", f"a request came for {name!r}, which run {self.name} has not", run=self.name)
            return stray(arrival, known, near_miss(name, known), run=self.name, number=number)
        # While an endpoint was asked, its destination may have been taken out of the run, and the run been reset.
        self._seen_destinations.setdefault(destination.name, destination)
        past = self.pasts.of(destination.name)
        try:
            return receive(arrival, destination, past, self.checker, run=self.name, number=number, answered=answered)
        except Exception as error:  # noqa: BLE001  # a fault of ours must not lose what came
            _LOG.exception("delivery %s of run %s could not be checked", number, self.name)
            self.failed(
                f"delivery {number} to {destination.name} could not be checked: {type(error).__name__}: {error}"
            )
            return unchecked(arrival, destination, run=self.name, number=number)

    def secret_headers(self, name: str) -> tuple[str, ...]:
        """The headers in which that destination has ever demanded secrets."""
        return tuple(self._secret_headers.get(name, ()))

    def judge(self, deliveries: Iterable[Delivery] | None = None) -> Judgement:
        """The judgement of all that was recorded: of `deliveries`, where that was read before."""
        read = self.ledger.deliveries() if deliveries is None else deliveries
        return judge(read, self._seen_destinations, self.checker, settled=self.settled)

    @property
    def count(self) -> int:
        """How many deliveries are recorded."""
        return self._count

    @property
    def epoch(self) -> str:
        """What tells its numbers from those before a reset, and from those of an earlier run of its name."""
        return f"{self._born:x}.{self.resets}"

    def tally(self) -> Tally:
        """Counts of all that it ever recorded, up to now."""
        self._tally.see(self.ledger.deliveries(self._tally.seen))
        return self._tally

    def active_at(self) -> Instant:
        """When something last came for it, or somebody asked for it, by the wall clock."""
        last = self.ledger.deliveries(max(0, self._count - 1))
        return max([self.asked_at, *(delivery.arrival.arrived_at for delivery in last)])

    def reset(self) -> None:
        """Forget what was recorded and what failed; the set-up stays."""
        self.tally().restart()
        self.ledger.clear()
        self.warehouses.reset()
        self.pasts.clear()
        self._begin(*self.destinations)
        self._seen_destinations = dict(self.destinations)
        self.sources.clear()
        self.unreachable.clear()
        self.failures.clear()
        self._count, self.settled = 0, False
        self.resets += 1
        self.nudge()
