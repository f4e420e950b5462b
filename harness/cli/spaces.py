"""Simulated spaces beside a server: one for each run whose set-up declares journeys."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from ssl import SSLContext
from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.adapters.server.runs import Run
from harness.adapters.server.server import Server
from harness.core.destinations.destination import Destination
from harness.core.scenario.setup import Setup
from harness.core.systems import Address
from harness.senders.connections import Connections

if TYPE_CHECKING:
    from harness.senders.engage import EngageSystem


class Spaces:
    """Starts and stops the spaces of a server's runs; each follows its run's clock."""

    def __init__(self, trusted: SSLContext | None = None) -> None:
        """Start none yet; `trusted` says which certificates the server may show."""
        self._connections = Connections(trusted)
        self._running: dict[str, tuple[EngageSystem, asyncio.Task[None]]] = {}

    async def attach(self, server: Server, run: Run, setup: Setup) -> Mapping[str, Destination]:
        """Give `run` a space that plays the journeys of its set-up, in place of any that it had.

        Returns the destinations with the names by which the space routes to them. Raises SystemFailed before it
        changes anything.
        """
        if not setup.journeys:
            await self._detach(run)
            return setup.destinations
        from harness.engage.space import Space  # both only now: a server without journeys starts faster
        from harness.senders.engage import EngageSystem

        space = Space(start=run.clock.now())
        system = EngageSystem(clock=run.clock, space=space, connections=self._connections)
        addresses = {each.name: _address(server, run, each) for each in setup.destinations.values()}
        for journey in setup.journeys.values():
            await system.publish(journey, addresses)
        for group in setup.profiles.values():
            for profile in group:
                await system.identify(profile, profile.traits)
        await self._detach(run)
        self._follow(run, system)
        return {each.name: _named(each, system, addresses[each.name]) for each in setup.destinations.values()}

    def _follow(self, run: Run, system: EngageSystem) -> None:
        task = asyncio.create_task(system.follow())
        task.add_done_callback(lambda ended: _tell(run, ended))
        self._running[run.name] = system, task
        run.sources.feeds, run.advance_system = system, system.advance
        run.stop_system = lambda: self._detach(run)

    async def _detach(self, run: Run) -> None:
        run.sources.feeds = run.advance_system = run.stop_system = None
        await self._stop(run.name)

    async def _stop(self, name: str) -> None:
        if name in self._running:
            system, task = self._running.pop(name)
            task.cancel()
            await asyncio.wait([task])
            await system.stop()

    async def stop(self) -> None:
        """Stop all of them."""
        for name in list(self._running):
            await self._stop(name)
        await self._connections.close()


def _tell(run: Run, ended: asyncio.Task[None]) -> None:
    """Let the verdict on `run` know that its space ended by itself."""
    error = None if ended.cancelled() else ended.exception()
    if error is not None:
        run.failed(f"the simulated space stopped sending: {type(error).__name__}: {error}")


def _named(destination: Destination, system: EngageSystem, address: Address) -> Destination:
    if destination.integration is not None:
        return destination
    return replace(destination, integration=system.integration(address))


def _address(server: Server, run: Run, destination: Destination) -> Address:
    return Address(
        name=destination.name,
        kind=destination.kind,
        url=server.destination_url(run, destination.name),
        calls=destination.calls,
        integration=destination.integration,
        auth=destination.auth,
        signature=destination.signature,
    )
