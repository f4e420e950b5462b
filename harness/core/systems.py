"""The system under test as the runner sees it: something that can be told to send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct

from harness.core.authentication import Auth, Signing
from harness.core.delivery import Payload
from harness.core.instants import Duration
from harness.core.journeys import Journey
from harness.core.profiles import Profile


class SystemFailed(Exception):
    """The system under test could not do what it was asked; the message says what and why."""


class Address(Struct, frozen=True, kw_only=True):
    """Where a destination is, and what it takes: all that a sender needs to know of it."""

    name: str
    kind: str
    url: str
    calls: tuple[str, ...] = ("track",)
    """Call types that an event destination takes."""
    integration: str | None = None
    """The name by which `integrations` routes to it; None leaves the choice to the sender."""
    auth: Auth | None = None
    """The credentials that it demands."""
    signature: Signing | None = None
    """How it wants requests to be signed."""


class Source(Protocol):
    """Takes in calls that a source (a client library) sends to `/v1/…`."""

    def ingest(self, call: Payload, write_key: str) -> None:
        """Take one accepted call of the source that `write_key` names."""
        ...


class System(Protocol):
    """A system under test. Every method raises `SystemFailed` where it cannot do what it is asked."""

    @property
    def can(self) -> frozenset[str]:
        """Names of the actions that it can perform."""
        ...

    def integration(self, address: Address) -> str | None:
        """The name by which the system's `integrations` routes to a destination, where the system tells."""
        ...

    async def publish(self, journey: Journey, destinations: Mapping[str, Address]) -> Mapping[str, str]:
        """Start `journey`, sending to `destinations`; the key of each step by its name, where the system tells."""
        ...

    async def enter(self, journey: str, step: str, profile: Profile) -> None:
        """Let `profile` enter the step of the journey with that id."""
        ...

    async def leave(self, journey: str, step: str, profile: Profile) -> None:
        """Let `profile` leave the step."""
        ...

    async def track(self, profile: Profile, event: str, properties: Mapping[str, Any]) -> None:
        """Let `profile` perform `event`."""
        ...

    async def identify(self, profile: Profile, traits: Mapping[str, Any]) -> None:
        """Tell the system who `profile` is, and these traits of theirs."""
        ...

    async def advance(self, duration: Duration) -> None:
        """Let that much of the run's time pass, with everything sent that falls due in it."""
        ...

    async def settle(self) -> None:
        """Return when all that was queued is answered or given up."""
        ...

    async def stop(self) -> None:
        """Let go of everything that it holds."""
        ...
