"""The deliveries of a run over the control API: filtered, paged, and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from aiohttp import web

from harness.adapters.server.answers import json_answer
from harness.adapters.server.problems import problem
from harness.adapters.server.runs import Run
from harness.core.delivery import Delivery
from harness.core.instants import SECOND, parse_duration
from harness.core.ledger import Filter, filtered
from harness.core.records import delivery_record
from harness.core.rules.catalogue import RULES
from harness.core.spelling import near_miss

_PAGE = 100
_LARGEST_PAGE = 10_000
_LONGEST_WAIT = 60 * SECOND


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"write true or false, not {text!r}")
    return text == "true"


def _rule(text: str) -> str:
    if text not in RULES:
        raise ValueError(f"unknown rule {text[:80]!r}{near_miss(text[:80], RULES)}")
    return text


_FILTERS: Mapping[str, Callable[[str], Any]] = {
    "destination": str,
    "rule": _rule,
    "type": str,
    "event": str,
    "user": str,
    "key": str,
    "status": int,
    "accepted": _flag,
    "unexpected": _flag,
}
_PAGING: Mapping[str, Callable[[str], int]] = {"after": int, "limit": int, "count": int, "wait": parse_duration}


class DeliveriesView:
    """Lists deliveries, and shows one."""

    def __init__(self, run_of: Callable[[web.Request], Run]) -> None:
        """Find the run of a request by `run_of`."""
        self._run_of = run_of

    async def one(self, request: web.Request) -> web.StreamResponse:
        """One delivery, by number."""
        number = int(request.match_info["number"][:18])
        run = self._run_of(request)
        found = run.ledger.deliveries(max(0, number - 1))[:1]
        if not found or number < 1:
            return problem(404, f"there is no delivery {number} in this run", "list them to see their numbers")
        return json_answer(delivery_record(found[0], run.secret_headers(found[0].destination)))

    async def list(self, request: web.Request) -> web.StreamResponse:
        """The deliveries after a number, at most `limit`; with `count` and `wait`, once that many have come.

        `complete` says whether `count` was reached; a wait that is over answers 200 all the same.
        """
        run = self._run_of(request)
        asked, paging = _read_query(request)
        after, count = max(0, paging.get("after", 0)), paging.get("count", 0)
        wait = min(paging.get("wait", 0), _LONGEST_WAIT)
        found = await _wait_for(run, asked, after, count, wait / SECOND)
        limit = min(max(1, paging.get("limit", _PAGE)), _LARGEST_PAGE)
        page = found[:limit]
        return json_answer(
            {
                "deliveries": [delivery_record(each, run.secret_headers(each.destination)) for each in page],
                "total": len(found),
                "complete": len(found) >= count,
                "next": page[-1].number if len(found) > limit else None,
            }
        )


def _read_query(request: web.Request) -> tuple[Filter, dict[str, int]]:
    fields: dict[str, Any] = {}
    paging: dict[str, int] = {}
    for name, text in request.query.items():
        reader = _FILTERS.get(name) or _PAGING.get(name)
        if reader is None:
            raise ValueError(_unknown_parameter(name[:80]))
        try:
            (fields if name in _FILTERS else paging)[name] = reader(text)
        except ValueError as error:
            raise ValueError(f"query parameter {name}: {error}") from None
    return Filter(**fields), paging


def _unknown_parameter(name: str) -> str:
    """What to say of a parameter that there is not: the nearest, if one is near, and all there are."""
    known = [*_FILTERS, *_PAGING]
    hint = near_miss(name, known)
    listed = f"known: {', '.join(sorted(known))}"
    return f"unknown query parameter {name!r}{hint if 'did you mean' in hint else ';'} {listed}"


async def _wait_for(run: Run, asked: Filter, after: int, count: int, seconds: float) -> list[Delivery]:
    """The deliveries asked for; waits until there are `count` of them, for at most so many seconds."""
    found = _Found(run, asked, after)
    if len(found.deliveries) < count:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(found.deliveries) < count and await run.changed():
                    found.look()
        found.look()
    return found.deliveries


class _Found:
    """The deliveries that a filter admits; each is looked at once, however often there is news.

    A rule over the history is the exception: whether a delivery breaks it depends on what came since.
    """

    def __init__(self, run: Run, asked: Filter, after: int) -> None:
        self._run = run
        self._asked = asked
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
        self.deliveries.extend(filtered(news, self._asked))

    def _breaking(self, rule: str) -> list[Delivery]:
        """The deliveries that prove a breach: one that was right when it came may be part of one by now."""
        numbers = self._run.breaking(rule)
        come = filtered(self._run.ledger.deliveries(self._after), replace(self._asked, rule=None))
        return [delivery for delivery in come if delivery.number in numbers]
