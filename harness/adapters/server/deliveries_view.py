"""The deliveries of a run over the control API: filtered, paged, and waited for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from aiohttp import web

from harness.adapters.server.answers import json_answer
from harness.adapters.server.asking import Controlled, run_of
from harness.adapters.server.delivery_queries import DEFAULT_PAGE, FILTERS, LARGEST_PAGE, LONGEST_WAIT, PAGING
from harness.adapters.server.in_flight import InFlight
from harness.adapters.server.problems import Refused
from harness.adapters.server.routes import RUN, Answer, Route, ok, read_query
from harness.adapters.server.runs import Run
from harness.core.delivery import Delivery
from harness.core.instants import SECOND
from harness.core.ledger import Filter, filtered
from harness.core.records import delivery_record
from harness.core.rules.catalogue import RULES

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
        if not found or number < 1:
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
        waiting = _Waiting(run, self._server.in_flight, _Found(run, Filter(**asked), paging.get("after", 0)), wait)
        complete = await waiting.done()
        limit = min(max(1, paging.get("limit", DEFAULT_PAGE)), LARGEST_PAGE)
        return json_answer(_page(run, waiting.found, limit, complete=complete, in_flight=waiting.in_flight))


def _page(run: Run, found: list[Delivery], limit: int, *, complete: bool, in_flight: int) -> dict[str, Any]:
    page = found[:limit]
    return {
        "deliveries": [delivery_record(each, run.secret_headers(each.destination)) for each in page],
        "total": len(found),
        "in_flight": in_flight,
        "complete": complete,
        "next": page[-1].number if len(found) > limit else None,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What is waited for, and how long; in seconds."""

    count: int
    settled: float
    """How long nothing new must have come."""
    seconds: float


class _Waiting:
    """Waits until there are enough deliveries, none that could be one is in flight, and nothing new comes."""

    def __init__(self, run: Run, in_flight: InFlight, found: _Found, wait: Wait) -> None:
        self._run = run
        self._in_flight = in_flight
        self._found = found
        self._wait = wait
        self._now = asyncio.get_running_loop().time
        self._calm_since = self._now()

    @property
    def found(self) -> list[Delivery]:
        """What was found, when it was last looked at."""
        return self._found.deliveries

    @property
    def in_flight(self) -> int:
        """How many requests could still become what is asked for: those to its destination, or to any."""
        return self._in_flight.count(self._run.name, self._found.asked.destination)

    async def done(self) -> bool:
        """Return once all is there, or the time is over; whether all is there."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._wait.seconds):
                while not self._is_done() and await self._news():
                    self._look()
        self._look()
        return self._is_done()

    def _is_done(self) -> bool:
        return self._is_calm() and self._now() - self._calm_since >= self._wait.settled

    def _is_calm(self) -> bool:
        return len(self.found) >= self._wait.count and not self.in_flight

    def _look(self) -> None:
        before = len(self.found)
        self._found.look()
        if len(self.found) != before or self.in_flight:
            self._calm_since = self._now()

    async def _news(self) -> bool:
        """Return when it is worth while to look again; False where nothing more will come."""
        if not self._is_calm():
            return await self._run.changed()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._calm_since + self._wait.settled):
                return await self._run.changed()
        return True


class _Found:
    """The deliveries that a filter admits; each is looked at once, however often there is news.

    A rule over the history is the exception: whether a delivery breaks it depends on what came since.
    """

    def __init__(self, run: Run, asked: Filter, after: int) -> None:
        self.asked = asked
        self._run = run
        self._after = after
        self._history = asked.rule if asked.rule is not None and RULES[asked.rule].history is not None else None
        self._begin()
        self.look()

    def _begin(self) -> None:
        self.deliveries: list[Delivery] = []
        self._seen = self._after
        self._resets = self._run.resets

    def look(self) -> None:
        """Look at what came since the last look; where a rule over the history is asked for, at all that came."""
        if self._resets != self._run.resets:
            self._begin()
        if self._history is not None:
            self.deliveries = self._breaking(self._history)
            return
        news = self._run.ledger.deliveries(self._seen)
        self._seen += len(news)
        self.deliveries.extend(filtered(news, self.asked))

    def _breaking(self, rule: str) -> list[Delivery]:
        """The deliveries that prove a breach: one that was right when it came may be part of one by now."""
        numbers = self._run.breaking(rule)
        come = filtered(self._run.ledger.deliveries(self._after), replace(self.asked, rule=None))
        return [delivery for delivery in come if delivery.number in numbers]
