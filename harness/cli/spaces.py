"""Simulated spaces beside a server: one for each run whose set-up declares journeys."""

from __future__ import annotations

import asyncio
import contextlib

from harness.adapters.server.runs import Run
from harness.adapters.server.server import Server
from harness.core.scenario.setup import Setup
from harness.core.systems import Address
from harness.engage.space import Space
from harness.senders.engage import EngageSystem


class Spaces:
    """Starts and stops the spaces of a server's runs; each follows its run's clock."""

    def __init__(self) -> None:
        """Start none yet."""
        self._running: dict[str, tuple[EngageSystem, asyncio.Task[None]]] = {}

    async def attach(self, server: Server, run: Run, setup: Setup) -> None:
        """Give `run` a space that plays the journeys of its set-up, in place of any that it had."""
        await self._detach(run.name)
        run.sources.feeds = run.on_moved = None
        if not setup.journeys:
            return
        system = EngageSystem(clock=run.clock, space=Space(start=run.clock.now()))
        addresses = {name: _address(server, run, name) for name in setup.destinations}
        for journey in setup.journeys.values():
            await system.publish(journey, addresses)
        for group in setup.profiles.values():
            for profile in group:
                await system.identify(profile, profile.traits)
        run.sources.feeds, run.on_moved = system, system.wake
        self._running[run.name] = system, asyncio.create_task(system.follow())

    async def _detach(self, name: str) -> None:
        system, task = self._running.pop(name, (None, None))
        if system is not None and task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await system.stop()

    async def stop(self) -> None:
        """Stop all of them."""
        for name in list(self._running):
            await self._detach(name)


def _address(server: Server, run: Run, name: str) -> Address:
    destination = run.destinations[name]
    return Address(
        name=name,
        kind=destination.kind,
        url=server.destination_url(run, name),
        calls=destination.calls,
        integration=destination.integration,
    )
