"""How fast a destination receives, beside a bare aiohttp handler and other mock servers; ratios within one run.

    python benchmarks/receive.py [--rounds 15] [--requests 5000] [--connections 64] [--warm-up 0] [--front-only]

Each server has a process of its own, and so has the client. The servers take short turns, so that a slow moment of the
machine meets all of them; where the system tells it, the processor time a request is compared too, which other
programs disturb less. WireMock and mountebank take part where Java and Node.js are present and
`npm install --prefix benchmarks` was run; they want a warm-up of some 50,000 requests.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.peer_servers import lacking  # found in the checkout that this file stands in

OURS, BARE, HTTPSERVER = "journey-harness", "bare web.Application", "pytest-httpserver"
WIREMOCK, MOUNTEBANK = "WireMock", "mountebank"
SLOW_SHARE = 5
"""Slow servers get a fifth of the requests, so that their turns last as long as the others'."""
CHECKOUT = Path(__file__).resolve().parent.parent


class Server(Struct, frozen=True, kw_only=True):
    """A server under measurement."""

    name: str
    url: str
    process: int
    share: int


class Turn(Struct, frozen=True, kw_only=True):
    """What one turn of one server showed."""

    rate: float
    """Requests a second."""
    cpu: float | None
    """Microseconds of processor time that the server spent on a request, the client's excluded."""


@contextmanager
def started(name: str, *arguments: str, share: int = 1) -> Iterator[Server]:
    """The server that `python -m arguments` starts, from its ready line until the end."""
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise SystemExit(f"{name} did not start: {' '.join(command)} (--front-only needs no `harness serve`)")
            ready = json.loads(line)
            serving = ready.get("process", process.pid)  # a peer is started by a process of ours
            yield Server(name=name, url=ready["url"].rstrip("/"), process=serving, share=share)
        finally:
            process.terminate()


def measure(server: Server, requests: int, connections: int) -> Turn:
    """One turn of `server`, all of it answered with 200."""
    before = processor_seconds(server.process)
    command = [
        sys.executable,
        "-m",
        "benchmarks.http_load",
        server.url,
        str(requests // server.share),
        str(connections),
    ]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300, cwd=CHECKOUT).stdout
    after = processor_seconds(server.process)
    figures = json.loads(output)
    if figures["failed"]:
        raise SystemExit(f"{server.name} did not answer 200 to {figures['failed']} of {figures['sent']} requests")
    cpu = (after - before) / figures["sent"] * 1e6 if before is not None and after is not None else None
    return Turn(rate=float(figures["rate"]), cpu=cpu)


def processor_seconds(process: int) -> float | None:
    """Processor time that a process has used, where the system tells it."""
    found = Path(f"/proc/{process}/stat")
    if not found.exists():
        return None
    fields = found.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process: int) -> int | None:
    """Resident memory in MiB, where the system tells it."""
    status = Path(f"/proc/{process}/status")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) // 1024 if found else None


def servers(front_only: bool) -> Iterator[AbstractContextManager[Server]]:
    """Those that are compared, ours last; peers that this machine lacks are named and left out."""
    yield started(BARE, "benchmarks.http_servers", "bare")
    yield started(HTTPSERVER, "benchmarks.http_servers", "httpserver", share=SLOW_SHARE)
    for name, share in ((WIREMOCK, 1), (MOUNTEBANK, SLOW_SHARE)):
        missing = lacking(name.lower())
        if missing is None:
            yield started(name, "benchmarks.peer_servers", name.lower(), share=share)
        else:
            print(f"without {name}: {missing}", file=sys.stderr)
    ours = ["benchmarks.http_servers", "front"] if front_only else "harness serve --port 0 --json".split()
    yield started(OURS, *ours)


def compare(rounds: int, requests: int, connections: int, warm_up: int, front_only: bool) -> dict[str, Any]:
    """All rounds: medians for each server, and the median, lowest and highest of our ratio to each of the others."""
    with ExitStack() as stack:
        running = [stack.enter_context(server) for server in servers(front_only)]
        turns: dict[str, list[Turn]] = {server.name: [] for server in running}
        for server in running if warm_up else ():
            measure(server, warm_up, connections)
        for _ in range(rounds):
            for server in running:
                turns[server.name].append(measure(server, requests, connections))
        resident = {server.name: memory(server.process) for server in running}
    return {
        "rounds": rounds,
        "requests": requests,
        "connections": connections,
        "warm_up": warm_up,
        "receiver": "stand-in" if front_only else "harness serve",
        "servers": {name: medians(each, resident[name]) for name, each in turns.items()},
        "ratios": {name: ratios(turns[OURS], each) for name, each in turns.items() if name != OURS},
    }


def medians(turns: list[Turn], resident: int | None) -> dict[str, float | None]:
    """The medians of the turns of one server."""
    times = [turn.cpu for turn in turns if turn.cpu is not None]
    return {
        "requests_per_second": statistics.median(turn.rate for turn in turns),
        "cpu_us_per_request": statistics.median(times) if times else None,
        "rss_mib": resident,
    }


def ratios(ours: list[Turn], theirs: list[Turn]) -> dict[str, float | None]:
    """Of rates, and of processor time a request, both so that more is better for us."""
    rates = _ratio([turn.rate for turn in ours], [turn.rate for turn in theirs])
    times = [(mine.cpu, other.cpu) for mine, other in zip(ours, theirs, strict=True)]
    told = [other / mine for mine, other in times if mine and other]
    return {**rates, "cpu": statistics.median(told) if told else None}


def _ratio(ours: list[float], theirs: list[float]) -> dict[str, float]:
    each = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return {"median": statistics.median(each), "lowest": min(each), "highest": max(each)}


def show(figures: dict[str, Any]) -> None:
    """Print the figures for people."""
    print(
        f"{figures['rounds']} rounds of {figures['requests']} requests, {figures['connections']} connections, "
        f"{OURS} is {figures['receiver']}"
    )
    for name, server in figures["servers"].items():
        show_server(name, server)
    for name, ratio in figures["ratios"].items():
        spread = f"{ratio['lowest']:.2f} to {ratio['highest']:.2f}"
        less = f"; {ratio['cpu']:.2f} x by processor time" if ratio["cpu"] else ""
        print(f"  {ratio['median']:.2f} x {name} (median of the rounds; {spread}{less})")


def show_server(name: str, server: dict[str, Any]) -> None:
    """Print the medians of one server."""
    cpu, resident = server["cpu_us_per_request"] or 0, server["rss_mib"] or 0
    rate = server["requests_per_second"]
    print(f"  {name:22} {rate:8.0f} requests/s  {cpu:6.1f} us of processor time each  {resident:5} MiB at the end")


def main() -> None:
    """Compare, and print."""
    parser = argparse.ArgumentParser(description="How fast a destination receives, as ratios within one run.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=5_000, help="a turn of one server")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--warm-up", type=int, default=0, help="requests that each server gets before it counts")
    parser.add_argument("--front-only", action="store_true", help="measure the HTTP front with a stand-in receiver")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    figures = compare(options.rounds, options.requests, options.connections, options.warm_up, options.front_only)
    print(json.dumps(figures)) if options.json else show(figures)


if __name__ == "__main__":
    main()
