"""Journeys as their makers declare them: what the simulated space plays, and what changes which traffic is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import Struct, field

from harness.core.instants import Duration


class SendStep(Struct, frozen=True, kw_only=True):
    """A *Send to destinations* step."""

    name: str
    to: tuple[str, ...]
    """Destination names."""
    key: str | None = None
    """The key, where the journey's maker states it; else it is generated."""


class AdStep(Struct, frozen=True, kw_only=True):
    """A *Show an ad* step: like a send step, but its users may be taken off again after a while."""

    name: str
    to: tuple[str, ...]
    key: str | None = None
    remove_after: Duration | None = None


Step: TypeAlias = SendStep | AdStep


class Entry(Struct, frozen=True, kw_only=True):
    """An entry condition: users enter by what they do or are."""

    event: str | None = None
    """Name of the track event that lets a user in."""
    where: Mapping[str, Any] = field(default_factory=dict)
    """Dotted path into the event (`properties.plan`) to the value that it must equal."""
    traits: Mapping[str, Any] = field(default_factory=dict)
    """Trait names to the values that the profile must have."""


class Journey(Struct, frozen=True, kw_only=True):
    """A journey with its steps in order."""

    id: str
    """The name by which a scenario refers to it."""
    name: str
    """The name that people see, and that keys are made from."""
    steps: tuple[Step, ...]
    entry: Entry | None = None
    exit_after: Duration | None = None
    """How long after entry users leave the journey and all its destinations; None: they stay for good."""
    re_entry_after: Duration | None = None
    """How long after an exit a user may enter again; None: never."""

    @property
    def exits(self) -> bool:
        """Whether users ever leave it."""
        return self.exit_after is not None

    def step(self, name: str) -> Step | None:
        """The step of that name."""
        return next((step for step in self.steps if step.name == name), None)
