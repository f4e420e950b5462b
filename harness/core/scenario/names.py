"""The names that a scenario defines, looked up with their place for the error where there is no such name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from harness.core.destinations.destination import Destination
from harness.core.documents import At, Document
from harness.core.journeys import Journey
from harness.core.profiles import Profile
from harness.core.scenario.setup import unknown


class Names(Struct, frozen=True, kw_only=True):
    """What the names in one document stand for."""

    document: Document
    destinations: Mapping[str, Destination]
    journeys: Mapping[str, Journey]
    profiles: Mapping[str, tuple[Profile, ...]]

    def value(self, at: At) -> Any:
        """What stands at `at`."""
        value = self.document.data
        for part in at:
            value = value[part]
        return value

    def destination(self, at: At) -> Destination:
        """The destination that is named at `at`."""
        name = self.value(at)
        if name not in self.destinations:
            raise unknown(self.document, at, "destination", name, self.destinations)
        return self.destinations[name]

    def destinations_at(self, at: At) -> tuple[str, ...]:
        """The names of the one or several destinations that are named at `at`."""
        return tuple(self.destination(place).name for place in self._places(at))

    def journey(self, at: At) -> Journey:
        """The journey that is named at `at`."""
        name = self.value(at)
        if name not in self.journeys:
            raise unknown(self.document, at, "journey", name, self.journeys)
        return self.journeys[name]

    def step(self, journey: Journey, at: At) -> str:
        """The step of `journey` that is named at `at`."""
        name: str = self.value(at)
        if journey.step(name) is None:
            raise unknown(self.document, at, "step", name, {step.name: step for step in journey.steps})
        return name

    def people(self, at: At) -> tuple[Profile, ...]:
        """The profiles in the one or several groups that are named at `at`."""
        found: list[Profile] = []
        for place in self._places(at):
            name = self.value(place)
            if name not in self.profiles:
                raise unknown(self.document, place, "profile", name, self.profiles)
            found.extend(self.profiles[name])
        return tuple(found)

    def _places(self, at: At) -> list[At]:
        value = self.value(at)
        return [(*at, index) for index in range(len(value))] if isinstance(value, list) else [at]
