"""The control API: runs, their destinations, deliveries, verdict and clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import orjson
from aiohttp import web

from harness.adapters.server.bodies import read_body
from harness.adapters.server.deliveries_view import DeliveriesView
from harness.adapters.server.refusals import Refusals
from harness.adapters.server.requests import Limits
from harness.adapters.server.runs import Run, Runs
from harness.adapters.server.state import judgement_state, lost_state, refused_state, run_state
from harness.core.documents import Document, Mark
from harness.core.instants import isoformat, parse_duration, parse_instant
from harness.core.scenario.setup import Setup

OpenRun: TypeAlias = Callable[[str], Run]
"""Makes a run that is not there yet."""
SetUp: TypeAlias = Callable[[Run, Setup], Awaitable[None]]
"""Sets a run up, and starts what the set-up needs."""
ReadSetup: TypeAlias = Callable[[Document], Setup]

_PREFIX = "/_harness/v1"


class ControlApi:
    """The routes below `/_harness`."""

    def __init__(
        self, runs: Runs, refusals: Refusals, limits: Limits, *, open_run: OpenRun, set_up: SetUp, read: ReadSetup
    ) -> None:
        """Serve `runs`."""
        self._runs = runs
        self._refusals = refusals
        self._limits = limits
        self._open = open_run
        self._set_up = set_up
        self._read = read
        self._deliveries = DeliveriesView(self._run)

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        run = _PREFIX + "/runs/{run}"
        return [
            web.get("/_harness/healthz", self._alive),
            web.get("/_harness/readyz", self._alive),
            web.get(_PREFIX + "/runs", self._list),
            web.put(run, self._put),
            web.get(run, self._get),
            web.delete(run, self._close),
            web.get(run + "/destinations", self._destinations),
            web.put(run + "/destinations/{name}", self._put_destination),
            web.get(run + "/destinations/{name}/members", self._members),
            web.get(run + "/deliveries", self._deliveries.list),
            web.get(run + "/deliveries/{number:[0-9]+}", self._deliveries.one),
            web.get(run + "/verdict", self._verdict),
            web.get(run + "/clock", self._clock),
            web.put(run + "/clock", self._put_clock),
            web.post(run + "/reset", self._reset),
            web.get(_PREFIX + "/refused", self._refused),
            web.delete(_PREFIX + "/refused", self._forget_refused),
            web.get(_PREFIX + "/lost", self._lost),
        ]

    def _run(self, request: web.Request) -> Run:
        """The run that the path names; 404 with the known names where there is none."""
        name = request.match_info["run"]
        run = self._runs.get(name)
        if run is None:
            known = ", ".join(sorted(run.name for run in self._runs)) or "none"
            raise NoSuchThing(f"there is no run {name!r}", f"open it with PUT; open runs: {known}")
        return run

    async def _alive(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"status": "ok"})

    async def _list(self, request: web.Request) -> web.StreamResponse:
        return _json({"runs": [run_state(run) for run in self._runs]})

    async def _put(self, request: web.Request) -> web.StreamResponse:
        setup = self._read(await self._document(request))
        run = self._runs.open(request.match_info["run"], lambda: self._open(request.match_info["run"]))
        await self._set_up(run, setup)
        return _json(run_state(run))

    async def _get(self, request: web.Request) -> web.StreamResponse:
        return _json(run_state(self._run(request)))

    async def _close(self, request: web.Request) -> web.StreamResponse:
        self._run(request)
        self._runs.close(request.match_info["run"])
        return web.Response(status=204)

    async def _destinations(self, request: web.Request) -> web.StreamResponse:
        return _json({"destinations": run_state(self._run(request))["destinations"]})

    async def _put_destination(self, request: web.Request) -> web.StreamResponse:
        run, name = self._run(request), request.match_info["name"]
        document = await self._document(request)
        setup = self._read(_rooted({"destinations": {name: document.data}}))
        run.add(setup.destinations[name])
        return _json(run_state(run)["destinations"][name])

    async def _members(self, request: web.Request) -> web.StreamResponse:
        run, name = self._run(request), request.match_info["name"]
        if name not in run.destinations:
            raise NoSuchThing(f"run {run.name!r} has no destination {name!r}", ", ".join(sorted(run.destinations)))
        return _json({"lists": run.pasts[name].members.lists()})

    async def _verdict(self, request: web.Request) -> web.StreamResponse:
        return _json(judgement_state(self._run(request), self._refusals))

    async def _clock(self, request: web.Request) -> web.StreamResponse:
        return _json({"now": isoformat(self._run(request).clock.now())})

    async def _put_clock(self, request: web.Request) -> web.StreamResponse:
        run, document = self._run(request), await self._document(request)
        match document.data:
            case {"now": str(moment)}:
                target = parse_instant(moment)
            case {"advance": str(duration)}:
                target = run.clock.now() + parse_duration(duration)
            case _:
                raise ValueError('a clock is moved by {"now": ISO 8601 time} or {"advance": duration, such as "1h"}')
        run.clock.set(target)
        run.moved()
        return _json({"now": isoformat(run.clock.now())})

    async def _reset(self, request: web.Request) -> web.StreamResponse:
        run = self._run(request)
        run.reset()
        return _json(run_state(run))

    async def _refused(self, request: web.Request) -> web.StreamResponse:
        return _json(refused_state(self._refusals))

    async def _forget_refused(self, request: web.Request) -> web.StreamResponse:
        self._refusals.clear()
        return web.Response(status=204)

    async def _lost(self, request: web.Request) -> web.StreamResponse:
        return _json(lost_state(self._runs))

    async def _document(self, request: web.Request) -> Document:
        """The JSON body as a document; an empty one is an empty object."""
        body, defect = await read_body(request, self._limits, None)
        if defect is not None:
            raise BadBody(defect.status, f"{defect.message}: expected {defect.expected}, got {defect.actual}")
        return _rooted(orjson.loads(body) if body.strip() else {})


class NoSuchThing(Exception):
    """What a path names is not there; the arguments are a sentence, and what to do."""


class BadBody(Exception):
    """A body could not be read; the arguments are the status and a sentence."""


def _rooted(data: Any) -> Document:
    return Document(data=data, marks={(): Mark(file="request body", line=1, column=1)})


def _json(data: Mapping[str, Any], status: int = 200) -> web.Response:
    body = orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS)
    return web.Response(status=status, body=body, content_type="application/json")
