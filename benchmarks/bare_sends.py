"""What a send takes where nothing is done but sending: aiohttp's client and a bare `web.Application` in one process.

    python -m benchmarks.bare_sends [SENDS]

It prints the sends a second. What plays scenarios does the same, and more, so that this is its measure of the machine.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import aiohttp
from aiohttp import web

from benchmarks.http_load import PAYLOAD

AT_ONCE = 8
_BODY = json.dumps(PAYLOAD).encode()
_WARM_UP = 200


async def _read(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(text="{}")


async def _sends_a_second(sends: int) -> float:
    application = web.Application()
    application.router.add_post("/", _read)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        async with aiohttp.ClientSession() as client:
            await _send(client, f"http://{host}:{port}/", _WARM_UP)
            begun = time.perf_counter()
            await _send(client, f"http://{host}:{port}/", sends)
            return sends / (time.perf_counter() - begun)
    finally:
        await runner.cleanup()


async def _send(client: aiohttp.ClientSession, url: str, sends: int) -> None:
    left = iter(range(sends))

    async def sender() -> None:
        for _ in left:
            async with client.post(url, data=_BODY, headers={"Content-Type": "application/json"}) as response:
                await response.read()

    await asyncio.gather(*(sender() for _ in range(AT_ONCE)))


if __name__ == "__main__":
    print(asyncio.run(_sends_a_second(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)))
