"""The asynchronous client, over aiohttp; its methods are those of the synchronous one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar, Unpack

from harness.client import calls
from harness.client.calls import V1, Call, Filters, HistoryOf, Pause, Step, Steps, below
from harness.client.errors import Unreachable
from harness.client.events import ATTEMPTS, PAUSE_SECONDS, SILENT_SECONDS, Following
from harness.client.sessions import Sessions
from harness.client.values import (
    LostRequest,
    RefusedRequest,
    RunState,
    Verdict,
    lost_of,
    refused_of,
    run_state_of,
    verdict_of,
)
from harness.core.delivery import Delivery
from harness.core.instants import Instant, parse_instant

__tracebackhide__ = True  # pytest shows the line of the test that asks
T = TypeVar("T")


class AsyncClient:
    """A client of one server; may be used by several tasks of one event loop at once."""

    def __init__(self, url: str, *, timeout: float = 10.0, headers: Mapping[str, str] | None = None) -> None:
        """Connect to nothing yet; an answer may take `timeout` seconds, and `headers` go with each request."""
        self._sessions = Sessions(url, timeout, headers or {})
        self.url = self._sessions.url
        """Where the server listens."""

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close its connections."""
        await self.close()

    async def close(self) -> None:
        """Close its connections; the next request opens new ones."""
        await self._sessions.close()

    async def ask(self, call: Call[T]) -> T:
        """What the server answers; ApiError where it refuses, Unreachable where nobody answers."""
        return await self._sessions.ask(call)

    async def follow(self, steps: Steps[T]) -> T:
        """What comes of several requests."""
        try:
            step = next(steps)
            while True:
                try:
                    answer = await self._take(step)
                except Unreachable as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as done:
            result: T = done.value
            return result

    async def _take(self, step: Step) -> Any:
        match step:
            case Call():
                return await self.ask(step)
            case Pause(seconds=seconds):
                await asyncio.sleep(seconds)
                return None

    def run(self, name: str = "default") -> AsyncRun:
        """The run of that name; nothing is asked yet, and it need not exist."""
        return AsyncRun(self, name)

    @asynccontextmanager
    async def opened(
        self, name: str, settings: Mapping[str, Any] | None = None, **more: Any
    ) -> AsyncIterator[AsyncRun]:
        """A run that is set up now, and closed at the end."""
        run = self.run(name)
        await run.put(settings, **more)
        try:
            yield run
        finally:
            await run.close()

    async def runs(self) -> list[RunState]:
        """The states of all runs, in the order of their names."""
        return await self.follow(calls.all_runs())

    async def refused(self) -> tuple[RefusedRequest, ...]:
        """What could not be read as HTTP."""
        return await self.ask(Call(method="GET", path=f"{V1}/refused", read=refused_of))

    async def forget_refused(self) -> None:
        """Forget what could not be read as HTTP."""
        await self.ask(Call(method="DELETE", path=f"{V1}/refused", read=calls.nothing))

    async def lost(self) -> tuple[LostRequest, ...]:
        """What came for runs that are not there."""
        return await self.ask(Call(method="GET", path=f"{V1}/lost", read=lost_of))

    async def wait_ready(self, within: float = 30.0) -> None:
        """Return once the server is ready; NotInTime where it does not become so `within` so many seconds."""
        await self.follow(calls.ready(within))

    async def stream(self, following: Following) -> AsyncIterator[Delivery]:
        """The deliveries of a stream, which is opened again where it breaks off."""
        while not following.over:
            try:
                async with self._sessions.lines(following.path, following.headers, SILENT_SECONDS) as lines:
                    following.opened()
                    async for line in lines:
                        delivery = following.feed(line)
                        if delivery is not None:
                            yield delivery
            except Unreachable:
                if following.failures >= ATTEMPTS:
                    raise
            if not following.over:
                following.failures += 1
                await asyncio.sleep(PAUSE_SECONDS * following.failures)


