"""The deliveries of a run over the control API: filtered, paged, and waited for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from harness.adapters.server.answers import json_answer
from harness.adapters.server.asking import Controlled, run_of
from harness.adapters.server.deliveries_found import Found, Page
from harness.adapters.server.delivery_queries import DEFAULT_PAGE, FILTERS, LARGEST_PAGE, LONGEST_WAIT, PAGING
from harness.adapters.server.in_flight import InFlight
from harness.adapters.server.problems import Refused
from harness.adapters.server.routes import RUN, Answer, Route, ok, read_query
from harness.adapters.server.runs import Run
from harness.core.instants import SECOND
from harness.core.ledger import Filter
from harness.core.records import delivery_record

_TAG: Final = "Deliveries"
_WAITED: Final = (
    "Waits, for at most `wait`, until there are `count`, none that could be one of them is in flight, and "
    "nothing new has come for as long as `settled`. A wait that is over answers 200 all the same; `complete` says "
    "whether all of that holds."
)


class DeliveriesView:
    """Lists deliveries, and shows one."""

    def __init__(self, server: Controlled) -> None:
        """Serve the runs of `server`."""
        self._server = server

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                method="GET", path=RUN + "/deliveries", handler=self._list, tag=_TAG,
                summary="List what came: filtered, in pages, and waited for", detail=_WAITED, query=(*FILTERS, *PAGING),
                answers=ok("DeliveryList", "A page of the deliveries."), problems=(400, 404),
            ),
            Route(
                method="GET", path=RUN + "/deliveries/{number}", patterns={"number": "[0-9]+"}, handler=self._one,
                tag=_TAG, summary="Show one delivery",
                answers={200: Answer(description="The delivery.", schema="Delivery")}, problems=(404,),
            ),
        ]  # fmt: skip

    async def _one(self, request: web.Request) -> web.StreamResponse:
        number = int(request.match_info["number"][:18])
        run = run_of(self._server, request)
        found = run.ledger.deliveries(max(0, number - 1))[:1]
        if not found or found[0].number != number:
            raise Refused(404, f"there is no delivery {number} in this run", "list them to see their numbers")
        return json_answer(delivery_record(found[0], run.secret_headers(found[0].destination)))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        run = run_of(self._server, request)
        asked = read_query(request, (*FILTERS, *PAGING))
        paging = {each.name: asked.pop(each.name) for each in PAGING if each.name in asked}
        wait = Wait(
            count=paging.get("count", 0),
            settled=paging.get("settled", 0) / SECOND,
            seconds=min(paging.get("wait", 0), LONGEST_WAIT) / SECOND,
        )
        page = Page(
            after=paging.get("after", 0),
            before=paging.get("before"),
            limit=min(max(1, paging.get("limit", DEFAULT_PAGE)), LARGEST_PAGE),
            newest=paging.get("order") == "newest",
        )
        waiting = _Waiting(run, self._server.in_flight, Found(run, Filter(**asked), page), wait)
        complete = await waiting.done()
        return json_answer(_listed(run, waiting.found, complete=complete, in_flight=waiting.in_flight))


def _listed(run: Run, found: Found, *, complete: bool, in_flight: int) -> dict[str, Any]:
    page = found.page()
    return {
        "deliveries": [delivery_record(each, run.secret_headers(each.destination)) for each in page],
        "total": found.total,
        "in_flight": in_flight,
        "complete": complete,
        "next": page[-1].number if found.total > len(page) else None,
    }


class Wait(Struct, frozen=True, kw_only=True):
    """What is waited for, and how long; in seconds."""

    count: int
    settled: float
    """How long nothing new must have come."""
    seconds: float


class _Waiting:
    """Waits until there are enough deliveries, none that could be one is in flight, and nothing new comes."""

    def __init__(self, run: Run, in_flight: InFlight, found: Found, wait: Wait) -> None:
        self._run = run
        self._in_flight = in_flight
        self._found = found
        self._wait = wait
        self._now = asyncio.get_running_loop().time
        self._calm_since = self._now()

    @property
    def found(self) -> Found:
        """What was found, when it was last looked at."""
        return self._found

    @property
    def in_flight(self) -> int:
        """How many requests could still become what is asked for: those to its destination, or to any."""
        return self._in_flight.count(self._run.name, self._found.asked.destination)

    async def done(self) -> bool:
        """Return once all is there, or the time is over; whether all is there."""
        await self._look()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._wait.seconds):
                while not self._is_done() and await self._news():
                    await self._look()
        await self._look()
        return self._is_done()

    def _is_done(self) -> bool:
        return self._is_calm() and self._now() - self._calm_since >= self._wait.settled

    def _is_calm(self) -> bool:
        return self.found.total >= self._wait.count and not self.in_flight

    async def _look(self) -> None:
        before = self.found.total
        await self._found.look()
        if self.found.total != before or self.in_flight:
            self._calm_since = self._now()

    async def _news(self) -> bool:
        """Return when it is worth while to look again; False where nothing more will come."""
        if not self._is_calm():
            return await self._run.changed()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._calm_since + self._wait.settled):
                return await self._run.changed()
        return True
