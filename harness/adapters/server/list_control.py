"""The control API's view of list destinations: who is on their lists, and how they came there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson
from aiohttp import hdrs, web

from harness.adapters.server.answers import json_answer
from harness.adapters.server.asking import Controlled, destination_of
from harness.adapters.server.list_queries import CSV, HISTORY, MEMBERS, wants_csv
from harness.adapters.server.list_views import changes_of, list_view, members_then
from harness.adapters.server.problems import Refused
from harness.adapters.server.routes import RUN, Answer, Route, ok, read_query
from harness.adapters.server.runs import Run
from harness.adapters.server.streaming import streamed
from harness.core.destinations.destination import Destination
from harness.core.instants import isoformat
from harness.core.ledger import users_of
from harness.core.lists.view import ListView
from harness.core.member_export import change_lines, change_record, member_lines, member_record, user_columns
from harness.core.members import Change
from harness.core.spelling import near_miss

_TAG: Final = "Lists"
_HERE: Final = RUN + "/destinations/{name}"
_AS_CSV: Final = "With `format=csv`, or where `Accept` prefers it, as CSV: a row each. "


class ListControl:
    """Shows the lists of list destinations."""

    def __init__(self, server: Controlled) -> None:
        """Serve the runs of `server`."""
        self._server = server

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                method="GET", path=_HERE + "/members", handler=self._members, tag=_TAG,
                summary="Show who is on the lists of a list destination", detail=_AS_CSV, query=MEMBERS,
                answers=_either("Members", "The members of each list."), problems=(400, 404),
            ),
            Route(
                method="GET", path=_HERE + "/lists", handler=self._lists, tag=_TAG,
                summary="Show the lists of a list destination: how large they are, and whether they are targetable",
                answers=ok("Lists", "The lists, by key."), problems=(404,),
            ),
            Route(
                method="GET", path=_HERE + "/members/history", handler=self._history, tag=_TAG,
                summary="Show who was added to its lists and removed from them, when, and by what",
                detail=_AS_CSV + "Only what changed a list: nothing that was refused, and no second adding.",
                query=HISTORY, answers=_either("MemberHistory", "The changes, in order."), problems=(400, 404, 503),
            ),
        ]  # fmt: skip

    async def _members(self, request: web.Request) -> web.StreamResponse:
        run, destination = self._named(request)
        asked = read_query(request, MEMBERS)
        found = members_then(run, destination.name, asked.get("at"), in_effect=asked.get("in_effect", False))
        lists = _of_list(found, asked.get("list"))
        if wants_csv(asked, request.headers.getall(hdrs.ACCEPT, ())):
            changes = [change for members in lists.values() for change in members]
            return await streamed(request, member_lines(changes, asked.get("layout", "formatted")), CSV)
        shown = member_record if asked.get("details") else _user
        return json_answer({"lists": {key: list(map(shown, members)) for key, members in lists.items()}})

    async def _lists(self, request: web.Request) -> web.StreamResponse:
        run, destination = self._named(request)
        told = members_then(run, destination.name, None, in_effect=False)
        in_effect = members_then(run, destination.name, None, in_effect=True)
        view = list_view(run, destination.name)
        return json_answer(
            {
                "lists": {key: _list_state(view, key, told[key], in_effect[key]) for key in told},
                "audiences": [each.record() for each in run.pasts[destination.name].audiences.by_id().values()],
            }
        )

    async def _history(self, request: web.Request) -> web.StreamResponse:
        run, destination = self._named(request)
        asked = read_query(request, HISTORY)
        last = run.count
        if not wants_csv(asked, request.headers.getall(hdrs.ACCEPT, ())):
            return await streamed(request, _history_document(run, destination, asked, last), "application/json")
        layout = asked.get("layout", "formatted")
        columns = user_columns(_changes(run, destination, asked, last)) if layout == "formatted" else []
        return await streamed(request, change_lines(_changes(run, destination, asked, last), layout, columns), CSV)

    def _named(self, request: web.Request) -> tuple[Run, Destination]:
        """The run and the list destination that the path names."""
        run, destination = destination_of(self._server, request)
        if destination.kind != "list":
            title = f"{destination.name!r} is of kind {destination.kind}, and has no members"
            raise Refused(404, title, "name a list destination")
        return run, destination


def _either(schema: str, description: str) -> dict[int, Answer]:
    """The one answer 200, with JSON of that schema or with CSV."""
    return {200: Answer(description=description, schema=schema, also=CSV)}


def _list_state(view: ListView, key: str, told: list[Change], in_effect: list[Change]) -> dict[str, Any]:
    next_sync = view.next_sync(key)
    return {
        "members": len(told),
        "in_effect": len(in_effect),
        "minimum_size": view.minimum_size,
        "targetable": view.targets(len(in_effect)),
        "next_sync_at": None if next_sync is None else isoformat(next_sync),
    }


def _user(added: Change) -> Any:
    return added.user


def _of_list(lists: dict[str, list[Change]], key: str | None) -> dict[str, list[Change]]:
    """All lists, or the one with that key; 404 with the nearest where there is none."""
    if key is not None and key not in lists:
        raise Refused(404, f"there is no list {key[:200]!r}{near_miss(key[:200], list(lists))}", "leave `list` out")
    return {name: added for name, added in lists.items() if key in (None, name)}


def _changes(run: Run, destination: Destination, asked: dict[str, Any], last: int) -> Iterator[Change]:
    """The changes that are asked for, of the deliveries up to the one with the number `last`."""
    of_list, user = asked.get("list"), asked.get("user")
    for change in changes_of(run, destination.name, last):
        if of_list in (None, change.list) and (user is None or user in users_of({"user": change.user})):
            yield change


def _history_document(run: Run, destination: Destination, asked: dict[str, Any], last: int) -> Iterable[bytes]:
    yield b'{"complete":' + (b"false" if run.ledger.losses() else b"true") + b',"history":['
    before = b""
    for change in _changes(run, destination, asked, last):
        yield before + orjson.dumps(change_record(change), option=orjson.OPT_NON_STR_KEYS)
        before = b","
    yield b"]}\n"
