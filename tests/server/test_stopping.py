"""`harness serve` told to stop while it is busy: nothing that was answered is lost."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from harness.adapters.ledgers import open_ledgers
from harness.adapters.server.requests import Owed, RawReply
from harness.core.ledger_urls import parse_ledger_url
from tests.adapters.front_serving import PATIENCE, connected, post
from tests.adapters.front_serving import serving as front
from tests.server.test_serve_command import serving

CLIENTS = 16
ENOUGH = 400
"""Answers that must have come before the server is told to stop, so that it is amid its work."""
_GONE = (OSError, EOFError)  # an IncompleteReadError is an EOFError


class Load:
    """Clients that send one request after the other for as long as they are answered."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.answered: list[str] = []
        self.enough = asyncio.Event()

    async def run(self) -> None:
        """Return once the server answers nobody any more."""
        await asyncio.gather(*(self._send(number) for number in range(CLIENTS)))

    async def _send(self, client: int) -> None:
        with suppress(*_GONE):
            async with connected(self._url) as connection:
                async for user in self._users(client):
                    if (await connection.ask(_track(user))).status == 200:
                        self.answered.append(user)
                    if len(self.answered) >= ENOUGH:
                        self.enough.set()

    async def _users(self, client: int) -> AsyncIterator[str]:
        number = 0
        while True:
            yield f"u{client}-{number}"
            number += 1


def _track(user: str) -> bytes:
    body = json.dumps({"type": "track", "event": "E", "userId": user}).encode()
    return post("Content-Type: application/json", body=body, target="/destinations/events")


def _kept(url: str) -> Counter[str]:
    """How often each user's delivery is in the ledger at `url`, read after the server has ended."""
    with closing(open_ledgers(parse_ledger_url(url))) as ledgers:
        return Counter(json.loads(each.arrival.body)["userId"] for each in ledgers.of("default").deliveries())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_stopped_under_load_it_keeps_all_that_it_answered(number: signal.Signals, tmp_path: Path) -> None:
    """What the ledger has, once the process has ended with 0, is what was answered: no request less, and none more."""
    ledger = f"sqlite:{tmp_path / 'ledger.db'}"
    async with serving("--ledger", ledger) as (process, url):
        load = Load(url)
        clients = asyncio.create_task(load.run())
        async with asyncio.timeout(6 * PATIENCE):
            await load.enough.wait()
            process.send_signal(number)
            await clients
            code = await process.wait()
    kept = _kept(ledger)
    assert code == 0
    assert len(load.answered) >= ENOUGH
    assert kept == Counter(load.answered)


async def test_a_reply_that_waits_for_a_commit_is_given_though_the_server_stops() -> None:
    """Its connection is closed only after it, while idle ones are closed at once."""
    owed = Owed(plain=True)
    async with front(answer=lambda _: owed) as server:
        idle, client = await server.client(), await server.client()
        client.send(post())
        await server.received()
        stopping = asyncio.create_task(server.front.stop())
        assert await idle.rest() == b""
        owed.pay(RawReply(status=200))
        reply = await client.reply()
        await stopping
    assert (reply.status, await client.rest()) == (200, b"")
