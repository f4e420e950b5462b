"""Rules on the keys of all traffic together: `key-stable`, `key-unique`, `space-stable`."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Self

from harness.core.calls import personas
from harness.core.declarations import DeclaredStep
from harness.core.delivery import Violation
from harness.core.keys import parse_key
from harness.core.rules.examples import COMPUTATION_ID, KEY, SPACE_ID, event, track
from harness.core.rules.examples import personas as personas_example
from harness.core.rules.rule import Example, Rule
from harness.core.rules.sighting import Sighting, proof


class _FirstSights:
    """For each owner, the names it was seen with, and where each was seen first."""

    def __init__(self) -> None:
        self.names: dict[Hashable, dict[str, tuple[int, int]]] = {}

    def add(self, owner: Hashable, name: str, at: tuple[int, int]) -> None:
        seen = self.names.setdefault(owner, {})
        known = seen.get(name)
        if known is None or at < known:
            seen[name] = at

    def merge(self, other: _FirstSights) -> None:
        for owner, seen in other.names.items():
            for name, at in seen.items():
                self.add(owner, name, at)

    def several(self) -> Iterator[tuple[Hashable, list[tuple[str, tuple[int, int]]]]]:
        """The owners with more than one name, and these in the order of first sight."""
        for owner, seen in self.names.items():
            if len(seen) > 1:
                yield owner, sorted(seen.items(), key=lambda item: item[1])


class KeyStable:
    """Folds over steps: the keys that each was seen under."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._keys = _FirstSights()
        self._declared: dict[Hashable, DeclaredStep] = {}

    def see(self, sighting: Sighting) -> None:
        """Remember the key under the step's identity."""
        if sighting.key is None:
            return
        owner = _step_identity(sighting)
        if sighting.step is not None:
            self._declared[owner] = sighting.step
        if owner is not None:
            self._keys.add(owner, sighting.key, sighting.at)

    def follow(self, like: Sighting) -> None:
        """Nothing new: only the first sight of a step's key matters."""

    def merge(self, other: Self) -> None:
        """Take over what `other` saw."""
        self._declared.update(other._declared)
        self._keys.merge(other._keys)

    def violations(self) -> Iterator[Violation]:
        """One for each key of a step beyond its first, or other than the declared one."""
        for owner, seen in self._keys.names.items():
            declared = self._declared.get(owner)
            key = declared.step.key if declared else None
            order = sorted(seen.items(), key=lambda item: item[1])
            right, first = (key, None) if key is not None else order[0]
            name = str(declared) if declared else "one step"
            for other, at in order:
                if other != right:
                    yield Violation(
                        rule="key-stable",
                        message=f"{name} has another key than {'declared' if key else 'before'}",
                        payload=at[1],
                        expected=str(right)[:300],
                        actual=other[:300],
                        deliveries=(at[0],) if first is None else proof(first, at),
                    )


def _step_identity(sighting: Sighting) -> Hashable:
    """What makes two payloads come from one step; None where nothing tells."""
    if sighting.step is not None:
        return ("declared", sighting.step.journey.id, sighting.step.step.name)
    if sighting.computation_id is not None:
        return ("computation", sighting.computation_id)
    parsed = None if sighting.candidates else parse_key(sighting.key or "")  # of several candidates, any may be meant
    return ("slugs", parsed.journey, parsed.step) if parsed else None


class KeyUnique:
    """Folds over keys: the computations that each was used for."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._computations = _FirstSights()
        self._declared: set[Hashable] = set()

    def see(self, sighting: Sighting) -> None:
        """Remember the computation under its key."""
        if sighting.key is None or sighting.computation_id is None:
            return
        if sighting.step is not None and sighting.declarations.complete:
            self._declared.add(sighting.key)
        self._computations.add(sighting.key, sighting.computation_id, sighting.at)

    def follow(self, like: Sighting) -> None:
        """Nothing new: only the first sight of a key's computation matters."""

    def merge(self, other: Self) -> None:
        """Take over what `other` saw."""
        self._declared |= other._declared
        self._computations.merge(other._computations)

    def violations(self) -> Iterator[Violation]:
        """One for each further computation under a key; a warning where no declaration says that it is one step's."""
        for key, seen in self._computations.several():
            (first, first_at), *others = seen
            for other, at in others:
                yield Violation(
                    rule="key-unique",
                    message=f"the key {str(key)[:300]} stands for more than one step",
                    severity="error" if key in self._declared else "warning",
                    payload=at[1],
                    path="$.context.personas.computation_id",
                    expected=first,
                    actual=other,
                    deliveries=proof(first_at, at),
                )


