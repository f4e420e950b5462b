"""How tests play a simulated space without any network: destinations are functions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from harness.core.instants import Duration, Instant, parse_instant
from harness.core.journeys import Entry, Journey, SendStep, Step
from harness.core.profiles import Profile
from harness.core.systems import Address
from harness.engage.faults import FAULTS
from harness.engage.pipeline import Request
from harness.engage.retries import Answer, Outcome
from harness.engage.settings import Settings
from harness.engage.space import Space

START: Instant = parse_instant("2026-11-21T10:00:00Z")
STEP = "New subscribed users"
ALEX = Profile(name="alex", user_id="u1", emails=("alex@example.com",))
SAM = Profile(name="sam", user_id="u2", emails=("sam@example.com",))

Destination: TypeAlias = Callable[[Request, Instant], Outcome]
"""Answers a request that comes in at that time."""


def accept(request: Request, now: Instant) -> Outcome:
    """Answer 200."""
    return Answer(status=200)


def event(name: str = "crm", *calls: str, integration: str | None = None) -> Address:
    """An event destination, which takes track calls unless told otherwise."""
    return Address(
        name=name, kind="event", url=f"http://{name}.test", calls=calls or ("track",), integration=integration
    )


def warehouse(name: str) -> Address:
    """A warehouse, which takes all that journeys send."""
    return Address(name=name, kind="warehouse", url=f"http://{name}.test", calls=("track", "identify"))


def list_(name: str = "ads") -> Address:
    """A list destination."""
    return Address(name=name, kind="list", url=f"http://{name}.test")


def journey(*to: str, id: str = "winback", name: str = "Win-back", step: str = STEP, **more: Any) -> Journey:  # noqa: A002 - the field's name
    """A journey with one *Send to destinations* step; `more` are further members of the journey."""
    return Journey(id=id, name=name, steps=(SendStep(name=step, to=to),), **more)


def stepped(*steps: Step, entry: Entry | None = None, **more: Any) -> Journey:
    """The journey `winback` with these steps."""
    return Journey(id="winback", name="Win-back", steps=steps, entry=entry, **more)


def space_of(*addresses: Address, seed: int = 0, fault: str | None = None, settings: Settings | None = None) -> Space:
    """A space connected to these destinations."""
    space = Space(start=START, seed=seed, fault=FAULTS[fault] if fault else None, settings=settings or Settings())
    for address in addresses:
        space.connect(address)
    return space


def play(space: Space, duration: Duration, destination: Destination = accept) -> list[Request]:
    """Let `duration` pass, all requests answered by `destination`; the requests in order."""
    end, requests = space.now + duration, []
    while (due := space.next_due()) is not None and due <= end:
        for request in space.take_due(due):
            requests.append(request)
            space.answered(request, destination(request, due), due)
    space.reach(end)
    return requests


def body(request: Request) -> dict[str, Any]:
    """The JSON object that a request carries."""
    document: dict[str, Any] = json.loads(request.body)
    return document


def bodies(requests: list[Request], destination: str | None = None) -> list[dict[str, Any]]:
    """The JSON objects of the requests, or of those to one destination."""
    return [body(request) for request in requests if destination in (None, request.destination)]
