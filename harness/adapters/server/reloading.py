"""What of a run stays as it is when the configuration that it was set up by is replaced by another."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from harness.core.behaviours import Always
from harness.core.destinations.destination import Destination
from harness.core.scenario.setup import Setup


def unchanged(before: Setup, after: Setup) -> frozenset[str]:
    """The destinations that both write alike: what they counted goes on, and so does what was altered since."""
    return frozenset(name for name, each in after.destinations.items() if before.destinations.get(name) == each)


def sends_alike(before: Setup, after: Setup) -> bool:
    """Whether a system that sends by `before` would send by `after` in the same way, and to the same places."""
    return (before.journeys, before.profiles, _told(before)) == (after.journeys, after.profiles, _told(after))


def _told(setup: Setup) -> Mapping[str, Destination]:
    """Its destinations as far as a sender is told of them: without what they answer, and where that is kept."""
    return {
        name: replace(each, behaviour=Always(), url=None, warehouse=None, body=None)
        for name, each in setup.destinations.items()
    }


def named_as(current: Mapping[str, Destination], setup: Setup) -> Mapping[str, Destination]:
    """The destinations of `setup` with the names by which a system that goes on routes to them."""
    return {
        name: each if each.integration else replace(each, integration=current[name].integration)
        if name in current else each
        for name, each in setup.destinations.items()
    }  # fmt: skip


def merged(
    current: Mapping[str, Destination], before: Setup, named: Mapping[str, Destination], kept: frozenset[str]
) -> dict[str, Destination]:
    """The destinations from now on: those of the new configuration, and those that the old one never named."""
    others = {name: each for name, each in current.items() if name not in before.destinations}
    return {**others, **{name: current[name] if name in kept else each for name, each in named.items()}}
