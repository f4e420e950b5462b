"""A fuzzer on raw sockets, over a server that keeps everything in files: each request is answered and kept once."""

from __future__ import annotations

import asyncio
import random
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import orjson
import pytest

from harness.adapters.config_files import read_config
from harness.adapters.server.requests import Limits
from harness.adapters.sqlite_ledger.reading import read_run
from harness.adapters.sqlite_ledger.storage import open_reader
from harness.adapters.yaml_files import parse_document
from tests.adapters.front_serving import Reply, post
from tests.server.hostile import ALIVE, DELIVERIES, JSON, Exchange, exchanged, mutated
from tests.server.serving import Served, served
from tests.server.test_ledgers import durable

LIMITS = Limits(body=200_000, head_seconds=0.05, body_seconds=0.05, linger_seconds=0.02)
CONFIG = """
destinations:
  crm: {{kind: event, calls: [track, identify]}}
  ads: {{kind: list}}
  signed: {{kind: event, signature: {{secret: shared}}, auth: {{basic: {{user: x, password: y}}}}}}
  wh: {{kind: warehouse, url: "sqlite:{folder}/warehouse.db"}}
"""
IN_TABLES = "select count(distinct id) as n from tracks where user_id like 'whole-%'"
FILES = {"ledger.db", "warehouse.db"}
TOGETHER = 20
"""Connections that send at the same time."""


async def set_up(it: Served, folder: Path) -> None:
    """Give the default run the destinations above, as `--config` does."""
    setup, contract = read_config(parse_document(CONFIG.format(folder=folder), "test"), folder)
    await it.server.set_up(it.server.open_run("default"), setup, contract)


def kept(it: Served) -> int:
    """How many requests are recorded, refused or lost."""
    return it.server.open_run("default").count + it.server.refusals.count + it.server.runs.lost_count


def by_control(reply: Reply) -> bool:
    """Whether the control API answered: somewhere else than to a destination, that counts nowhere."""
    return reply.body.strip() == ALIVE or reply.headers["content-type"].startswith("application/problem+json")


def fits(reply: Reply) -> bool:
    """Whether a client is told that it, not the server, is at fault; 501 is for calls that a destination refuses."""
    return reply.status < 500 or reply.status == 501


async def bombarded(it: Served, seed: int, count: int) -> list[Exchange]:
    """What came back for so many changed requests, each with a whole one before it."""
    exchanges: list[Exchange] = []
    for first in range(0, count, TOGETHER):
        sending = []
        for number in range(first, min(count, first + TOGETHER)):
            chance = random.Random(f"{seed} {number}")  # noqa: S311  # to be repeated, not to be secret
            changed = mutated(chance.choice(DELIVERIES), chance)
            sending.append(exchanged(it.server.url, whole(number) + changed))
        exchanges += await asyncio.gather(*sending)
    return exchanges


def files(folder: Path) -> set[str]:
    """What lies in the folder, but for what SQLite and the ledger's lock put beside their files."""
    return {path.name.partition("-")[0] for path in folder.iterdir()}


def whole(number: int) -> bytes:
    """A request that is right: to the warehouse every other time."""
    call = {"type": "track", "event": "Seen", "messageId": f"m-{number}", "userId": f"whole-{number}"}
    return post(JSON, body=orjson.dumps(call), target=f"/destinations/{'wh' if number % 2 else 'crm'}")


def wholes(folder: Path) -> list[str]:
    """The users of the whole requests that the ledger's file holds, in the order of their numbers."""
    with closing(open_reader(str(folder / "ledger.db"))) as connection:
        deliveries, _ = read_run(connection, "default")
        users = [str(each.payloads[0].get("userId", "")) for each in deliveries if each.payloads]
    return sorted((user for user in users if user.startswith("whole-")), key=lambda user: int(user[6:]))


@pytest.mark.parametrize(
    ("seed", "count"), [(1, 150), pytest.param(2, 3_000, marks=pytest.mark.long)], ids=["small", "large"]
)
async def test_whatever_bytes_come_each_request_is_answered_and_kept_once(
    tmp_path: Path, seed: int, count: int
) -> None:
    """Nothing is answered that is not kept, nothing kept twice, whatever stands beside it on the connection."""
    async with served(limits=LIMITS, ledgers=durable(tmp_path)) as it:
        await set_up(it, tmp_path)
        exchanges = await bombarded(it, seed, count)
        answered = [reply for each in exchanges for reply in each.replies if not by_control(reply)]
        assert len(answered) <= kept(it) <= len(answered) + sum(each.cut for each in exchanges)
        assert [each for each in exchanges if not all(map(fits, each.replies))] == []
        assert it.server.open_run("default").troubles == []
        loaded = await it.get(f"/runs/default/destinations/wh/rows?sql={quote(IN_TABLES)}")
        recorded = it.server.open_run("default").count
        for path in ("", "/verdict", "/deliveries", "/deliveries?search=%3Cscript%3E", "/destinations/ads/members"):
            await it.get(f"/runs/default{path}")
    assert loaded["rows"] == [{"n": count // 2}]
    assert wholes(tmp_path) == [f"whole-{number}" for number in range(count)]
    async with served(limits=LIMITS, ledgers=durable(tmp_path)) as it:
        assert it.server.open_run("default").count == recorded
    assert files(tmp_path) == FILES
