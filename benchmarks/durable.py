"""How fast a destination receives with a durable ledger, beside one in memory; ratios within one run.

    python benchmarks/durable.py [--rounds 15] [--requests 5000] [--connections 64 8 1] [--synchronous normal|full]

Both are `harness serve`, each in a process of its own; they take short turns, so that a slow moment of the machine
meets both. The ledger file is made in a temporary folder, and removed at the end.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.receive import Turn, measure, medians, memory, ratios, show_server, started

MEMORY, DURABLE = "in memory", "SQLite"
_FEWER = 4
"""A connection alone sends a quarter of the requests, so that its turns do not last for ever."""


def compare(rounds: int, requests: int, connections: int, synchronous: str) -> dict[str, Any]:
    """All rounds with so many connections: medians for each server, and the ratio of the durable one to the other."""
    serve = "harness serve --port 0 --json --ledger".split()
    share = _FEWER if connections == 1 else 1
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="harness-durable-"))
        ledgers = {MEMORY: "memory:", DURABLE: f"sqlite:{folder}/ledger.db?synchronous={synchronous}"}
        running = [stack.enter_context(started(name, *serve, url, share=share)) for name, url in ledgers.items()]
        turns: dict[str, list[Turn]] = {server.name: [] for server in running}
        for _ in range(rounds):
            for server in running:
                turns[server.name].append(measure(server, requests, connections))
        resident = {server.name: memory(server.process) for server in running}
    return {
        "connections": connections,
        "servers": {name: medians(each, resident[name]) for name, each in turns.items()},
        "ratio": ratios(turns[DURABLE], turns[MEMORY]),
    }


def show(figures: dict[str, Any]) -> None:
    """Print the figures for people."""
    print(f"{figures['connections']} connections")
    for name, server in figures["servers"].items():
        show_server(name, server)
    ratio = figures["ratio"]
    spread = f"{ratio['lowest']:.2f} to {ratio['highest']:.2f}"
    less = f"; {ratio['cpu']:.2f} x by processor time" if ratio["cpu"] else ""
    print(f"  {ratio['median']:.2f} x in memory (median of the rounds; {spread}{less})")


def main() -> None:
    """Compare, and print."""
    parser = argparse.ArgumentParser(description="What durability costs, as ratios within one run.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=5_000, help="a turn of one server")
    parser.add_argument("--connections", type=int, nargs="+", default=[64, 8, 1])
    parser.add_argument("--synchronous", choices=("normal", "full"), default="normal")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    options = parser.parse_args()
    for connections in options.connections:
        figures = compare(options.rounds, options.requests, connections, options.synchronous)
        print(json.dumps(figures)) if options.json else show(figures)


if __name__ == "__main__":
    main()
