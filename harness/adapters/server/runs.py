"""Runs: isolated namespaces on a server, each with its own destinations, ledger and clock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from harness.adapters.clocks import LATEST, wall_clock
from harness.adapters.memory_ledger import MemoryLedger
from harness.adapters.server.forwarding import Forwarder, Unreachable
from harness.adapters.server.happenings import happened
from harness.adapters.server.requests import Owed, RawReply, RawRequest
from harness.adapters.server.sources import Sources
from harness.adapters.server.tally import Tally
from harness.core.checking import Checker
from harness.core.clock import Clock
from harness.core.contract import Contract
from harness.core.declarations import Declarations
from harness.core.delivery import Arrival, Delivery, Fault, Respond
from harness.core.destinations.destination import Destination
from harness.core.destinations.kinds import KINDS
from harness.core.importing import renumbered
from harness.core.instants import Duration, Instant
from harness.core.judging import Judgement, judge
from harness.core.keeping import Committing
from harness.core.ledger import Ledger
from harness.core.reception import Past, new_past, recall, receive, recount, remember, stray, unchecked
from harness.core.scenario.setup import Setup
from harness.core.spelling import near_miss
from harness.core.systems import SystemFailed

_LISTED_FAILURES = 100
_LOG = logging.getLogger("harness.server")


class Run:
    """One run: what is set up in it, and what it recorded."""

    def __init__(
        self, name: str, contract: Contract, clock: Clock, forwarder: Forwarder, ledger: Ledger | None = None
    ) -> None:
        """Go on from what `ledger` holds, or start empty.

        `contract` judges what comes, `forwarder` reaches endpoints that somebody develops.
        """
        self.name = name
        self.clock = clock
        self.ledger: Ledger = ledger or MemoryLedger()
        self.destinations: dict[str, Destination] = {}
        self.pasts: dict[str, Past] = {}
        self.sources = Sources(clock, self.failed)
        self.checker = Checker(contract, Declarations())
        self.unreachable: dict[str, str] = {}
        """Destinations whose own URL nobody answers at, with what happened there."""
        self.failures: list[str] = []
        """What failed in the system that its sources feed, each failure once."""
        self.setup: Setup | None = None
        """What it was set up with as a whole, where it was, and nothing of that has been altered since."""
        self.advance_system: Callable[[Duration], Awaitable[None]] | None = None
        """Lets the system that its sources feed do all that falls due within so long, and moves the clock."""
        self.stop_system: Callable[[], Awaitable[None]] | None = None
        """Stops the system that its sources feed."""
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
        self._over = False
        self._forwarder = forwarder
        self._seen_destinations: dict[str, Destination] = {}
        self._count = self.ledger.last
        self._recalled = self._recall()
        self._tally.begin(self._count, sum(1 for _ in self.ledger.unexpected()))
        self._waiting: set[asyncio.Future[bool]] = set()

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
        """All that makes its verdict untrustworthy: what failed here, and endpoints at which nobody answers."""
        return [*self.failures, *(f"{name}: {why}" for name, why in self.unreachable.items())]

    def configure(
        self, contract: Contract, destinations: Mapping[str, Destination], declarations: Declarations
    ) -> None:
        """Set up what the run judges by, and its destinations; what it recorded stays."""
        self.checker = Checker(contract, declarations)
        self.destinations = dict(destinations)
        self._seen_destinations.update(destinations)
        self.pasts = {name: self.pasts.get(name) or self._past(name) for name in destinations}
        self.setup = None

    def add(self, destination: Destination) -> None:
        """Set up one destination more, or anew; one that is set up so already stays untouched."""
        if destination in (self.destinations.get(destination.name), self._set_up(destination.name)):
            return
        self.destinations[destination.name] = self._seen_destinations[destination.name] = destination
        if destination.name not in self.pasts:
            self.pasts[destination.name] = self._past(destination.name)
        self.setup = None

    def _recall(self) -> dict[str, Past]:
        """What destinations remember of the deliveries that a ledger held when it was opened."""
        if not self._count:
            return {}
        most = self.ledger.attempts_kept
        latest = self.ledger.deliveries(0 if most is None else max(0, self._count - most))
        return recall(latest, self.ledger.members_of_lists(), most)

    def _past(self, name: str) -> Past:
        """What a destination remembers that is set up now."""
        return self._recalled.pop(name, None) or new_past(self.ledger.attempts_kept)

    def _set_up(self, name: str) -> Destination | None:
        """The destination of that name, as the set-up of the whole run wrote it; its system may have named it since."""
        return self.setup.destinations.get(name) if self.setup is not None else None

    def receive(self, request: RawRequest) -> RawReply | Awaitable[RawReply]:
        """Record what came, and then say what to answer."""
        destination = self.destinations.get(request.destination)
        if destination is None or destination.url is None or request.defect is not None:
            return self._record(request, destination)
        return self._forward(request, destination, destination.url)

    async def _forward(self, request: RawRequest, destination: Destination, url: str) -> RawReply:
        """Let the endpoint at `url` answer; numbers are given afterwards, so that they follow the ledger's order."""
        try:
            answer = await self._forwarder.post(url, request)
            self.unreachable.pop(destination.name, None)
        except Unreachable as error:
            self.unreachable[destination.name] = str(error)
            answer = RawReply(status=502, body=_written({"error": str(error)}))
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
        delivery = self._delivery(arrival, destination, Respond(status=answer.status) if answer else None)
        self._count = delivery.number
        committing = self.ledger.append(delivery)
        if committing is None:
            self._kept(delivery)
            return answer or _raw_reply(delivery)
        owed = Owed()
        committing.then(lambda done: self._settled(done, owed, answer))
        return owed

    def adopt(self, delivery: Delivery) -> Committing | None:
        """Record a delivery that was received before, elsewhere, as the next in number; nobody is answered again."""
        delivery = renumbered(delivery, self._count + 1)
        name, self._count = delivery.destination, delivery.number
        if not delivery.unexpected:
            past = self.pasts.get(name) or self._recalled.setdefault(name, new_past(self.ledger.attempts_kept))
            recount(delivery, past)
        committing = self.ledger.append(delivery)
        if committing is None:
            self._kept(delivery)
        else:
            committing.then(lambda done: self._kept(delivery) if done.failure is None else None)
        return committing

    def _settled(self, committing: Committing, owed: Owed, answer: RawReply | None) -> None:
        """Answer what was to be committed: as was decided, or 503 where the ledger could not keep it."""
        if committing.failure is None:
            self._kept(committing.delivery)
            owed.pay(answer or _raw_reply(committing.delivery))
        else:
            error = f"the ledger could not keep it: {committing.failure}"
            owed.pay(RawReply(status=503, body=_written({"success": False, "error": error})))

    def _kept(self, delivery: Delivery) -> None:
        """Take note that a delivery is in the ledger."""
        if delivery.kind == "list":
            past = self.pasts.get(delivery.destination) or self._recalled.get(delivery.destination)
            if past is not None:
                remember(delivery, past)
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
        past = self.pasts.get(destination.name) or self._past(destination.name)
        try:
            return receive(arrival, destination, past, self.checker, run=self.name, number=number, answered=answered)
        except Exception as error:  # noqa: BLE001  # a fault of ours must not lose what came
            _LOG.exception("delivery %s of run %s could not be checked", number, self.name)
            self.failed(
                f"delivery {number} to {destination.name} could not be checked: {type(error).__name__}: {error}"
            )
            return unchecked(arrival, destination, run=self.name, number=number)

    def judge(self) -> Judgement:
        """The judgement of all that was recorded."""
        return judge(self.ledger.deliveries(), self._seen_destinations, self.checker)

    def breaking(self, rule: str) -> frozenset[int]:
        """The numbers of all deliveries that prove a breach of `rule`, by themselves or together with others."""
        return frozenset(n for found in self.judge().violations if found.rule == rule for n in found.deliveries)

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
        self._recalled.clear()
        self.pasts = {name: self._past(name) for name in self.destinations}
        self._seen_destinations = dict(self.destinations)
        self.sources.clear()
        self.unreachable.clear()
        self.failures.clear()
        self._count = 0
        self.resets += 1
        self.nudge()

    async def changed(self) -> bool:
        """Return when something more is recorded; False where nothing more will be, or nobody is to wait for it."""
        if self._over:
            return False
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            return await future
        finally:
            self._waiting.discard(future)

    @property
    def waited_for(self) -> bool:
        """Whether anybody waits for more."""
        return bool(self._waiting)

    def nudge(self) -> None:
        """Let everybody who waits look again: something other than the ledger has changed."""
        self._wake(more=True)

    def release(self) -> None:
        """Let everybody who waits for more go on without it, now and from now on."""
        self._over = True
        self._wake(more=False)

    def resume(self) -> None:
        """Let people wait for more again."""
        self._over = False

    def _wake(self, *, more: bool) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(more)


def _raw_reply(delivery: Delivery) -> RawReply:
    reply = delivery.reply
    if isinstance(reply, Fault):
        return RawReply(status=0, body=b"", cut=True)
    if reply.body is None:
        return _acknowledgement(delivery.kind or "event", reply.status, len(delivery.payloads), reply.headers)
    return RawReply(status=reply.status, body=_written(reply.body), headers=reply.headers)


@lru_cache(maxsize=1024)
def _acknowledgement(kind: str, status: int, payloads: int, headers: tuple[tuple[str, str], ...]) -> RawReply:
    body = _written(KINDS[kind].acknowledge(Respond(status=status), payloads))
    return RawReply(status=status, body=body, headers=headers)


def _written(document: Any) -> bytes:
    """JSON that ends its line, so that in a terminal the next answer begins on one of its own."""
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
