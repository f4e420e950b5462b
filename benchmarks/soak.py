"""Faults and masses that a server has to survive; each part is bounded, and ends by itself.

    python benchmarks/soak.py kill [--rounds 20] [--seconds 1.0] [--connections 32]
    python benchmarks/soak.py memory [--deliveries 1000000] [--ledger sqlite:PATH | memory:?max=N]
    python benchmarks/soak.py idle [--connections 10000]
    python benchmarks/soak.py slowloris [--connections 1000] [--seconds 5]
    python benchmarks/soak.py bombs [--count 200]
    python benchmarks/soak.py client [--events 100000] [--seed 1]

`kill` ends a server under load with SIGKILL, round after round, and looks whether anything that was answered is missing
in its ledger file. `memory` lets a run receive so many deliveries, no two alike, and shows how much memory that takes.
`idle`, `slowloris` and `bombs` hold connections that say nothing, send heads and bodies byte by byte, and send little
that unfolds to much: others are answered meanwhile, and memory stays flat. `client` gives Segment's own library so many
events, and lets outages and resets meet what it sends: each event has to be accepted, once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from msgspec import Struct, field

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.connections import bombs, idle, many_files, slowloris
from benchmarks.http_load import PAYLOAD
from benchmarks.library import deliver
from benchmarks.receive import memory as resident
from harness.adapters.clocks import wall_clock
from harness.adapters.ledgers import Ledgers, open_ledgers
from harness.adapters.server.requests import RawReply, RawRequest
from harness.adapters.server.server import Server
from harness.adapters.sqlite_ledger.reading import read_run
from harness.adapters.sqlite_ledger.storage import open_reader
from harness.core.destinations.destination import Destination
from harness.core.ledger_urls import parse_ledger_url

CHECKOUT = Path(__file__).resolve().parent.parent
_STEPS = 20
"""How often `memory` looks."""
_FLAT = 1.2
"""By how much memory may grow that stays flat."""
_GROUP = 64
"""Deliveries that come in at the same time."""
_HEADERS = ((b"Host", b"soak"), (b"Content-Type", b"application/json"), (b"User-Agent", b"Segment.io/1.0"))
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@contextmanager
def serving(ledger: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server with that ledger, and its URL."""
    command = [sys.executable, "-m", "harness", "serve", "--port", "0", "--json", "--ledger", ledger]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=subprocess.DEVNULL, text=True, cwd=CHECKOUT) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise SystemExit(f"the server did not start: {' '.join(command)}")
            yield process, json.loads(line)["url"]
        finally:
            if process.poll() is None:
                process.terminate()


class Round(Struct):
    """What became of the messages of one round."""

    sent: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    """Those that were answered 200."""
    others: int = 0
    """Other answers."""


def kill(rounds: int, seconds: float, connections: int, seed: int) -> int:
    """Kill so many servers under load; how many messages are missing that were answered."""
    chance, answered, missing = random.Random(seed), set[str](), 0  # noqa: S311  # when to kill is no secret
    print(f"kill: {rounds} rounds, {connections} connections, seed {seed}")
    with TemporaryDirectory(prefix="harness-soak-") as folder:
        path = Path(folder) / "ledger.db"
        for number in range(1, rounds + 1):
            with serving(f"sqlite:{path}") as (process, url):
                played = asyncio.run(_load(process, url, number, connections, chance.uniform(0.2, 1.0) * seconds))
            answered |= played.answered
            kept, numbers = _kept(path)
            missing = len(answered - kept)
            if played.others or numbers != list(range(1, len(numbers) + 1)):
                raise SystemExit(f"round {number}: {played.others} odd answers, or numbers with gaps")
            print(
                f"  round {number:2}: {len(played.sent):6} sent, {len(played.answered):6} answered before the kill; "
                f"{len(numbers)} in the file, {missing} of {len(answered)} answered are missing",
                flush=True,
            )
    return missing


def _kept(path: Path) -> tuple[set[str], list[int]]:
    """The ids of all messages in the file, and the numbers of their deliveries."""
    with closing(open_reader(str(path))) as connection:
        deliveries, _ = read_run(connection, "default")
        found = [(delivery.number, delivery.payloads[0]["messageId"]) for delivery in deliveries]
    return {message for _, message in found}, [number for number, _ in found]


async def _load(process: subprocess.Popen[str], url: str, number: int, connections: int, seconds: float) -> Round:
    """Send until the server is killed, after so many seconds."""
    played, address = Round(), urlsplit(url)
    clients = [
        asyncio.create_task(_client(address.port or 0, f"{number}-{each}", played)) for each in range(connections)
    ]
    await asyncio.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    await asyncio.gather(*clients)
    return played


