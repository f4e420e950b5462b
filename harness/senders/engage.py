"""Drives the simulated Engage space: moves the run's clock, sends what falls due over HTTP, feeds back the answers."""

from __future__ import annotations

import asyncio
import errno
import heapq
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import urljoin

import aiohttp

from harness.core.clock import Clock, going_by
from harness.core.delivery import Payload
from harness.core.instants import SECOND, Duration, Instant
from harness.core.journeys import Journey
from harness.core.profiles import Profile
from harness.core.systems import Address, SystemFailed
from harness.engage.pipeline import Request
from harness.engage.retries import Answer, Breakdown, Outcome
from harness.engage.sources import integration_name
from harness.engage.space import Space
from harness.senders.connections import Connections

CAN = frozenset({"publish", "enter", "leave", "track", "identify", "advance", "settle"})
TIMEOUT_SECONDS = 10.0
WRITE_KEY = "scenario"
"""The source whose calls `track` and `identify` make."""
UNREACHABLE = frozenset({"ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"})
"""Breakdowns that say that nobody is there, rather than that somebody fails."""
_TIMED_OUT = Breakdown(reason="ETIMEDOUT")


class _Coming(NamedTuple):
    """An outcome that the space hears of later, in the order of time and of sending."""

    at: Instant
    place: int
    request: Request
    outcome: Outcome


