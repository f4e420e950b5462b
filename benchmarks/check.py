"""How fast `harness check` judges captures, beside a bare parse and plain `jsonschema`; ratios within one run.

    python benchmarks/check.py [--rounds 5] [--lines 50000] [--memory 100000 1000000] [--json]

For each form of a capture (see captures.py), the same file is parsed and judged in turns, so that a slow moment of the
machine meets all. Payloads are counted, of which a list sync document holds several. Peak memory is that of a process
of its own.

The bar, 100,000 payloads a second, was set on a machine that parses a call in 1.3 us: a payload may take 7.7 times as
long as the parse of a call. How often that is here is printed too: calls are parsed before and after each turn, for
about a second, since a shared machine changes its speed by half several times a second. Sums over all rounds are
compared, and not the rounds one by one.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jsonschema
import orjson
import referencing
from referencing.jsonschema import DRAFT202012

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from benchmarks.captures import FORMS, lines  # noqa: E402 - the checkout is found by the line above
from benchmarks.scenarios import environment  # noqa: E402
from harness.adapters.contract_files import load_contract  # noqa: E402
from harness.cli import main as harness  # noqa: E402

PARSE, IN_PROCESS, COMMAND, TWO_JOBS, PLAIN = "bare parse", "in process", "command", "command, 2 jobs", "jsonschema"
_CALLS = 20_000
"""Lines of which the calls are parsed to tell how long one takes."""
_PASSES = 20
"""How often they are parsed before each turn, and after it."""
_PLAIN_SHARE = 100
"""Plain `jsonschema` gets a hundredth of the payloads, so that its turns last no longer than the others'."""
_PEAK = (
    "import sys; from harness.cli import main; code = main();"
    "status = open('/proc/self/status').read(); print(status.split('VmHWM:')[1].split('kB')[0]); sys.exit(code)"
)


def compare(form: str, count: int, rounds: int, folder: Path) -> dict[str, Any]:
    """All rounds of one form: payloads a second of each contender, and our ratios to the others."""
    file = _written(folder, form, count)
    payloads = _payloads(file)
    contenders: dict[str, Callable[[], float]] = {
        PARSE: lambda: _timed(lambda: _parse(file)),
        IN_PROCESS: lambda: _timed(lambda: _in_process(file)),
        COMMAND: lambda: _timed(lambda: _command(file, 1)),
        TWO_JOBS: lambda: _timed(lambda: _command(file, 2)),
        PLAIN: lambda: _plain(file) * payloads,
    }
    turns: dict[str, list[float]] = {name: [] for name in contenders}
    parses: dict[str, float] = dict.fromkeys(contenders, 0.0)
    calls = [line for line in lines("calls", _CALLS) if b'"type"' in line]
    _command(_written(folder, form, 1), 1)  # so that its modules are compiled, as those of an installed command are
    before = _seconds_each(calls)
    for _ in range(rounds):
        for name, turn in contenders.items():
            turns[name].append(turn())
            after = _seconds_each(calls)
            parses[name] += (before + after) / 2
            before = after
    return {
        "form": form,
        "lines": count,
        "payloads": payloads,
        "bytes": file.stat().st_size,
        "seconds_to_parse_a_call": statistics.fmean(parses.values()) / rounds,
        "payloads_per_second": {name: payloads * rounds / sum(each) for name, each in turns.items()},
        "times_the_parse_of_a_call": {name: sum(each) / payloads / parses[name] for name, each in turns.items()},
        "times_the_bare_parse": {name: sum(each) / sum(turns[PARSE]) for name, each in turns.items()},
    }


def _written(folder: Path, form: str, count: int) -> Path:
    file = folder / f"{form}-{count}.ndjson"
    with file.open("wb") as opened:
        opened.writelines(lines(form, count))
    return file


def _timed(turn: Callable[[], object]) -> float:
    begin = time.perf_counter()
    turn()
    return time.perf_counter() - begin


def _seconds_each(calls: list[bytes]) -> float:
    """What a bare parse of a call takes just now."""
    begin = time.perf_counter()
    for _ in range(_PASSES):
        for call in calls:
            orjson.loads(call)
    return (time.perf_counter() - begin) / len(calls) / _PASSES


