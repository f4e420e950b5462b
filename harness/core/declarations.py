"""What is declared about journeys and profiles, and so changes which traffic is right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from msgspec import Struct

from harness.core.journeys import AdStep, Journey, Step
from harness.core.keys import KEY_LENGTH, journey_slug, parse_key, skeleton, step_slug
from harness.core.profiles import Profile

_MOST = 4096
"""Keys whose steps are remembered."""


class DeclaredStep(Struct, frozen=True, kw_only=True):
    """A step of a declared journey."""

    journey: Journey
    step: Step

    @property
    def exits(self) -> bool:
        """Whether its users may ever be taken out of a destination: by an exit, or by the expiry of an ad."""
        return self.journey.exits or (isinstance(self.step, AdStep) and self.step.remove_after is not None)

    @property
    def key_form(self) -> str:
        """What its key looks like, for messages."""
        return self.step.key or f"j_o_{journey_slug(self.journey.name)}__{step_slug(self.step.name)}_?????"

    def __str__(self) -> str:
        return f"step {self.step.name!r} of {self.journey.name!r}"


class Declarations:
    """Looks declared steps and profiles up by what payloads say of them."""

    def __init__(
        self, journeys: Iterable[Journey] = (), profiles: Iterable[Profile] = (), *, complete: bool = False
    ) -> None:
        """Index `journeys` and `profiles`; `complete` says that no other journey sends in this run."""
        self._profiles = tuple(profiles)
        self.journeys = {journey.id: journey for journey in journeys}
        self.complete = complete and bool(self.journeys)
        self.emails: Mapping[str, int] = {
            name: len(profile.emails)
            for profile in self._profiles
            for name in (profile.user_id, profile.anonymous_id)
            if name is not None
        }
        """How many emails the profile with that `userId` or `anonymousId` declares."""
        self._by_key: dict[str, DeclaredStep] = {}
        self._by_slugs: dict[tuple[str, str], list[DeclaredStep]] = {}
        self._found: dict[str, tuple[DeclaredStep, ...]] = {}
        for declared in self.steps:
            self._index(declared)

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process, which indexes them anew."""
        return partial(Declarations, complete=self.complete), (tuple(self.journeys.values()), self._profiles)

    @property
    def steps(self) -> list[DeclaredStep]:
        """Every declared step that sends, in order."""
        return [DeclaredStep(journey=j, step=step) for j in self.journeys.values() for step in j.steps]

    def _index(self, declared: DeclaredStep) -> None:
        if declared.step.key is not None:
            self._by_key[declared.step.key] = declared
        self._by_slugs.setdefault(_slugs(declared), []).append(declared)

    def step_of(self, key: str) -> DeclaredStep | None:
        """The declared step that `key` belongs to: by its `key:`, else by slugs; None where that is no one step."""
        candidates = self.candidates(key)
        return candidates[0] if len(candidates) == 1 else None

    def candidates(self, key: str) -> tuple[DeclaredStep, ...]:
        """The declared steps that `key` may belong to: the one with that `key:`, else all that its slugs name."""
        if len(key) > KEY_LENGTH:
            return ()
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _MOST:
                self._found.clear()
            found = self._found[key] = self._find(key)
        return found

    def _find(self, key: str) -> tuple[DeclaredStep, ...]:
        declared = self._by_key.get(key)
        return (declared,) if declared else tuple(self.steps_named_by(key))

    def steps_named_by(self, key: str) -> list[DeclaredStep]:
        """The declared steps whose slugs `key` is made of, compared by letters and digits only."""
        parsed = parse_key(key)
        return self._by_slugs.get((skeleton(parsed.journey), skeleton(parsed.step)), []) if parsed else []

    def tell_apart(self, journey: Journey) -> bool:
        """Whether the key of each of its steps belongs to no other step, as it does where two names make one slug."""
        steps = (DeclaredStep(journey=journey, step=step) for step in journey.steps if step.key is None)
        return all(len(self._by_slugs[_slugs(step)]) == 1 for step in steps)

    def stranger(self, key: str) -> list[DeclaredStep]:
        """The steps that a well-formed `key` should have been made of, where it fits none; else an empty list.

        Where the declarations are complete, that is any declared step; else only those of a journey whose slug it has.
        """
        parsed = parse_key(key)
        if parsed is None or key in self._by_key or self.steps_named_by(key):
            return []
        journey = skeleton(parsed.journey)
        kin = [step for step in self.steps if skeleton(journey_slug(step.journey.name)) == journey]
        return kin or (self.steps if self.complete else [])


def _slugs(declared: DeclaredStep) -> tuple[str, str]:
    return skeleton(journey_slug(declared.journey.name)), skeleton(step_slug(declared.step.name))
