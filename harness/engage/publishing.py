"""Published journeys: their steps, with the keys and ids that the space gives them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from harness.core.journeys import Journey, Step
from harness.core.keys import StepKey, journey_slug, step_slug
from harness.engage.errors import SpaceError, unknown
from harness.engage.faulty import Fault, Minting
from harness.engage.ids import Ids
from harness.engage.steps import PublishedStep


class Catalogue:
    """All published journeys of a space."""

    def __init__(self, ids: Ids, fault: Fault) -> None:
        self._ids = ids
        self._fault = fault
        self._journeys: dict[str, dict[str, PublishedStep]] = {}
        self._owners: dict[str, tuple[str, str]] = {}
        self._versions: Counter[str] = Counter()

    def __iter__(self) -> Iterator[tuple[Journey, tuple[PublishedStep, ...]]]:
        for steps in self._journeys.values():
            published = tuple(steps.values())
            if published:
                yield published[0].journey, published

    def publish(self, journey: Journey, connected: Iterable[str]) -> Mapping[str, str]:
        """Publish the journey, or a new version of it, to `connected` destinations; each step's key by its name."""
        self._refuse(journey, set(connected))
        keys = {step.name: self._key(journey, step) for step in journey.steps}
        self._versions[journey.id] += 1
        self._journeys[journey.id] = {
            step.name: PublishedStep(
                journey=journey,
                step=step,
                key=self._bent(keys[step.name], self._versions[journey.id]),
                computation_id=self._ids.computation(journey.id, step.name),
            )
            for step in journey.steps
        }
        return {name: step.key for name, step in self._journeys[journey.id].items()}

    def find(self, journey: str, step: str) -> PublishedStep:
        """The step of that name of the journey with that id; else SpaceError."""
        if journey not in self._journeys:
            raise unknown("journey", journey, self._journeys, "publish it before anybody enters it")
        steps = self._journeys[journey]
        if step not in steps:
            raise unknown(f"journey {journey!r}: step", step, steps, "use the name that the journey declares")
        return steps[step]

    def steps_of(self, journey: str) -> tuple[PublishedStep, ...]:
        """The steps of the journey with that id, in order."""
        return tuple(self._journeys[journey].values())

    def _refuse(self, journey: Journey, connected: set[str]) -> None:
        where = f"journey {journey.id!r}"
        names = [step.name for step in journey.steps]
        double = next((name for name in names if names.count(name) > 1), None)
        if double is not None:
            raise SpaceError(f"{where} has two steps named {double!r}; rename one, keys are made of step names")
        for step in journey.steps:
            for name in step.to:
                if name not in connected:
                    raise unknown(f"{where}, step {step.name!r}: destination", name, connected, "connect it first")

    def _key(self, journey: Journey, step: Step) -> str:
        owner = (journey.id, step.name)
        if step.key is not None:
            other = self._owners.setdefault(step.key, owner)
            if other != owner:
                raise SpaceError(
                    f"journey {owner[0]!r}, step {owner[1]!r}: key {step.key!r} is already that of step {other[1]!r}"
                    f" of journey {other[0]!r}; give each step a key of its own"
                )
            return step.key
        salt = 0
        while self._owners.setdefault(key := self._made(journey, step, salt), owner) != owner:
            salt += 1
        return key

    def _made(self, journey: Journey, step: Step, salt: int) -> str:
        suffix = self._ids.suffix(journey.id, step.name, str(salt))
        return str(StepKey(journey=journey_slug(journey.name), step=step_slug(step.name), suffix=suffix))

    def _bent(self, key: str, version: int) -> str:
        return self._fault.key(Minting(key=key, first=next(iter(self._owners)), version=version))
