"""The servers that `receive.py` compares; each prints a ready line with its URL and runs until it is ended.

python -m benchmarks.http_servers bare [PORT]|httpserver|front
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
import time
from collections.abc import Callable


def serve_bare(port: int = 0) -> None:
    """A `web.Application` whose only handler reads the body."""
    from aiohttp import web

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=b"{}", content_type="application/json")

    async def main() -> None:
        application = web.Application()
        application.router.add_post("/destinations/{name}", handle)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        _ready(f"http://127.0.0.1:{site.port}")
        await asyncio.Event().wait()

    asyncio.run(main())


def serve_httpserver() -> None:
    """pytest-httpserver with one handler."""
    from pytest_httpserver import HTTPServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with HTTPServer(host="127.0.0.1", port=0) as server:
        server.expect_request("/destinations/events", method="POST").respond_with_json({})
        _ready(server.url_for("").rstrip("/"))
        while True:
            time.sleep(60)


def serve_front() -> None:
    """Our HTTP front with a receiver that parses, checks and records, and nothing else of the product."""
    import jsonschema_rs
    import orjson
    from aiohttp import web

    from harness.adapters.server.front import Front
    from harness.adapters.server.requests import RawReply, RawRequest
    from harness.core.delivery import Arrival, Delivery, Respond

    schema = {
        "type": "object",
        "required": ["type", "event", "messageId", "properties", "context"],
        "properties": {
            "type": {"const": "track"},
            "event": {"const": "Audience Entered"},
            "properties": {"patternProperties": {"^j_o_[a-z0-9_]+$": {"const": "true"}}},
            "context": {"required": ["personas"]},
        },
    }
    validator = jsonschema_rs.validator_for(schema)
    ledger: list[Delivery] = []
    accepted = RawReply(status=200, body=b"{}")

    def receive(request: RawRequest) -> RawReply:
        payload = orjson.loads(request.body)
        assert validator.is_valid(payload)
        arrival = Arrival(
            destination=request.destination,
            method=request.method,
            path=request.path,
            headers=request.headers,
            body=request.body,
            received_at=request.arrived_at,
            arrived_at=request.arrived_at,
        )
        delivery = Delivery(
            number=len(ledger) + 1,
            run=request.run,
            destination=request.destination,
            kind="event",
            attempt=1,
            arrival=arrival,
            payloads=(payload,),
            violations=(),
            reply=Respond(status=200),
        )
        ledger.append(delivery)
        return accepted

    # As any server would that keeps all it received: else Python looks through the whole ledger again and again.
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)

    async def main() -> None:
        front = Front(receive=receive, control=web.Application())
        _ready(await front.start("127.0.0.1", 0))
        await asyncio.Event().wait()

    asyncio.run(main())


CHILDREN: dict[str, Callable[..., None]] = {"bare": serve_bare, "httpserver": serve_httpserver, "front": serve_front}


def _ready(url: str) -> None:
    print(json.dumps({"type": "ready", "url": url}), flush=True)


if __name__ == "__main__":
    CHILDREN[sys.argv[1]](*map(int, sys.argv[2:]))