def _parse(file: Path) -> None:
    with file.open("rb") as opened:
        for line in opened:
            orjson.loads(line)


def _in_process(file: Path) -> None:
    arguments = ["harness", "check", "--jobs", "1", str(file)]
    with patch.object(sys, "argv", arguments), redirect_stderr(io.StringIO()):
        _judged(harness())


def _command(file: Path, jobs: int) -> None:
    command = [sys.executable, "-m", "harness", "check", "--jobs", str(jobs), str(file)]
    done = subprocess.run(command, check=False, capture_output=True, timeout=600, cwd=CHECKOUT, env=environment(file))
    _judged(done.returncode)


def _judged(code: int) -> None:
    if code not in (0, 1):
        raise SystemExit(f"harness check could not judge: exit code {code}")


def _plain(file: Path) -> float:
    """Seconds that `jsonschema` alone takes for one payload."""
    contract = load_contract("engage-journeys")
    known = [(uri, DRAFT202012.create_resource(each)) for uri, each in contract.definitions.items()]
    validators = {
        kind: jsonschema.Draft202012Validator(
            schema.document, registry=referencing.Registry[Any]().with_resources(known)
        )
        for kind, schema in contract.schemas.items()
    }
    with file.open("rb") as opened:
        every = [each for number, line in enumerate(opened) if not number % _PLAIN_SHARE for each in _held(line)]
    begin = time.perf_counter()
    for payload in every:
        validators[payload.get("type", "list")].is_valid(payload)
    return (time.perf_counter() - begin) / len(every)


def _payloads(file: Path) -> int:
    with file.open("rb") as opened:
        return sum(1 for line in opened for _ in _held(line))


def _held(line: bytes) -> Iterator[dict[str, Any]]:
    record = orjson.loads(line)
    payload = record.get("payload", record)
    if "payloads" in record:
        yield from record["payloads"]
    elif "add" in payload:
        yield from ({"list": payload["list"], "action": "add", "user": user} for user in payload["add"])
    else:
        yield payload


def peak(form: str, count: int, folder: Path) -> float | None:
    """MiB of memory that judging so many lines takes at most, in a process of its own; None where nobody tells."""
    if not Path("/proc/self/status").exists():
        return None
    file = _written(folder, form, count)
    command = [sys.executable, "-c", _PEAK, "check", "--jobs", "1", str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600, cwd=CHECKOUT)
    file.unlink()
    _judged(done.returncode)
    return int(re.findall(r"\d+", done.stdout)[-1]) / 1024


def show(figures: dict[str, Any]) -> None:
    """Print the figures for people."""
    for each in figures["forms"]:
        print(
            f"{each['form']}: {each['payloads']} payloads in {each['lines']} lines, {each['bytes'] / 1e6:.0f} MB; "
            f"a call is parsed in {each['seconds_to_parse_a_call'] * 1e6:.2f} us"
        )
        of_lines, of_a_call = each["times_the_bare_parse"], each["times_the_parse_of_a_call"]
        for name, rate in each["payloads_per_second"].items():
            print(
                f"  {name:16} {rate:9.0f} payloads/s  {of_lines[name]:6.1f} x the bare parse of the lines"
                f"  {of_a_call[name]:6.1f} x that of a call, for each payload"
            )
    for each in figures["memory"]:
        print(f"peak memory at {each['lines']:8} lines of {each['form']}: {each['peak_mib'] or 0:6.0f} MiB")


def main() -> None:
    """Compare, and print."""
    parser = argparse.ArgumentParser(description="How fast `harness check` judges, as ratios within one run.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lines", type=int, default=50_000)
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--memory", nargs="*", type=int, default=[100_000, 1_000_000], help="lines to measure it at")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = {
            "forms": [compare(form, options.lines, options.rounds, Path(folder)) for form in options.forms],
            "memory": [
                {"form": "records", "lines": count, "peak_mib": peak("records", count, Path(folder))}
                for count in options.memory
            ],
        }
    print(json.dumps(figures)) if options.json else show(figures)


if __name__ == "__main__":
    main()
