"""A clock and a server by which tests see what the simulated space's sender does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from harness.core.instants import Instant
from harness.core.journeys import Journey
from harness.core.systems import Address
from harness.senders.engage import EngageSystem
from tests.engage.spaces import START, journey


class StandingClock:
    """A clock that stands until it is moved, and never goes back."""

    def __init__(self) -> None:
        self.instant: Instant = START

    charges = None
    """What its receivers keep people waiting for, they wait for."""

    def now(self) -> Instant:
        """Where it stands."""
        return self.instant

    def set(self, instant: Instant) -> None:
        """Move it on."""
        if instant < self.instant:
            raise ValueError("the past")
        self.instant = instant


class Receiver:
    """A server that notes what it gets and when, and answers as told, 200 where it was told nothing."""

    def __init__(self, clock: StandingClock) -> None:
        self.clock = clock
        self.got: list[tuple[str, dict[str, Any], Instant]] = []
        self.content_types: list[str] = []
        self.answers: list[int | str] = []
        self.news = asyncio.Condition()
        self.release = asyncio.Event()
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        """Take one request."""
        self.got.append((request.path, json.loads(await request.read()), self.clock.now()))
        self.content_types.append(request.content_type)
        async with self.news:
            self.news.notify_all()
        answer = self.answers.pop(0) if self.answers else 200
        if answer == "hang":
            await self.release.wait()
        if answer == "reset" and request.transport is not None:
            request.transport.abort()
        if answer == "redirect":
            return web.Response(status=307, headers={"Location": "/elsewhere"})
        return web.Response(status=answer if isinstance(answer, int) else 200)

    async def wait_for(self, count: int) -> None:
        """Return when that many requests have come."""
        async with asyncio.timeout(10), self.news:
            await self.news.wait_for(lambda: len(self.got) >= count)

    def event(self, name: str = "crm", *calls: str) -> Address:
        """An event destination on this server."""
        return Address(name=name, kind="event", url=f"{self.url}/{name}", calls=calls or ("track",))

    def list(self, name: str = "ads") -> Address:
        """A list destination on this server."""
        return Address(name=name, kind="list", url=f"{self.url}/{name}/")


async def publish(system: EngageSystem, *addresses: Address, declared: Journey | None = None) -> str:
    """Publish a journey to these destinations; its key."""
    declared = declared or journey(*(address.name for address in addresses))
    return (await system.publish(declared, {address.name: address for address in addresses}))[declared.steps[0].name]


@asynccontextmanager
async def following(system: EngageSystem) -> AsyncIterator[None]:
    """Meanwhile the system follows the clock."""
    task = asyncio.create_task(system.follow())
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
