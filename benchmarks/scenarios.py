"""How long pytest takes for many small scenarios in one process: collected, played over real HTTP, and judged.

    python benchmarks/scenarios.py [--count 1000] [--rounds 1] [--limit 120] [--json]

The scenarios are written to a temporary folder and played by `python -m pytest` in a process of its own, after one
that fills the cache of compiled modules, as everybody's second run finds it. The fastest round is what the machine can
do; slower ones are what else it did meanwhile.

The bar, 10 s for 1,000, was set on a machine on which a client and a bare server in one process make 2,500 sends a
second: a scenario may take as long as 25 of them. How long it takes by those of this machine, which are counted before
and after each round, is printed too.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SCENARIO = """\
version: 1
scenario: Small scenario {number}
tags: [small]
profiles:
  alex: {{userId: u{number}, email: alex{number}@example.com}}
  sam: {{userId: s{number}}}
destinations:
  braze: {{kind: event, calls: [track]}}
  ads: {{kind: list}}
journeys:
  winback:
    name: Win-back {number}
    steps:
      - send_to_destinations: {{name: New users, to: [braze, ads]}}
do:
  - enter: {{journey: winback, step: New users, profiles: [alex, sam]}}
expect:
  - received: {{to: braze, count: 2, event: Audience Entered}}
  - members: {{of: ads, are: [alex, sam]}}
  - nothing_else: true
"""

CHECKOUT = Path(__file__).resolve().parent.parent
BAR = 25.0
"""Bare sends that may take as long as one scenario."""

OTHERS = ("cacheprovider", "xdist", "schemathesis", "hypothesispytest", "pytest_httpserver")
"""Plugins that are there for the development of the harness, and that its users need not have."""


def write(folder: Path, count: int) -> None:
    """Write `count` scenario files, no two alike."""
    for number in range(count):
        (folder / f"small-{number:05}.scenario.yaml").write_text(SCENARIO.format(number=number), "utf-8")


def environment(path: Path) -> dict[str, str]:
    """Where compiled modules are kept beside `path`, whatever the machine's own settings are."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(path.parent / "compiled")}


def played(folder: Path, count: int, limit: float) -> float:
    """The seconds that pytest takes for the scenarios in `folder`, from its start to its end."""
    without = [option for plugin in OTHERS for option in ("-p", f"no:{plugin}")]
    command = [sys.executable, "-m", "pytest", "-q", *without, str(folder)]
    begun = time.perf_counter()
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=limit, cwd=folder, env=environment(folder)
    )
    seconds = time.perf_counter() - begun
    if done.returncode or f"{count} passed" not in done.stdout:
        raise SystemExit(f"not all of {count} scenarios passed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return seconds


IMPORT = """
import pytest, time
begun = time.perf_counter()
import harness.pytest_plugin
print((time.perf_counter() - begun) * 1000)
"""


def import_milliseconds(folder: Path) -> float:
    """What importing the plugin adds to any pytest run: the fastest of five, its modules compiled before."""
    command = [sys.executable, "-c", IMPORT]
    runs = [
        subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder, env=environment(folder))
        for _ in range(5)
    ]
    return min(float(done.stdout) for done in runs)


def bare_sends() -> float:
    """How many sends a second a client and a bare server in one process make just now."""
    command = [sys.executable, "-m", "benchmarks.bare_sends"]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, cwd=CHECKOUT).stdout)


def measured(count: int, rounds: int, limit: float) -> dict[str, Any]:
    """The figures of `rounds` rounds."""
    with tempfile.TemporaryDirectory(prefix="scenarios-") as name:
        folder, first = Path(name, "scenarios"), Path(name, "first")
        for each, number in ((first, 1), (folder, count)):
            each.mkdir()
            write(each, number)
        played(first, 1, limit)
        importing = import_milliseconds(first)
        seconds, sends = [], [bare_sends()]
        for _ in range(rounds):
            seconds.append(played(folder, count, limit))
            sends.append(bare_sends())
    best = min(seconds)
    around = [(before + after) / 2 for before, after in itertools.pairwise(sends)]
    return {
        "scenarios": count,
        "seconds": best,
        "per_second": count / best,
        "rounds": seconds,
        "bare_sends_a_second": around,
        "in_bare_sends": [mine * rate / count for mine, rate in zip(seconds, around, strict=True)],
        "import_milliseconds": importing,
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=1000, help="scenarios (default: 1000)")
    parser.add_argument("--rounds", type=int, default=1, help="how often all of them are played (default: once)")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds after which a round is given up")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args()
    figures = measured(max(1, asked.count), max(1, asked.rounds), asked.limit)
    if asked.json:
        print(json.dumps(figures))
        return
    print(f"{figures['scenarios']} scenarios in {figures['seconds']:.2f} s: {figures['per_second']:.0f} a second")
    print(f"bar: 1,000 in 10 s; all rounds: {', '.join(f'{each:.2f} s' for each in figures['rounds'])}")
    in_sends = figures["in_bare_sends"]
    print(
        f"a scenario takes as long as {statistics.median(in_sends):.1f} bare sends (median; "
        f"{min(in_sends):.1f} to {max(in_sends):.1f}); bar: {BAR:.0f}"
    )
    print(f"importing the plugin: {figures['import_milliseconds']:.1f} ms; bar: 20 ms")


if __name__ == "__main__":
    main()