async def _client(port: int, name: str, played: Round) -> None:
    """Send one message after the other, until the connection breaks."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count = 0
    try:
        while True:
            count += 1
            message = f"{name}-{count}"
            body = json.dumps({**PAYLOAD, "messageId": message, "userId": message}).encode()
            head = (
                "POST /destinations/events HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            played.sent.add(message)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(answer)
            await reader.readexactly(int(length[1]) if length else 0)
            if answer.startswith(b"HTTP/1.1 200"):
                played.answered.add(message)
            else:
                played.others += 1
    except (OSError, asyncio.IncompleteReadError):
        return
    finally:
        writer.close()


def memory(deliveries: int, ledger: str) -> float:
    """Receive so many, past HTTP; by how much memory grew from a fifth of the way to its end, as a ratio."""
    print(f"memory: {deliveries} deliveries to {ledger}")
    sizes = asyncio.run(_received(deliveries, open_ledgers(parse_ledger_url(ledger))))
    ratio = sizes[-1] / max(1, sizes[_STEPS // 5 - 1])
    print(f"  {ratio:.2f} x the memory at a fifth of the way")
    return ratio


async def _received(deliveries: int, ledgers: Ledgers) -> list[int]:
    """The memory of this process in MiB after each step, in which a run receives what no two requests have alike."""
    with closing(ledgers):
        run, sizes, step = Server(ledgers=ledgers).open_run("default"), list[int](), deliveries // _STEPS
        run.add(Destination(name="events"))
        for number in range(1, deliveries + 1):
            message = f"message-{number}"
            body = json.dumps({**PAYLOAD, "messageId": message, "userId": message}).encode()
            reply = run.receive(_request(body))
            if number % _GROUP == 0 and not isinstance(reply, RawReply):
                await reply
            if number % step == 0:
                sizes.append(resident(os.getpid()) or 0)
                print(f"  {number:8} deliveries: {sizes[-1]:5} MiB", flush=True)
    return sizes


def _request(body: bytes) -> RawRequest:
    return RawRequest(
        run="default",
        destination="events",
        method="POST",
        path="/destinations/events",
        headers=_HEADERS,
        body=body,
        arrived_at=wall_clock(),
        defect=None,
    )


def idle_connections(wanted: int) -> bool:
    """Whether a server answers beside so many idle connections."""
    with many_files(wanted) as allowed, serving("memory:?max=1000") as (process, url):
        return asyncio.run(idle(url, process.pid, wanted, allowed))


def gzip_bombs(count: int) -> float:
    """By how much the memory of a server grew that was sent so many gzip bombs."""
    with serving("memory:?max=100") as (process, url):
        return asyncio.run(bombs(url, process.pid, count))


def main() -> None:
    """Play one part, and print what it shows; the exit code is 1 where it does not hold."""
    parser = argparse.ArgumentParser(description="Faults and masses that a server has to survive.")
    parts = parser.add_subparsers(dest="part", required=True)
    killing = parts.add_parser("kill", help="kill -9 under load: nothing that was answered is missing")
    killing.add_argument("--rounds", type=int, default=20)
    killing.add_argument("--seconds", type=float, default=1.0, help="the longest that a server lives under load")
    killing.add_argument("--connections", type=int, default=32)
    killing.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311  # printed, so as to be repeated
    masses = parts.add_parser("memory", help="many deliveries: memory stays flat")
    masses.add_argument("--deliveries", type=int, default=1_000_000)
    masses.add_argument("--ledger", default="", help="default: an SQLite file in a temporary folder")
    parts.add_parser("idle", help="idle connections: others are answered").add_argument(
        "--connections", type=int, default=10_000
    )
    drips = parts.add_parser("slowloris", help="heads and bodies that come byte by byte: they are ended")
    drips.add_argument("--connections", type=int, default=1000)
    drips.add_argument("--seconds", type=float, default=5.0, help="the time-outs of heads and of bodies")
    parts.add_parser("bombs", help="gzip bombs: 413, and memory stays flat").add_argument(
        "--count", type=int, default=200
    )
    library = parts.add_parser("client", help="Segment's library through outages and resets: all accepted once")
    library.add_argument("--events", type=int, default=100_000)
    library.add_argument("--seed", type=int, default=1)
    sys.exit(_fails(parser.parse_args()))


def _fails(options: argparse.Namespace) -> bool:
    """Whether the part does not hold."""
    if options.part == "kill":
        return bool(kill(options.rounds, options.seconds, options.connections, options.seed))
    if options.part == "idle":
        return not idle_connections(options.connections)
    if options.part == "slowloris":
        with many_files(2 * options.connections):
            return not asyncio.run(slowloris(options.connections, options.seconds))
    if options.part == "bombs":
        return gzip_bombs(options.count) > _FLAT
    if options.part == "client":
        return not deliver(options.events, options.seed)
    with TemporaryDirectory(prefix="harness-soak-") as folder:
        return memory(options.deliveries, options.ledger or f"sqlite:{folder}/ledger.db") > _FLAT


if __name__ == "__main__":
    main()
