"""What a test asks for by keywords, as the expectations of scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from harness.core.journeys import Journey
from harness.core.profiles import Profile
from harness.core.scenario.model import Amount, Match
from harness.core.spelling import near_miss


class Wanted(TypedDict, total=False):
    """Which payloads are meant; a keyword left out admits all."""

    type: str
    """The call's type: `track`, `identify`, …"""
    event: str
    action: str
    """Of list entries: `add` or `remove`."""
    key: str
    """The step key."""
    step: str
    """The name of a declared or published step."""
    journey: str
    """Its journey, by id."""
    user: str | Profile
    """A user, by `userId`, `anonymousId` or email."""
    where: Mapping[str, Any]
    """Dotted paths and the values that must stand there."""


__tracebackhide__ = True  # pytest shows the line of the test that asks for what cannot be
_NAMES = tuple(Wanted.__annotations__)


def match(destination: str, wanted: Wanted, journeys: Mapping[str, Journey]) -> Match:
    """The payloads at `destination` that are wanted; TypeError or ValueError where what is asked for cannot be."""
    for name in wanted:
        if name not in _NAMES:
            raise TypeError(f"payloads cannot be chosen by {name!r}{near_miss(name, _NAMES)}")
    user = wanted.get("user")
    profile = Profile(name=user, user_id=user) if isinstance(user, str) else user
    return Match(
        to=(destination,),
        steps=_steps(wanted, journeys),
        key=wanted.get("key"),
        profiles=None if profile is None else (profile,),
        identifiers=None if profile is None else profile.identifiers,
        type=wanted.get("type"),
        event=wanted.get("event"),
        action=wanted.get("action"),
        where=wanted.get("where", {}),
    )


def _steps(wanted: Wanted, journeys: Mapping[str, Journey]) -> tuple[tuple[str, str], ...] | None:
    step, journey = wanted.get("step"), wanted.get("journey")
    if step is None and journey is None:
        return None
    if journey is not None and journey not in journeys:
        raise ValueError(f"unknown journey {journey!r}{near_miss(journey, journeys)}: declare or publish it first")
    steps = [(each.id, part.name) for each in journeys.values() if journey in (None, each.id) for part in each.steps]
    found = tuple(each for each in steps if step in (None, each[1]))
    if not found:
        near = near_miss(str(step), [name for _, name in steps])
        raise ValueError(f"unknown step {step!r}{near}: declare or publish its journey first")
    return found


def amount(count: int | None, at_least: int | None, at_most: int | None) -> Amount:
    """The number that is asked for: exactly `count`, or within bounds; at least one where nothing is said."""
    if count is not None:
        if at_least is not None or at_most is not None:
            raise TypeError("give either `count`, or `at_least` and `at_most`")
        return Amount(at_least=count, at_most=count)
    if at_least is None and at_most is None:
        return Amount(at_least=1)
    return Amount(at_least=at_least or 0, at_most=at_most)
