"""`harness serve`: the standalone server."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from pathlib import Path

import click
import orjson

from harness.adapters.crowds import make_crowd
from harness.adapters.json_files import own_schema
from harness.adapters.server.requests import DEFAULT_RUN
from harness.adapters.server.server import Server
from harness.adapters.yaml_files import parse_document, read_document
from harness.cli.exits import EXIT_PASSED, UsageFault
from harness.cli.say import say
from harness.cli.spaces import Spaces
from harness.core.scenario.setup import Setup, parse_setup

DEFAULT_PORT = 8085
_WITHOUT_CONFIG = """
version: 1
destinations:
  events: {kind: event, calls: [track, identify]}
  list: {kind: list}
"""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65535), help="0 takes any.")
@click.option("--config", "config", type=click.Path(path_type=Path), help="A YAML file with destinations and journeys.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line on standard output once ready.")
def serve(host: str, port: int, config: Path | None, as_json: bool) -> int:
    """Run the mock destination server until it is interrupted."""
    document = parse_document(_WITHOUT_CONFIG, "built-in") if config is None else read_document(config)
    setup = parse_setup(document, own_schema("config"), make_crowd)
    return asyncio.run(_serve(host, port, setup, as_json=as_json))


async def _serve(host: str, port: int, setup: Setup, *, as_json: bool) -> int:
    spaces = Spaces()
    server = Server(attach=spaces.attach)
    try:
        await server.start(host, port)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageFault(f"cannot listen at {host}:{port}: {reason}; choose another --port, or 0 for any") from None
    try:
        run = server.open_run(DEFAULT_RUN)
        await server.set_up(run, setup)
        _collect_seldom()
        _announce(server, setup, as_json=as_json)
        await _interrupted()
    finally:
        await spaces.stop()
        await server.stop()
    return EXIT_PASSED


def _announce(server: Server, setup: Setup, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.buffer.write(orjson.dumps({"type": "ready", "url": server.url}) + b"\n")
        sys.stdout.buffer.flush()
    say(f"harness serves at {server.url} (Ctrl+C stops it)")
    run = server.open_run(DEFAULT_RUN)
    for destination in setup.destinations.values():
        say(f"  {destination.kind:5}  {server.destination_url(run, destination.name)}")
    say(f"  what came, and what is wrong with it: {server.url}/_harness/v1/runs/default/deliveries")
    say(f"  the verdict: {server.url}/_harness/v1/runs/default/verdict")


def _collect_seldom() -> None:
    """Let the garbage collector come seldom: a ledger only grows, and each look at all of it finds nothing to free."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


async def _interrupted() -> None:
    """Return when the process is told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
