"""A whole server in the test's own loop, asked by an HTTP client or byte by byte."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
from msgspec import Struct

from harness.adapters.ledgers import Ledgers
from harness.adapters.server.requests import Limits
from harness.adapters.server.server import Attach, Server
from harness.cli.spaces import Spaces
from harness.core.systems import SystemFailed
from tests.adapters.front_serving import Client, Reply, connected

CONTROL = "/_harness/v1"
KEY = "j_o_win_back__new_subscribed_users_dje83"
SPACE = "spa_w5akhv1XwnGj5j2HVT6NWX"


class Answer(Struct, frozen=True, kw_only=True):
    """What an HTTP client got."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, as JSON."""
        return orjson.loads(self.body)


class Served:
    """A running server and a client of it."""

    def __init__(self, server: Server, client: aiohttp.ClientSession) -> None:
        self.server = server
        self._client = client

    async def ask(self, method: str, path: str, json: Any = None, **options: Any) -> Answer:
        """The answer to one request; `json` becomes its body."""
        if json is not None:
            options["data"] = orjson.dumps(json)
            options["headers"] = {"content-type": "application/json", **options.get("headers", {})}
        async with self._client.request(method, self.server.url + path, **options) as response:
            return Answer(status=response.status, headers=response.headers, body=await response.read())

    async def get(self, path: str) -> Any:
        """The JSON at a path of the control API below a run, or below its root."""
        answer = await self.ask("GET", CONTROL + path)
        assert answer.status == 200, answer.body
        return answer.json

    async def put(self, path: str, json: Any) -> Any:
        """What a PUT to the control API answers, which must succeed."""
        answer = await self.ask("PUT", CONTROL + path, json)
        assert answer.status == 200, answer.body
        return answer.json

    async def send(self, json: Any, to: str = "/destinations/crm") -> Answer:
        """The answer of a destination to one JSON body."""
        return await self.ask("POST", to, json)

    async def raw(self, data: bytes) -> Reply:
        """The answer to bytes on a connection of their own."""
        async with self.connection() as client:
            return await client.ask(data)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Client]:
        """A raw connection."""
        async with connected(self.server.url) as client:
            yield client


@asynccontextmanager
async def served(
    config: Mapping[str, Any] | None = None,
    *,
    limits: Limits | None = None,
    attach: Attach | None = None,
    ledgers: Ledgers | None = None,
    token: str | None = None,
) -> AsyncIterator[Served]:
    """A server on a free port whose default run is set up by `config`; journeys in it get a simulated space."""
    spaces = Spaces()
    server = Server(limits=limits, attach=attach or spaces.attach, ledgers=ledgers, token=token)
    async with serving(server, spaces) as it:
        if config is not None:
            await it.put("/runs/default", config)
        yield it


@asynccontextmanager
async def serving(server: Server, spaces: Spaces | None = None) -> AsyncIterator[Served]:
    """That server, started, and stopped after its spaces."""
    await server.start()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as client:
        try:
            yield Served(server, client)
        finally:
            if spaces is not None:
                await spaces.stop()
            await server.stop()


def track(user: str = "u1", **changes: Any) -> dict[str, Any]:
    """A call that is right for an event destination."""
    personas = {
        "computation_class": "audience",
        "computation_id": "aud_23WNzkzsTS3ydnKz5H71SEhMxls",
        "computation_key": KEY,
        "namespace": SPACE,
        "space_id": SPACE,
    }
    call = {
        "type": "track",
        "messageId": f"personas_{user}",
        "userId": user,
        "event": "Audience Entered",
        "properties": {KEY: "true"},
        "context": {"personas": personas},
    }
    return {**call, **changes}


class DeafSource:
    """A system that cannot take in what sources send."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error or SystemFailed("it is out of order")

    def ingest(self, call: Mapping[str, Any], write_key: str) -> None:
        """Fail."""
        raise self._error


class NotingSource:
    """A system that notes what sources send."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def ingest(self, call: Mapping[str, Any], write_key: str) -> None:
        """Note the call."""
        self.heard.append((write_key, dict(call)))
