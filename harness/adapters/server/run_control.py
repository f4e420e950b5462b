"""The control API's runs: opened, listed, set up, reset, closed; their verdicts and clocks."""

from __future__ import annotations

import re
from typing import Any, Final

from aiohttp import web
from msgspec.structs import replace

from harness.adapters.server.answers import json_answer
from harness.adapters.server.asking import Controlled, ReadSetup, document_of, run_of
from harness.adapters.server.happenings import happened
from harness.adapters.server.problems import Refused
from harness.adapters.server.requests import DEFAULT_RUN
from harness.adapters.server.routes import API, NOTHING, RUN, Parameter, Route, ok, read_query, whole_number
from harness.adapters.server.runs import Run
from harness.adapters.server.state import judgement_state, run_state
from harness.core.documents import Document
from harness.core.instants import Duration, isoformat, parse_duration, parse_instant

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")
_PAGE: Final = 100
_LARGEST_PAGE: Final = 1000
_TAG: Final = "Runs"
_PAGING: Final = (
    Parameter(
        name="after", description="Only names behind this one.", schema={"type": "string"}, read=str
    ),
    Parameter(
        name="limit",
        description=f"At most so many, and never more than {_LARGEST_PAGE}.",
        schema={"type": "integer", "minimum": 1, "default": _PAGE},
        read=whole_number,
    ),
)  # fmt: skip


class RunControl:
    """Opens, lists, sets up, resets and closes runs."""

    def __init__(self, server: Controlled, read: ReadSetup) -> None:
        """Serve the runs of `server`; `read` understands what sets one up."""
        self._server = server
        self._read = read

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                method="GET", path=API + "/runs", handler=self._list, tag=_TAG, summary="List the runs",
                query=_PAGING, answers=ok("RunList", "A page of the runs."), problems=(400,),
            ),
            Route(
                method="PUT", path=RUN, handler=self._put, tag=_TAG, summary="Open a run, or set it up anew",
                detail="The same set-up again changes nothing: what came stays, and so does what was counted.",
                body="RunSettings", body_required=False, answers=ok("Run", "The run, as it is now."), problems=(400,),
            ),
            Route(
                method="GET", path=RUN, handler=self._get, tag=_TAG, summary="Show a run's set-up and counts",
                answers=ok("Run", "The run."), problems=(404,),
            ),
            Route(
                method="DELETE", path=RUN, handler=self._close, tag=_TAG, summary="Close a run",
                detail="What still comes for it is answered 410 and listed as lost.",
                answers=NOTHING, problems=(404, 409),
            ),
            Route(
                method="POST", path=RUN + "/reset", handler=self._reset, tag=_TAG,
                summary="Forget what a run recorded; its set-up stays",
                answers=ok("Run", "The run, as it is now."), problems=(404,),
            ),
            Route(
                method="GET", path=RUN + "/verdict", handler=self._verdict, tag=_TAG,
                summary="Judge all that a run recorded", answers=ok("Verdict", "The verdict."), problems=(404,),
            ),
            Route(
                method="GET", path=RUN + "/clock", handler=self._clock, tag=_TAG, summary="Read a run's clock",
                answers=ok("Clock", "What it says."), problems=(404,),
            ),
            Route(
                method="PUT", path=RUN + "/clock", handler=self._put_clock, tag=_TAG, summary="Move a run's clock on",
                detail="What its journeys have to send until then is sent before the request is answered.",
                body="ClockMove", answers=ok("Clock", "What it says now."), problems=(400, 404),
            ),
        ]  # fmt: skip

    async def _list(self, request: web.Request) -> web.StreamResponse:
        asked = read_query(request, _PAGING)
        limit = min(max(1, asked.get("limit", _PAGE)), _LARGEST_PAGE)
        runs = sorted(self._server.runs, key=lambda run: run.name)
        behind = [run for run in runs if run.name > asked.get("after", "")]
        page = behind[:limit]
        return json_answer(
            {
                "runs": [self._state(run) for run in page],
                "total": len(runs),
                "next": page[-1].name if len(behind) > limit else None,
            }
        )

    async def _put(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["run"]
        if _NAME.fullmatch(name) is None:
            raise Refused(
                400, f"{name[:200]!r} is no name for a run", "use 1 to 100 of A-Z, a-z, 0-9, '.', '_' and '-'"
            )
        document, expires_after = self._expiry_in(await document_of(request, self._server.limits), name)
        setup, contract = self._read(document)
        was_open = self._server.runs.get(name) is not None
        run = self._server.open_run(name)
        try:
            await self._server.set_up(run, setup, contract)
        except BaseException:
            if not was_open:
                self._server.runs.close(name)
            raise
        run.expires_after, run.asked_at = expires_after, self._server.now()
        return json_answer(self._state(run))

    def _expiry_in(self, document: Document, name: str) -> tuple[Document, Duration | None]:
        """The document without `expires_after`, and how long it lets the run live; ValueError where that is wrong."""
        otherwise = None if name == DEFAULT_RUN else self._server.expires_after
        if not isinstance(document.data, dict) or "expires_after" not in document.data:
            return document, otherwise
        settings = {key: value for key, value in document.data.items() if key != "expires_after"}
        return replace(document, data=settings), _lifetime(document.data["expires_after"], name)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        return json_answer(self._state(run_of(self._server, request)))

    async def _close(self, request: web.Request) -> web.StreamResponse:
        name = run_of(self._server, request).name
        if name == DEFAULT_RUN:
            raise Refused(409, "the default run is always there", f"forget what came with POST {API}/runs/{name}/reset")
        await self._server.close_run(name)
        return web.Response(status=204)

    async def _reset(self, request: web.Request) -> web.StreamResponse:
        run = run_of(self._server, request)
        await self._server.reset(run)
        return json_answer(self._state(run))

    async def _verdict(self, request: web.Request) -> web.StreamResponse:
        run = run_of(self._server, request)
        await run.warehouses.loaded()
        return json_answer(judgement_state(run, self._server.missed(run)))

    async def _clock(self, request: web.Request) -> web.StreamResponse:
        return json_answer({"now": isoformat(run_of(self._server, request).clock.now())})

    async def _put_clock(self, request: web.Request) -> web.StreamResponse:
        run = run_of(self._server, request)
        document = await document_of(request, self._server.limits)
        match document.data:
            case {"now": str(moment), **rest} if not rest:
                target = parse_instant(moment)
            case {"advance": str(duration), **rest} if not rest:
                target = run.clock.now() + parse_duration(duration)
            case _:
                raise ValueError('a clock is moved by {"now": ISO 8601 time} or {"advance": duration, such as "1h"}')
        await run.move_clock(target)
        happened("clock-moved", f"the clock of run {run.name} is moved", run=run.name, now=isoformat(run.clock.now()))
        return json_answer({"now": isoformat(run.clock.now())})

    def _state(self, run: Run) -> dict[str, Any]:
        return run_state(run, self._server.in_flight.count(run.name))


def _lifetime(written: Any, name: str) -> Duration | None:
    if written is None:
        return None
    if name == DEFAULT_RUN:
        raise ValueError("the default run is always there: leave `expires_after` out, or open another run")
    if not isinstance(written, str) or (lifetime := parse_duration(written)) == 0:
        raise ValueError(
            f"expires_after: {str(written)[:80]!r} is no time to live: write a duration such as 1h, or null"
        )
    return lifetime
