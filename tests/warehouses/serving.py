"""A server with one warehouse, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from harness.core.destinations.destination import Destination
from harness.core.warehouses.naming import schema_name
from harness.core.warehouses.settings import SelectiveSync, WarehouseSettings
from tests.server.serving import Answer, Served, served

NAME = "wh"
PATH = f"/destinations/{NAME}"


def warehouse(url: str, schema: str = schema_name(NAME), selection: SelectiveSync | None = None) -> Destination:
    """A warehouse destination that takes all calls."""
    settings = WarehouseSettings(url=url, schema=schema, selective_sync=selection or SelectiveSync())
    calls = ("track", "identify", "group", "page", "screen", "alias")
    return Destination(name=NAME, kind="warehouse", calls=calls, warehouse=settings)


class Warehoused:
    """A running server whose default run has a warehouse."""

    def __init__(self, it: Served) -> None:
        self.it = it
        self.run = it.server.open_run("default")

    async def send(self, *calls: Mapping[str, Any]) -> Answer:
        """The answer to one batch of calls."""
        return await self.it.send({"batch": list(calls)}, to=PATH)

    async def ask(self, sql: str) -> Answer:
        """What the control API answers to a query."""
        return await self.it.ask("GET", f"/_harness/v1/runs/default{PATH}/rows?sql={quote(sql)}")

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows that a query finds."""
        answer = await self.ask(sql)
        assert answer.status == 200, answer.body
        return [tuple(row.values()) for row in answer.json["rows"]]

    async def verdict(self) -> Any:
        """The verdict on all that came."""
        return await self.it.get("/runs/default/verdict")


@asynccontextmanager
async def warehoused(destination: Destination) -> AsyncIterator[Warehoused]:
    """A server that has `destination`, and judges by the contract of the Segment spec alone."""
    async with served({"contract": "segment-spec"}) as it:
        own = Warehoused(it)
        own.run.add(destination)
        yield own
