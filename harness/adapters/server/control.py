"""The control API: runs, their destinations, deliveries, verdict and clock."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from aiohttp import web

from harness.adapters.server.all_runs import Runs
from harness.adapters.server.answers import json_answer
from harness.adapters.server.bodies import read_body
from harness.adapters.server.deliveries_view import DeliveriesView
from harness.adapters.server.problems import Refused
from harness.adapters.server.refusals import Refusals
from harness.adapters.server.requests import DEFAULT_RUN, Limits
from harness.adapters.server.runs import Run
from harness.adapters.server.state import destination_state, judgement_state, lost_state, refused_state, run_state
from harness.adapters.warehouses.loading import WarehouseFailed
from harness.adapters.warehouses.stores import QueryFailed
from harness.core.contract import Contract
from harness.core.destinations.bodies import Unpacked, load
from harness.core.destinations.destination import WAREHOUSE, Destination
from harness.core.documents import Document, Mark
from harness.core.instants import isoformat, parse_duration, parse_instant
from harness.core.scenario.setup import Setup
from harness.core.spelling import near_miss

ReadSetup: TypeAlias = Callable[[Document], tuple[Setup, Contract]]
"""What a document sets up; DocumentError or DocumentErrors where it is not right."""

_PREFIX = "/_harness/v1"
_RUN_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


class Controlled(Protocol):
    """The server, as far as the control API needs it."""

    runs: Runs
    refusals: Refusals
    limits: Limits

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


class ControlApi:
    """The routes below `/_harness`."""

    def __init__(self, server: Controlled, read: ReadSetup) -> None:
        """Serve what `server` holds."""
        self._server = server
        self._read = read
        self._deliveries = DeliveriesView(self._run)

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        run = _PREFIX + "/runs/{run:[^/]+}"
        return [
            web.get("/_harness/healthz", self._alive),
            web.get("/_harness/readyz", self._alive),
            web.get(_PREFIX + "/runs", self._list),
            web.put(run, self._put),
            web.get(run, self._get),
            web.delete(run, self._close),
            web.get(run + "/destinations", self._destinations),
            web.put(run + "/destinations/{name:[^/]+}", self._put_destination),
            web.get(run + "/destinations/{name:[^/]+}/members", self._members),
            web.get(run + "/destinations/{name:[^/]+}/rows", self._rows),
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
        run = self._server.runs.get(name)
        if run is None:
            known = [run.name for run in self._server.runs]
            raise Refused(404, f"there is no run {name[:200]!r}{near_miss(name[:200], known)}", "open it with PUT")
        return run

    async def _alive(self, request: web.Request) -> web.StreamResponse:
        return json_answer({"status": "ok"})

    async def _list(self, request: web.Request) -> web.StreamResponse:
        return json_answer({"runs": [run_state(run) for run in self._server.runs]})

    async def _put(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["run"]
        if _RUN_NAME.fullmatch(name) is None:
            raise Refused(
                400, f"{name[:200]!r} is no name for a run", "use 1 to 100 of A-Z, a-z, 0-9, '.', '_' and '-'"
            )
        setup, contract = self._read(await self._document(request))
        was_open = self._server.runs.get(name) is not None
        run = self._server.open_run(name)
        try:
            await self._server.set_up(run, setup, contract)
        except BaseException:
            if not was_open:
                self._server.runs.close(name)
            raise
        return json_answer(run_state(run))

    async def _get(self, request: web.Request) -> web.StreamResponse:
        return json_answer(run_state(self._run(request)))

    async def _close(self, request: web.Request) -> web.StreamResponse:
        name = self._run(request).name
        if name == DEFAULT_RUN:
            raise Refused(
                409, "the default run is always there", f"forget what came with POST {_PREFIX}/runs/{name}/reset"
            )
        await self._server.close_run(name)
        return web.Response(status=204)

    async def _destinations(self, request: web.Request) -> web.StreamResponse:
        return json_answer({"destinations": run_state(self._run(request))["destinations"]})

    async def _put_destination(self, request: web.Request) -> web.StreamResponse:
        run, name = self._run(request), request.match_info["name"]
        document = await self._document(request)
        setup, _ = self._read(_rooted({"destinations": {name: document.data}}))
        destination = setup.destinations[name]
        run.add(destination)
        return json_answer(destination_state(run, destination))

    def _destination(self, request: web.Request) -> tuple[Run, Destination]:
        """The destination that the path names, with its run; 404 with the nearest name where there is none."""
        run, name = self._run(request), request.match_info["name"]
        destination = run.destinations.get(name)
        if destination is None:
            hint = near_miss(name[:200], list(run.destinations))
            raise Refused(404, f"run {run.name!r} has no destination {name[:200]!r}{hint}")
        return run, destination

    async def _rows(self, request: web.Request) -> web.StreamResponse:
        """The rows that a query in a warehouse finds, once all that it accepted is loaded."""
        run, destination = self._destination(request)
        warehouse = run.warehouses.get(destination.name)
        if destination.kind != WAREHOUSE or warehouse is None:
            raise Refused(
                404, f"{destination.name!r} is of kind {destination.kind}, and has no tables", "name a warehouse"
            )
        if set(request.query) != {"sql"}:
            raise ValueError("a query in a warehouse has the one parameter `sql`: ?sql=select …")
        try:
            found = await warehouse.rows(request.query["sql"])
        except QueryFailed as error:
            raise Refused(400, f"the query failed: {error}") from None
        except WarehouseFailed as error:
            raise Refused(503, str(error), "ask again once its database is well") from None
        return json_answer({"columns": list(found.columns), "rows": found.records(), "left_null": list(found.notes)})

    async def _members(self, request: web.Request) -> web.StreamResponse:
        run, destination = self._destination(request)
        name = destination.name
        if destination.kind != "list":
            raise Refused(404, f"{name!r} is of kind {destination.kind}, and has no members", "name a list")
        return json_answer({"lists": run.pasts[name].members.lists()})

    async def _verdict(self, request: web.Request) -> web.StreamResponse:
        run = self._run(request)
        await run.warehouses.loaded()
        return json_answer(judgement_state(run, self._server.missed(run)))

    async def _clock(self, request: web.Request) -> web.StreamResponse:
        return json_answer({"now": isoformat(self._run(request).clock.now())})

    async def _put_clock(self, request: web.Request) -> web.StreamResponse:
        run, document = self._run(request), await self._document(request)
        match document.data:
            case {"now": str(moment), **rest} if not rest:
                target = parse_instant(moment)
            case {"advance": str(duration), **rest} if not rest:
                target = run.clock.now() + parse_duration(duration)
            case _:
                raise ValueError('a clock is moved by {"now": ISO 8601 time} or {"advance": duration, such as "1h"}')
        await run.move_clock(target)
        return json_answer({"now": isoformat(run.clock.now())})

    async def _reset(self, request: web.Request) -> web.StreamResponse:
        run = self._run(request)
        await self._server.reset(run)
        return json_answer(run_state(run))

    async def _refused(self, request: web.Request) -> web.StreamResponse:
        return json_answer(refused_state(self._server.refusals))

    async def _forget_refused(self, request: web.Request) -> web.StreamResponse:
        self._server.forget_refused()
        return web.Response(status=204)

    async def _lost(self, request: web.Request) -> web.StreamResponse:
        return json_answer(lost_state(self._server.runs))

    async def _document(self, request: web.Request) -> Document:
        """The JSON body as a document; an empty one is an empty object."""
        body, defect = await read_body(request, self._server.limits)
        if defect is not None:
            raise Refused(defect.status, defect.message, f"expected {defect.expected}, got {defect.actual}")
        data = load(body) if body.strip() else {}
        if isinstance(data, Unpacked):
            (fault,) = data.violations
            raise Refused(400, fault.message, f"expected {fault.expected}, got {fault.actual}")
        return _rooted(data)


def _rooted(data: Any) -> Document:
    return Document(data=data, marks={(): Mark(file="request body", line=1, column=1)})