class AsyncRun:
    """One run of a server."""

    def __init__(self, client: AsyncClient, name: str) -> None:
        """The run `name` of the server that `client` asks."""
        self.client = client
        """The client that asks for it."""
        self.name = name

    @property
    def source_url(self) -> str:
        """The host that a client library is given; it appends `/v1/…` itself."""
        return self.client.url if self.name == "default" else f"{self.client.url}/runs/{self.name}"

    async def put(self, settings: Mapping[str, Any] | None = None, **more: Any) -> RunState:
        """Open it, or set it up anew, with the keys of a config file and `expires_after`."""
        return await self.client.ask(
            Call(method="PUT", path=below(self.name), read=run_state_of, json=calls.filled(settings, more))
        )

    async def state(self) -> RunState:
        """Its set-up, and counts of what came."""
        return await self.client.ask(Call(method="GET", path=below(self.name), read=run_state_of))

    async def reset(self) -> RunState:
        """Forget what it recorded; the set-up stays."""
        return await self.client.ask(Call(method="POST", path=below(self.name, "reset"), read=run_state_of))

    async def close(self) -> None:
        """Close it; what still comes for it is lost."""
        await self.client.ask(Call(method="DELETE", path=below(self.name), read=calls.nothing))

    def destination(self, name: str) -> AsyncDestination:
        """The destination of that name; nothing is asked yet, and it need not exist."""
        return AsyncDestination(self.client, self, name)

    async def destinations(self) -> Mapping[str, Mapping[str, Any]]:
        """The settings of all its destinations, by name."""
        path = below(self.name, "destinations")
        settings: Mapping[str, Mapping[str, Any]] = await self.client.ask(
            Call(method="GET", path=path, read=calls.member("destinations"))
        )
        return settings

    async def deliveries(self, *, after: int = 0, **filters: Unpack[Filters]) -> list[Delivery]:
        """All deliveries that are asked for, with numbers above `after`."""
        return await self.client.follow(calls.all_deliveries(self.name, filters, after))

    async def wait(
        self,
        count: int = 1,
        *,
        settled: float = 0.0,
        after: int = 0,
        within: float = 5.0,
        **filters: Unpack[Filters],
    ) -> list[Delivery]:
        """The deliveries that are asked for, once there are `count`, none is in flight, and none came for `settled` s.

        NotInTime where that is not so `within` so many seconds.
        """
        return await self.client.follow(
            calls.wait_for(self.name, filters, count=count, settled=settled, after=after, within=within)
        )

    def stream(self, *, after: int = 0, **filters: Unpack[Filters]) -> AsyncIterator[Delivery]:
        """The deliveries that are asked for, as they come, until the run is closed; it goes on where it broke off."""
        return self.client.stream(Following(self.name, filters, after))

    async def verdict(self) -> Verdict:
        """What the contract says of all that it recorded."""
        return await self.client.ask(Call(method="GET", path=below(self.name, "verdict"), read=verdict_of))

    async def clock(self) -> Instant:
        """What its clock says, in microseconds since 1970."""
        return parse_instant(
            await self.client.ask(Call(method="GET", path=below(self.name, "clock"), read=calls.member("now")))
        )

    async def move_clock(self, *, now: str | None = None, advance: str | None = None) -> Instant:
        """Move its clock on to a time, or by a duration such as `1h`; what it says then."""
        body = calls.clock_move(now, advance)
        return parse_instant(
            await self.client.ask(
                Call(method="PUT", path=below(self.name, "clock"), read=calls.member("now"), json=body, seconds=60.0)
            )
        )


class AsyncDestination:
    """One destination of a run."""

    def __init__(self, client: AsyncClient, run: AsyncRun, name: str) -> None:
        """The destination `name` of `run`."""
        self.client = client
        self._run = run
        self._path = below(run.name, "destinations", name)
        self.name = name

    @property
    def url(self) -> str:
        """Where senders deliver to."""
        prefix = "" if self._run.name == "default" else f"/runs/{self._run.name}"
        return f"{self.client.url}{prefix}/destinations/{self.name}"

    async def put(self, settings: Mapping[str, Any] | None = None, **more: Any) -> Mapping[str, Any]:
        """Set it up, with the keys of a destination in a config file; its settings then."""
        return await self._settings("PUT", calls.filled(settings, more))

    async def change(self, settings: Mapping[str, Any] | None = None, **more: Any) -> Mapping[str, Any]:
        """Change these settings, such as `replies`, while it runs; its settings then."""
        return await self._settings("PATCH", calls.filled(settings, more))

    async def state(self) -> Mapping[str, Any]:
        """Its settings."""
        return await self._settings("GET", None)

    async def _settings(self, method: str, body: Any) -> Mapping[str, Any]:
        settings: Mapping[str, Any] = await self.client.ask(
            Call(method=method, path=self._path, read=calls.as_it_is, json=body)
        )
        return settings

    async def members(self) -> Mapping[str, list[Mapping[str, Any]]]:
        """Who is on its lists, by key, each user as sent."""
        lists: Mapping[str, list[Mapping[str, Any]]] = await self.client.ask(
            Call(method="GET", path=f"{self._path}/members", read=calls.member("lists"))
        )
        return lists

    async def lists(self) -> Mapping[str, Any]:
        """Its `lists`, by key, with how large they are and whether they are targetable; and its `audiences`."""
        state: Mapping[str, Any] = await self.client.ask(
            Call(method="GET", path=f"{self._path}/lists", read=calls.as_it_is)
        )
        return state

    async def member_history(self, **asked: Unpack[HistoryOf]) -> list[Mapping[str, Any]]:
        """What changed on its lists, in order: `list`, `action`, `user`, `at`, `delivery` and `payload` of each."""
        return await self.client.ask(calls.member_history(self._path, asked))
