"""What a simulated space says when it is asked for something that it does not know."""

from __future__ import annotations

from collections.abc import Collection

from harness.core.spelling import near_miss
from harness.core.systems import SystemFailed


class SpaceError(SystemFailed):
    """The space was asked for something impossible; the message says what, where and how to mend it."""


def unknown(what: str, name: str, known: Collection[str], remedy: str) -> SpaceError:
    """The error for a `name` that is not among `known`, with the nearest one that is."""
    return SpaceError(f"{what} {name!r} is unknown{near_miss(name, known)} ({remedy})")