class SpaceStable:
    """Folds over keys: the spaces that each was used in."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._spaces = _FirstSights()

    def see(self, sighting: Sighting) -> None:
        """Remember the space under the key."""
        space = personas(sighting.call).get("space_id") if sighting.call is not None else None
        if sighting.key is not None and isinstance(space, str) and space:
            self._spaces.add(sighting.key, space, sighting.at)

    def follow(self, like: Sighting) -> None:
        """Nothing new: what is alike comes from one space."""

    def merge(self, other: Self) -> None:
        """Take over what `other` saw."""
        self._spaces.merge(other._spaces)

    def violations(self) -> Iterator[Violation]:
        """One for each further space under a key."""
        for key, seen in self._spaces.several():
            (first, first_at), *others = seen
            for space, at in others:
                yield Violation(
                    rule="space-stable",
                    message=f"the key {str(key)[:300]} comes from more than one space",
                    payload=at[1],
                    path="$.context.personas.space_id",
                    expected=first[:300],
                    actual=space[:300],
                    deliveries=proof(first_at, at),
                )


OTHER_KEY = KEY.replace("dje83h", "x1y2z")
OTHER_ID = COMPUTATION_ID[:-1] + "t"
OTHER_SPACE = SPACE_ID[:-1] + "Y"

KEY_STABLE = Rule(
    id="key-stable",
    sentence="One step has one key, for all users and all time.",
    source="Send Journeys data to a Destination: destinations use the key to refer to the users; Edit journeys: sync "
    "keys are preserved for steps that stay the same",
    remedy="Generate the key once, when the step is first published, and keep it.",
    passes=Example(deliveries=(event(track()), event(track(userId="u2", messageId="personas_2")))),
    fails=Example(
        deliveries=(
            event(track()),
            event(
                track(
                    userId="u2",
                    messageId="personas_2",
                    properties={OTHER_KEY: "true"},
                    context={"personas": personas_example(computation_key=OTHER_KEY)},
                )
            ),
        )
    ),
    history=KeyStable,
)

KEY_UNIQUE = Rule(
    id="key-unique",
    sentence="One key stands for one declared step; from traffic alone, this is a warning.",
    source="Engage FAQ: avoid using the same audience key twice; Journeys logic: a clone gets new, unique keys",
    remedy="Give each step a key of its own.",
    passes=Example(deliveries=(event(track()), event(track(userId="u2", messageId="personas_2")))),
    fails=Example(
        deliveries=(
            event(track()),
            event(
                track(
                    userId="u2",
                    messageId="personas_2",
                    context={"personas": personas_example(computation_id=OTHER_ID)},
                )
            ),
        )
    ),
    history=KeyUnique,
)

SPACE_STABLE = Rule(
    id="space-stable",
    sentence="One key comes from one space, for all users and all time.",
    source="Send Journeys data to a Destination (2024): `namespace` and `space_id` are the id of the Engage space; "
    "destinations use the key to refer to the users",
    remedy="Send the id of the space that the journey lives in, the same with every payload of its steps.",
    passes=Example(deliveries=(event(track()), event(track(userId="u2", messageId="personas_2")))),
    fails=Example(
        deliveries=(
            event(track()),
            event(
                track(
                    userId="u2",
                    messageId="personas_2",
                    context={"personas": personas_example(space_id=OTHER_SPACE, namespace=OTHER_SPACE)},
                )
            ),
        )
    ),
    history=SpaceStable,
)