class EngageSystem:
    """A simulated space as the system under test, and as what sources feed.

    `timeout` is the seconds that one request may take: of the run's time where its clock stands still, else real ones.
    `progress` is told the number of requests sent so far. `connections` are those of whoever closes them; without, it
    has its own, which `stop` closes.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        space: Space,
        timeout: float = TIMEOUT_SECONDS,
        progress: Callable[[int], None] | None = None,
        connections: Connections | None = None,
    ) -> None:
        self._clock = clock
        self._space = space
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._patience = round(timeout * SECOND)
        self._coming: list[_Coming] = []
        self._progress = progress
        self._connections = connections or Connections()
        self._shared = connections is not None
        self._sending = asyncio.Lock()
        # The server that hands in what sources send may live in another thread.
        self._guard = threading.RLock()
        self._follower: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._sent = 0
        self.unreachable: dict[str, str] = {}
        """Destinations at whose URL nobody answered the last request, with what happened there."""

    @property
    def can(self) -> frozenset[str]:
        """Names of the actions that it can perform."""
        return CAN

    def integration(self, address: Address) -> str | None:
        """The name by which `integrations` routes to a destination; None for warehouses, which share a member of it."""
        return None if address.kind == "warehouse" else integration_name(address)

    async def publish(self, journey: Journey, destinations: Mapping[str, Address]) -> Mapping[str, str]:
        """Connect `destinations` and start `journey`; the key of each step by its name."""
        with self._guard:
            for address in destinations.values():
                self._space.connect(address)
            return self._space.publish(journey)

    async def enter(self, journey: str, step: str, profile: Profile) -> None:
        """Let `profile` enter the step of the journey with that id, now."""
        with self._present() as space:
            space.enter(journey, step, profile)

    async def leave(self, journey: str, step: str, profile: Profile) -> None:
        """Let `profile` leave the step, now."""
        with self._present() as space:
            space.leave(journey, step, profile)

    async def track(self, profile: Profile, event: str, properties: Mapping[str, Any]) -> None:
        """Let `profile` perform `event`, as a source of the space would report it."""
        self._hear(profile, {"type": "track", "event": event, "properties": dict(properties)})

    async def identify(self, profile: Profile, traits: Mapping[str, Any]) -> None:
        """Give `profile` these traits, as a source of the space would report them."""
        self._hear(profile, {"type": "identify", "traits": dict(traits)})

    def ingest(self, call: Payload, write_key: str) -> None:
        """Take one call of the source that `write_key` names; from any thread."""
        with self._present() as space:
            space.ingest(call, write_key)

    async def advance(self, duration: Duration) -> None:
        """Let that much of the run's time pass, sending all that falls due in it."""
        target = self._clock.now() + duration
        while (due := self._next_due()) is not None and due <= target:
            await self._send_due(due)
        self._move(target)

    async def settle(self) -> None:
        """Return when all that was queued is accepted, refused or given up; exits still to come are not waited for."""
        while self._busy() and (due := self._next_due()) is not None:
            await self._send_due(due)

    async def follow(self) -> None:
        """Send what falls due as the run's clock comes to it, for ever; `wake` makes it look again."""
        self._follower = (asyncio.get_running_loop(), asyncio.Event())
        news = self._follower[1]
        try:
            while True:
                news.clear()
                due, now = self._next_due(), self._clock.now()
                if due is not None and due <= now:
                    await self._send_due(now)
                else:
                    await _heard_within(news, None if due is None else (due - now) / SECOND)
        finally:
            self._follower = None

    def wake(self) -> None:
        """Make `follow` look at the clock and the queue again, from any thread; say so after moving the clock."""
        if self._follower is not None:
            loop, news = self._follower
            loop.call_soon_threadsafe(news.set)

    async def stop(self) -> None:
        """Close the connections that are its own; what is still queued stays unsent."""
        if not self._shared:
            await self._connections.close()

    def _hear(self, profile: Profile, call: Payload) -> None:
        identifiers = {"userId": profile.user_id, "anonymousId": profile.anonymous_id}
        who = {name: value for name, value in identifiers.items() if value is not None}
        if not who and not profile.emails:
            raise SystemFailed(f"profile {profile.name!r} can do nothing; give it a userId, an anonymousId or an email")
        traits = {"email": profile.emails[0]} if profile.emails else {}
        with self._present() as space:
            space.know(profile)
            space.ingest({**call, **who, "context": {"traits": traits}}, WRITE_KEY)

    @contextmanager
    def _present(self) -> Iterator[Space]:
        """The space, at the present of the run's clock; what it is told may give `follow` something to do."""
        with self._guard:
            self._space.reach(self._clock.now())
            yield self._space
        self.wake()

    def _next_due(self) -> Instant | None:
        with self._guard:
            due = self._space.next_due()
        known = [*(() if due is None else (due,)), *(coming.at for coming in self._coming[:1])]
        return min(known, default=None)

    def _busy(self) -> bool:
        with self._guard:
            return self._space.busy

    def _move(self, instant: Instant) -> None:
        if instant > self._clock.now():
            # A clock that follows the wall clock may have come past it since.
            with suppress(ValueError):
                self._clock.set(instant)

    async def _send_due(self, due: Instant) -> None:
        """Send what is due then, one after the other: the order of a ledger must not depend on chance."""
        async with self._sending:
            self._move(due)
            now = self._clock.now()
            while self._coming and self._coming[0].at <= now:
                coming = heapq.heappop(self._coming)
                self._answered(coming.request, coming.outcome)
            with self._guard:
                requests = self._space.take_due(now)
            for request in requests:
                await self._send(request)

    async def _send(self, request: Request) -> None:
        """Send one request; what its reply took on a clock that stands still, it takes the space to hear of it."""
        with going_by(self._clock, self._patience) as charges:
            outcome = await self._post(request)
        took = 0 if charges is None else charges.charged
        if took:
            known = _TIMED_OUT if took >= self._patience else outcome
            heapq.heappush(self._coming, _Coming(self._clock.now() + took, self._sent, request, known))
        else:
            self._answered(request, outcome)
        self._sent += 1
        if self._progress is not None:
            self._progress(self._sent)

    def _answered(self, request: Request, outcome: Outcome) -> None:
        with self._guard:
            self._space.answered(request, outcome, self._clock.now())

    async def _post(self, request: Request) -> Outcome:
        with self._guard:
            url = self._space.address(request.destination).url.rstrip("/") + request.path
        if request.location is not None:
            url = urljoin(url, request.location)
        try:
            async with self._connections.session.post(
                url, data=request.body, headers=request.headers, allow_redirects=False, timeout=self._timeout
            ) as response:
                answer = Answer(status=response.status, headers=dict(response.headers), body=await response.read())
        except aiohttp.InvalidURL as error:
            problem = f"destination {request.destination!r}: {url!r} is no http or https URL; correct it"
            raise SystemFailed(problem) from error
        except (aiohttp.ClientError, OSError) as error:
            return self._broken(request, url, error)
        self.unreachable.pop(request.destination, None)
        return answer

    def _broken(self, request: Request, url: str, error: Exception) -> Outcome:
        reason = breakdown_name(error)
        if reason in UNREACHABLE:
            self.unreachable[request.destination] = f"{url} cannot be reached ({reason}): {error}"
        else:
            self.unreachable.pop(request.destination, None)
        return Breakdown(reason=reason)


def breakdown_name(error: Exception) -> str:
    """The name of a connection's failure in Segment's documents."""
    if isinstance(error, TimeoutError):
        return "ETIMEDOUT"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "ENOTFOUND"
    number = error.errno if isinstance(error, OSError) else None
    return errno.errorcode.get(number, "ECONNRESET") if number else "ECONNRESET"


async def _heard_within(news: asyncio.Event, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return
