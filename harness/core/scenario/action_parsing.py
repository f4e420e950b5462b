"""The actions of a scenario, read from its document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from harness.core.documents import At
from harness.core.instants import SECOND, Duration
from harness.core.scenario.model import (
    DEFAULT_WITHIN,
    Action,
    Advance,
    Client,
    Deliver,
    Enter,
    Identify,
    Leave,
    Publish,
    Settle,
    Track,
)
from harness.core.scenario.names import Names
from harness.core.scenario.setup import duration

DEFAULT_SOURCE = "website"


def parse_action(names: Names, at: At) -> Action:
    """The action that stands at `at`."""
    ((name, _),) = names.value(at).items()
    return _PARSERS[name](names, (*at, name))


def _enter(names: Names, at: At) -> Action:
    journey = names.journey((*at, "journey"))
    step = names.step(journey, (*at, "step"))
    profiles = names.people((*at, "profiles"))
    return Enter(mark=names.document.key_mark(at), journey=journey.id, step=step, profiles=profiles)


def _leave(names: Names, at: At) -> Action:
    journey = names.journey((*at, "journey"))
    step = names.step(journey, (*at, "step"))
    profiles = names.people((*at, "profiles"))
    return Leave(mark=names.document.key_mark(at), journey=journey.id, step=step, profiles=profiles)


def _publish(names: Names, at: At) -> Action:
    return Publish(mark=names.document.key_mark(at), journey=names.journey((*at, "journey")).id)


def _track(names: Names, at: At) -> Action:
    written = names.value(at)
    return Track(
        mark=names.document.key_mark(at),
        profiles=names.people((*at, "profiles")),
        event=written["event"],
        properties=written.get("properties", {}),
    )


def _identify(names: Names, at: At) -> Action:
    return Identify(
        mark=names.document.key_mark(at),
        profiles=names.people((*at, "profiles")),
        traits=names.value(at).get("traits", {}),
    )


def _client(names: Names, at: At) -> Action:
    written = names.value(at)
    file, _, function = written["python"].rpartition(":")
    return Client(
        mark=names.document.key_mark(at),
        file=file,
        function=function,
        source=written.get("source", DEFAULT_SOURCE),
        within=_within(names, at, written, 30 * SECOND),
    )


def _advance(names: Names, at: At) -> Action:
    return Advance(mark=names.document.key_mark(at), duration=duration(names.document, at, names.value(at)))


def _settle(names: Names, at: At) -> Action:
    return Settle(mark=names.document.key_mark(at), within=_within(names, at, names.value(at) or {}, DEFAULT_WITHIN))


def _within(names: Names, at: At, written: Mapping[str, Any], default: Duration) -> Duration:
    return duration(names.document, (*at, "within"), written["within"]) if "within" in written else default


def _deliver(names: Names, at: At) -> Action:
    written = names.value(at)
    if ("json" in written) == ("body" in written):
        raise names.document.at_key(at, "a delivery needs one of `json` and `body`", "give one of the two")
    body = orjson.dumps(written["json"]) if "json" in written else written["body"].encode()
    return Deliver(
        mark=names.document.key_mark(at),
        to=names.destination((*at, "to")).name,
        body=body,
        headers={"content-type": "application/json", **_lower(written.get("headers", {}))},
    )


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


_PARSERS: Mapping[str, Callable[[Names, At], Action]] = {
    "enter": _enter,
    "leave": _leave,
    "publish": _publish,
    "track": _track,
    "identify": _identify,
    "client": _client,
    "advance": _advance,
    "settle": _settle,
    "deliver": _deliver,
}
