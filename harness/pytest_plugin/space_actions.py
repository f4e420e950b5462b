"""What a test makes a simulated space do; everything in here runs on the server's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from msgspec.structs import replace

from harness.core.destinations.destination import Destination
from harness.core.instants import parse_duration
from harness.core.journeys import Journey
from harness.core.profiles import Profile
from harness.core.spelling import near_miss
from harness.core.systems import Address, SystemFailed
from harness.engage.space import Space
from harness.pytest_plugin.binding import BoundRun
from harness.pytest_plugin.mappings import journeys_in
from harness.pytest_plugin.receiving import Receiver
from harness.senders.engage import EngageSystem

__tracebackhide__ = True  # pytest shows the line of the test that asks for what cannot be
Person: TypeAlias = str | Profile
"""A profile, or the `userId` of one who has nothing else."""


class Actions:
    """Drives the space of one run."""

    def __init__(self, run: BoundRun) -> None:
        """Feed an empty space with what sources of `run` send."""
        self._run = run
        self._published: set[str] = set()
        clock = run.run.clock
        self._system = EngageSystem(clock=clock, space=Space(start=clock.now()))
        run.run.sources.feeds = self._system

    async def publish(self, journey: Journey) -> Mapping[str, str]:
        """Connect the journey's destinations and start it; the key of each step by its name."""
        run, destinations = self._run, self._run.run.destinations
        for name in {name: None for step in journey.steps for name in step.to}:
            if name not in destinations:
                near = near_miss(name, destinations)
                raise SystemFailed(f"journey {journey.id!r} sends to {name!r}, which the test does not have{near}")
            self._route(destinations[name])
        self._published.add(journey.id)
        run.declare(journeys=[journey])
        return await self._system.publish(journey, {name: self._address(each) for name, each in destinations.items()})

    def _route(self, destination: Destination) -> None:
        """Give the destination the name by which the space routes to it, where it declares none."""
        if destination.integration is None:
            name = self._system.integration(self._address(destination))
            self._run.run.add(replace(destination, integration=name))

    def _address(self, destination: Destination) -> Address:
        return Address(
            name=destination.name,
            kind=destination.kind,
            url=self._run.url(destination.name),
            calls=destination.calls,
            integration=destination.integration,
            auth=destination.auth,
            signature=destination.signature,
        )

    async def enter(self, journey: str, step: str, profiles: Sequence[Person]) -> None:
        """Let `profiles` enter the step."""
        await self._publish_declared()
        for profile in map(_person, profiles):
            await self._system.enter(journey, step, profile)

    async def leave(self, journey: str, step: str, profiles: Sequence[Person]) -> None:
        """Let `profiles` leave the step."""
        await self._publish_declared()
        for profile in map(_person, profiles):
            await self._system.leave(journey, step, profile)

    async def track(self, profile: Person, event: str, properties: Mapping[str, Any] | None) -> None:
        """Let `profile` perform `event`."""
        await self._publish_declared()
        await self._system.track(_person(profile), event, properties or {})

    async def identify(self, profile: Person, traits: Mapping[str, Any] | None) -> None:
        """Give `profile` its own traits, and these."""
        await self._publish_declared()
        person = _person(profile)
        await self._system.identify(person, {**person.traits, **(traits or {})})

    async def advance(self, duration: str) -> None:
        """Let time pass."""
        await self._publish_declared()
        await self._system.advance(parse_duration(duration))
        self._refuse_unreachable()

    async def settle(self, within: float) -> None:
        """Send all that is queued."""
        await self._publish_declared()
        try:
            async with asyncio.timeout(within):
                await self._system.settle()
        except TimeoutError:
            raise SystemFailed(
                f"the space did not settle within {within:g} s of real time: give `within` more, "
                "or await `asettle` if an endpoint in the test's own event loop has to answer"
            ) from None
        self._refuse_unreachable()

    async def stop(self) -> None:
        """Close its connections."""
        self._run.run.sources.feeds = None
        await self._system.stop()

    async def _publish_declared(self) -> None:
        """Start the journeys that the marker declares; before, their destinations may not have been there."""
        for journey in [each for each in self._run.journeys.values() if each.id not in self._published]:
            await self.publish(journey)

    def _refuse_unreachable(self) -> None:
        if self._run.run.unreachable:
            raise SystemFailed("; ".join(f"{name}: {why}" for name, why in self._run.run.unreachable.items()))


def declared_journey(journey: str, declared: Mapping[str, Any]) -> Journey:
    """The journey that keywords declare as an entry of `journeys:` does; ValueError says what is wrong in it."""
    steps = declared.get("steps")
    if isinstance(steps, Mapping):
        steps = [{"send_to_destinations": {"name": name, "to": _names(to)}} for name, to in steps.items()]
    return journeys_in({journey: {"name": journey, **declared, "steps": steps}})[journey]


def _names(to: Receiver | str | Sequence[Receiver | str]) -> list[str]:
    several = [to] if isinstance(to, Receiver | str) else to
    return [each.name if isinstance(each, Receiver) else each for each in several]


def _person(profile: Person) -> Profile:
    return Profile(name=profile, user_id=profile) if isinstance(profile, str) else profile
