"""Connections that wait, drip or explode: the parts `idle`, `slowloris` and `bombs` of `soak.py`."""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from benchmarks.http_load import PAYLOAD
from benchmarks.receive import memory as resident
from harness.adapters.server.requests import Limits
from harness.adapters.server.server import Server
from harness.core.destinations.destination import Destination

_OWN_FILES = 200
"""Files that either process needs for itself."""
_ASKED = 500
_HEAD = "POST /destinations/events HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\n"
_BODY = json.dumps({**PAYLOAD, "userId": "u1"}).encode()
_CALL = f"{_HEAD}Content-Length: {len(_BODY)}\r\n\r\n".encode() + _BODY
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_DRIP_SECONDS = 0.02
_LONGEST_DRIP = 60.0
_BOMB_SIZE = 1 << 28


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def ask(self, data: bytes) -> int:
        """The status that `data` is answered with."""
        self.writer.write(data)
        return await self.status()

    async def status(self) -> int:
        """The status of the next answer; 0 where the connection ends without one."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            await self._reader.readexactly(int(length[1]) if length else 0)
        except (OSError, asyncio.IncompleteReadError):
            return 0
        return int(head.split(b" ")[1])


async def connect(url: str) -> Client:
    """A new connection to the server at `url`."""
    return Client(*await asyncio.open_connection("127.0.0.1", urlsplit(url).port))


@contextmanager
def many_files(wanted: int) -> Iterator[int]:
    """How many connections of those that are wanted the system lets this process, and each that it starts, have."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield min(wanted, hard - _OWN_FILES)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def idle(url: str, server: int, wanted: int, allowed: int) -> bool:
    """Whether the server, a process of that id, answers all the same while so many connections say nothing."""
    print(
        f"idle: {allowed} connections of {wanted}"
        + ("" if allowed == wanted else ", as the limit of open files has it")
    )
    before, plain = resident(server) or 0, await _median(url)
    clients = [await connect(url) for _ in range(allowed)]
    beside = await _median(url)
    print(
        f"  answers take {beside / plain:.2f} x as long as without them ({beside * 1e3:.2f} ms); "
        f"memory: {before} MiB, then {resident(server)} MiB",
        flush=True,
    )
    woken = Counter([await client.ask(_CALL) for client in clients])
    print(f"  each asks once, and is answered: {dict(woken)}")
    for client in clients:
        client.writer.close()
    return woken == {200: allowed}


async def _median(url: str) -> float:
    """Seconds that an answer takes, in the median."""
    client, seconds = await connect(url), []
    for _ in range(_ASKED):
        began = time.perf_counter()
        if await client.ask(_CALL) != 200:
            raise SystemExit("a request beside idle connections was not answered 200")
        seconds.append(time.perf_counter() - began)
    client.writer.close()
    return statistics.median(seconds)


async def slowloris(connections: int, seconds: float) -> bool:
    """Whether heads and bodies that come byte by byte are ended after so many seconds, and others are answered."""
    server = Server(limits=Limits(head_seconds=seconds, body_seconds=seconds, linger_seconds=seconds / 10))
    run = server.open_run("default")
    run.add(Destination(name="events"))
    url = await server.start()
    began = time.perf_counter()
    try:
        starts = [_HEAD.encode() + b"X: ", f"{_HEAD}Content-Length: 1000000\r\n\r\n".encode()]
        dripping = [asyncio.create_task(_drip(url, starts[number % 2])) for number in range(connections)]
        others = Counter[int]()
        client = await connect(url)
        while not all(task.done() for task in dripping):
            others[await client.ask(_CALL)] += 1
            await asyncio.sleep(_DRIP_SECONDS)
        client.writer.close()
        ended = time.perf_counter() - began
        late = [delivery for delivery in run.ledger.deliveries() if delivery.arrival.defect is not None]
    finally:
        await server.stop()
    print(f"slowloris: {connections} connections, time-outs of {seconds:g} s")
    print(f"  all ended after {ended:.1f} s: {server.refusals.count} heads refused, {len(late)} bodies recorded as 408")
    print(f"  others meanwhile: {dict(others)}")
    kept = (server.refusals.count, len(late)) == ((connections + 1) // 2, connections // 2)
    return kept and set(others) == {200}


async def _drip(url: str, start: bytes) -> None:
    """Send byte after byte until the server ends it."""
    client = await connect(url)
    client.writer.write(start)
    answer = asyncio.create_task(client.status())
    async with asyncio.timeout(_LONGEST_DRIP):
        while not answer.done():
            with suppress(OSError):
                client.writer.write(b"0")
            await asyncio.wait([answer], timeout=_DRIP_SECONDS)
    client.writer.close()


async def bombs(url: str, server: int, count: int) -> float:
    """Send so many gzip bombs; by how much memory grew from the first tenth to the end; inf where one got through."""
    bomb, first = _bomb(), max(1, count // 10)
    head = f"{_HEAD}Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    print(f"bombs: {count} of {len(bomb) // 1024} KiB that unfold to {_BOMB_SIZE >> 20} MiB")
    statuses, early = Counter[int](), 1
    for number in range(1, count + 1):
        client = await connect(url)
        statuses[await client.ask(head + bomb)] += 1
        client.writer.close()
        if number == first:
            early = max(1, resident(server) or 1)
    ratio = (resident(server) or early) / early
    print(f"  answered: {dict(statuses)}; memory: {early} MiB after {first}, {ratio:.2f} x that at the end")
    return ratio if statuses == {413: count} else float("inf")


def _bomb() -> bytes:
    """A body that is small, and unfolds to `_BOMB_SIZE` bytes."""
    packer, piece = zlib.compressobj(9, zlib.DEFLATED, 31), b" " * (1 << 20)
    packed = [packer.compress(piece) for _ in range(_BOMB_SIZE >> 20)]
    return b"".join(packed) + packer.flush()
