"""The control API's destinations: shown, set up, changed while they run; and what is in their tables."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web
from msgspec.structs import replace

from harness.adapters.server.answers import json_answer
from harness.adapters.server.asking import Controlled, ReadSetup, destination_of, document_of, rooted, run_of
from harness.adapters.server.problems import Refused
from harness.adapters.server.routes import RUN, Parameter, Route, ok, read_query
from harness.adapters.server.state import destination_state
from harness.adapters.warehouses.loading import WarehouseFailed
from harness.adapters.warehouses.stores import QueryFailed
from harness.core.behaviours import Always
from harness.core.destinations.destination import WAREHOUSE, Destination

_TAG: Final = "Destinations"
_HERE: Final = RUN + "/destinations/{name}"
_SQL: Final = Parameter(
    name="sql", description="The query, such as `select * from tracks`.", schema={"type": "string"}, read=str
)
_FIELDS: Final = {
    "kind": "kind",
    "calls": "calls",
    "integration": "integration",
    "replies": "behaviour",
    "url": "url",
    "sync": "sync",
    "minimum_size": "minimum_size",
}
"""The settings that can be changed while a destination runs, each with the field of the destination that it writes."""


class DestinationControl:
    """Shows, sets up and changes the destinations of a run."""

    def __init__(self, server: Controlled, read: ReadSetup) -> None:
        """Serve the runs of `server`; `read` understands what sets a destination up."""
        self._server = server
        self._read = read

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                method="GET", path=RUN + "/destinations", handler=self._list, tag=_TAG,
                summary="List a run's destinations",
                answers=ok("DestinationList", "The destinations, by name."), problems=(404,),
            ),
            Route(
                method="GET", path=_HERE, handler=self._get, tag=_TAG, summary="Show a destination",
                answers=ok("Destination", "The destination."), problems=(404,),
            ),
            Route(
                method="PUT", path=_HERE, handler=self._put, tag=_TAG,
                summary="Set up a destination, or one more",
                detail="The same set-up again changes nothing. A new one takes effect with the next request; attempts "
                "and members stay counted.",
                body="DestinationSettings", answers=ok("Destination", "The destination, as it is now."),
                problems=(400, 404),
            ),
            Route(
                method="PATCH", path=_HERE, handler=self._patch, tag=_TAG,
                summary="Change settings of a destination while it runs",
                detail="The settings in the body take the place of what it has, all others stay. `url` and `replies` "
                "take the place of each other.",
                body="DestinationChanges", answers=ok("Destination", "The destination, as it is now."),
                problems=(400, 404),
            ),
            Route(
                method="GET", path=_HERE + "/rows", handler=self._rows, tag=_TAG,
                summary="Query the tables of a warehouse",
                detail="All that the warehouse accepted is loaded before. The query can change nothing.",
                query=(_SQL,), answers=ok("Rows", "What the query finds."), problems=(400, 404, 503),
            ),
        ]  # fmt: skip

    async def _list(self, request: web.Request) -> web.StreamResponse:
        run = run_of(self._server, request)
        return json_answer(
            {"destinations": {name: destination_state(run, each) for name, each in run.destinations.items()}}
        )

    async def _get(self, request: web.Request) -> web.StreamResponse:
        run, destination = destination_of(self._server, request)
        return json_answer(destination_state(run, destination))

    async def _put(self, request: web.Request) -> web.StreamResponse:
        run, name = run_of(self._server, request), request.match_info["name"]
        document = await document_of(request, self._server.limits)
        run.add(self._parsed(name, document.data))
        return json_answer(destination_state(run, run.destinations[name]))

    async def _patch(self, request: web.Request) -> web.StreamResponse:
        run, destination = destination_of(self._server, request)
        changes = (await document_of(request, self._server.limits)).data
        if not isinstance(changes, dict) or not changes:
            raise ValueError('nothing is to be changed: send an object such as {"replies": [503, 200]}')
        if changes.get("kind", destination.kind) != destination.kind:
            raise ValueError(f"{destination.name} stays of kind {destination.kind}: set it up anew with PUT")
        parsed = self._parsed(destination.name, {**changes, "kind": destination.kind})
        run.add(_changed(destination, parsed, changes))
        return json_answer(destination_state(run, run.destinations[destination.name]))

    async def _rows(self, request: web.Request) -> web.StreamResponse:
        run, destination = destination_of(self._server, request)
        warehouse = run.warehouses.get(destination.name)
        if destination.kind != WAREHOUSE or warehouse is None:
            title = f"{destination.name!r} is of kind {destination.kind}, and has no tables"
            raise Refused(404, title, "name a warehouse")
        asked = read_query(request, (_SQL,))
        if "sql" not in asked:
            raise ValueError("a query in a warehouse has the one parameter `sql`: ?sql=select …")
        try:
            found = await warehouse.rows(asked["sql"])
        except QueryFailed as error:
            raise Refused(400, f"the query failed: {error}", "write a select over its tables") from None
        except WarehouseFailed as error:
            raise Refused(503, str(error), "ask again once its database is well") from None
        return json_answer({"columns": list(found.columns), "rows": found.records(), "left_null": list(found.notes)})

    def _parsed(self, name: str, settings: Any) -> Destination:
        setup, _ = self._read(rooted({"destinations": {name: settings}}))
        return setup.destinations[name]


def _changed(destination: Destination, parsed: Destination, changes: dict[str, Any]) -> Destination:
    """`destination` with those settings of `parsed` that `changes` writes."""
    for setting in changes:
        if setting not in _FIELDS or (destination.kind == "warehouse" and setting == "url"):
            raise ValueError(f"`{setting}` cannot be changed while {destination.name} runs: set it up anew with PUT")
    fields = [_FIELDS[setting] for setting in changes]
    changed: Destination = replace(destination, **{field: getattr(parsed, field) for field in fields})
    if "replies" in changes:
        return replace(changed, url=None)
    return replace(changed, behaviour=Always()) if "url" in changes else changed
