"""Entry conditions: whether what somebody did, or is, lets them into a journey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.core.delivery import Payload
from harness.core.journeys import Entry


def admits(entry: Entry, call: Payload, traits: Mapping[str, Any]) -> bool:
    """Whether `call`, made by a profile that now has `traits`, meets the condition."""
    if entry.event is None:
        return describes(entry, traits)
    return (
        call.get("type") == "track"
        and call.get("event") == entry.event
        and all(_same(_at(call, path), value) for path, value in entry.where.items())
        and _all_equal(entry.traits, traits)
    )


def describes(entry: Entry, traits: Mapping[str, Any]) -> bool:
    """Whether the condition is about traits alone and `traits` meet it."""
    return entry.event is None and bool(entry.traits) and _all_equal(entry.traits, traits)


def _all_equal(wanted: Mapping[str, Any], traits: Mapping[str, Any]) -> bool:
    return all(name in traits and _same(traits[name], value) for name, value in wanted.items())


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _same(actual: Any, wanted: Any) -> bool:
    # Python holds True for equal to 1; a condition on `true` must not let 1 in.
    return isinstance(actual, bool) == isinstance(wanted, bool) and bool(actual == wanted)
