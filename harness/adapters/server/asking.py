"""What the parts of the control API share: the server as they see it, the run that a path names, the body as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from aiohttp import web

from harness.adapters.server.all_runs import Runs
from harness.adapters.server.bodies import read_body
from harness.adapters.server.in_flight import InFlight
from harness.adapters.server.problems import Refused
from harness.adapters.server.refusals import Refusals
from harness.adapters.server.requests import Limits
from harness.adapters.server.routes import Route
from harness.adapters.server.runs import Run
from harness.core.contract import Contract
from harness.core.destinations.bodies import Unpacked, load
from harness.core.destinations.destination import Destination
from harness.core.documents import Document, Mark
from harness.core.instants import Duration, Instant
from harness.core.scenario.setup import Setup
from harness.core.spelling import near_miss

ReadSetup: TypeAlias = Callable[[Document], tuple[Setup, Contract]]
"""What a document sets up; DocumentError or DocumentErrors where it is not right."""


class Controlled(Protocol):
    """The server, as far as the control API needs it."""

    runs: Runs
    refusals: Refusals
    limits: Limits
    in_flight: InFlight
    now: Callable[[], Instant]
    expires_after: Duration | None
    routes: list[Route]

    def open_run(self, name: str) -> Run:
        """The run of that name, opened where there is none."""
        ...

    async def set_up(self, run: Run, setup: Setup, contract: Contract) -> None:
        """Configure `run`; SystemFailed where its journeys cannot be played."""
        ...

    async def reset(self, run: Run) -> None:
        """Forget what `run` recorded."""
        ...

    async def close_run(self, name: str) -> None:
        """Close the run of that name."""
        ...

    def missed(self, run: Run) -> int:
        """Requests that may have been for `run`, and that it never saw."""
        ...

    def forget_refused(self) -> None:
        """Forget what nothing could read."""
        ...


def run_of(server: Controlled, request: web.Request) -> Run:
    """The run that the path names, which is idle no longer; 404 with the nearest name where there is none."""
    name = request.match_info["run"]
    run = server.runs.get(name)
    if run is None:
        known = [run.name for run in server.runs]
        raise Refused(404, f"there is no run {name[:200]!r}{near_miss(name[:200], known)}", "open it with PUT")
    run.asked_at = server.now()
    return run


def destination_of(server: Controlled, request: web.Request) -> tuple[Run, Destination]:
    """The run and the destination that the path names; 404 with the nearest name where there is none."""
    run, name = run_of(server, request), request.match_info["name"]
    destination = run.destinations.get(name)
    if destination is None:
        hint = near_miss(name[:200], list(run.destinations))
        raise Refused(404, f"run {run.name!r} has no destination {name[:200]!r}{hint}", "set it up with PUT")
    return run, destination


async def document_of(request: web.Request, limits: Limits) -> Document:
    """The JSON body as a document; an empty one is an empty object."""
    body, defect = await read_body(request, limits)
    if defect is not None:
        raise Refused(defect.status, defect.message, f"expected {defect.expected}, got {defect.actual}")
    data = load(body) if body.strip() else {}
    if isinstance(data, Unpacked):
        (fault,) = data.violations
        raise Refused(400, fault.message, f"expected {fault.expected}, got {fault.actual}")
    return rooted(data)


def rooted(data: Any) -> Document:
    """JSON as a document whose only known place is the request's body."""
    return Document(data=data, marks={(): Mark(file="request body", line=1, column=1)})
