"""How soon a server answers after its process was started, beside WireMock and a bare aiohttp server.

    python benchmarks/start.py [--rounds 10] [--json]

The servers are started in turns, one at a time, each from nothing, and asked until they answer. Modules are compiled by
a round that does not count. WireMock takes part where Java is present and `npm install --prefix benchmarks` was run.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.peer_servers import PACKAGES, free_port, lacking
from benchmarks.scenarios import environment

CHECKOUT = Path(__file__).resolve().parent.parent
OURS, BARE, WIREMOCK = "harness serve", "bare web.Application", "WireMock"
BAR = 0.35
"""How much of WireMock's time ours may take."""
_PATIENCE = 60.0
_PAUSE = 0.002


def commands(port: int) -> Mapping[str, tuple[Sequence[str], str]]:
    """What starts each server on `port`, and a path that it answers once it is ready."""
    found = {
        BARE: ([sys.executable, "-m", "benchmarks.http_servers", "bare", str(port)], "/"),
        OURS: ([sys.executable, "-m", "harness", "serve", "--port", str(port)], "/_harness/readyz"),
    }
    missing = lacking("wiremock")
    if missing is None:
        jar = next((PACKAGES / "wiremock").glob("build/*.jar"))
        options = ["--port", str(port), "--bind-address", "127.0.0.1", "--disable-banner"]
        found[WIREMOCK] = (["java", "-jar", str(jar), *options], "/__admin/mappings")
    return found


def started(command: Sequence[str], port: int, path: str, environment: Mapping[str, str]) -> float:
    """The seconds from the start of the process until it answers, after which it is ended."""
    begun = time.perf_counter()
    nothing = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=nothing, stderr=nothing, cwd=CHECKOUT, env=environment) as process:
        try:
            while not answers(port, path):
                if process.poll() is not None or time.perf_counter() - begun > _PATIENCE:
                    raise SystemExit(f"it did not start: {' '.join(command)}")
                time.sleep(_PAUSE)
            return time.perf_counter() - begun
        finally:
            process.terminate()


def answers(port: int, path: str) -> bool:
    """Whether a server on that port answers at all."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def compare(rounds: int) -> dict[str, Any]:
    """All rounds: medians in seconds, and the median, lowest and highest ratio of ours to each of the others."""
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="start-") as folder:
        for number in range(rounds + 1):
            for name in commands(0):
                port = free_port()
                command, path = commands(port)[name]
                seconds = started(command, port, path, environment(Path(folder, "cache")))
                if number:
                    times.setdefault(name, []).append(seconds)
    ratios = {name: [a / b for a, b in zip(times[OURS], each, strict=True)] for name, each in times.items()}
    return {
        "rounds": rounds,
        "seconds": {name: statistics.median(each) for name, each in times.items()},
        "ratios": {
            name: {"median": statistics.median(each), "lowest": min(each), "highest": max(each)}
            for name, each in ratios.items()
            if name != OURS
        },
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    missing = lacking("wiremock")
    if missing is not None:
        print(f"without {WIREMOCK}: {missing}", file=sys.stderr)
    figures = compare(max(1, asked.rounds))
    if asked.json:
        print(json.dumps(figures))
        return
    for name, seconds in figures["seconds"].items():
        print(f"  {name:22} ready after {seconds:.2f} s")
    for name, ratio in figures["ratios"].items():
        bar = f"; bar: {BAR} x" if name == WIREMOCK else ""
        spread = f"{ratio['lowest']:.2f} to {ratio['highest']:.2f}"
        print(f"  {ratio['median']:.2f} x {name} (median of {figures['rounds']} rounds; {spread}{bar})")


if __name__ == "__main__":
    main()
