"""`harness serve`: the standalone server."""

from __future__ import annotations

import asyncio
import gc
import signal
from contextlib import closing, suppress
from pathlib import Path

import click

from harness.adapters.config_files import load_config, read_config
from harness.adapters.ledgers import Ledgers, open_ledgers
from harness.adapters.server.requests import DEFAULT_RUN
from harness.adapters.server.server import Server
from harness.adapters.yaml_files import parse_document
from harness.cli.exits import EXIT_PASSED, UsageFault
from harness.cli.log_lines import LogFormat, logged
from harness.cli.say import print_json, say
from harness.cli.spaces import Spaces
from harness.core.contract import Contract
from harness.core.instants import Duration, parse_duration
from harness.core.keeping import LedgerFailed
from harness.core.ledger_urls import FORMS, parse_ledger_url
from harness.core.scenario.setup import Setup
from harness.core.schemas import prepare_explanations
from harness.core.systems import SystemFailed

DEFAULT_PORT = 8085
WITHOUT_CONFIG = """
version: 1
destinations:
  events: {kind: event, calls: [track, identify]}
  list: {kind: list}
"""
"""What is served without a configuration."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65535), help="0 takes any.")
@click.option("--config", "config", type=click.Path(path_type=Path), help="A YAML file with destinations and journeys.")
@click.option("--ledger", "ledger", default="memory:", show_default=True, metavar="URL", help=f"{FORMS}.")
@click.option("--runs-expire-after", "lifetime", metavar="DURATION", help="Close other runs once idle for so long.")
@click.option("--log", type=click.Choice(("text", "json")), help="Log what happens on standard error.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line on standard output once ready.")
def serve(
    host: str,
    port: int,
    config: Path | None,
    ledger: str,
    lifetime: str | None,
    log: LogFormat | None,
    as_json: bool,
) -> int:
    """Run the mock destination server until it is interrupted."""
    built_in = parse_document(WITHOUT_CONFIG, "built-in")
    setup, contract = load_config(config) if config else read_config(built_in, Path())
    expires_after = None if lifetime is None else _duration("--runs-expire-after", lifetime)
    spaces = Spaces()
    with logged(log), closing(_opened(ledger)) as ledgers:
        server = Server(attach=spaces.attach, expires_after=expires_after, ledgers=ledgers)
        return asyncio.run(_serve(server, spaces, (host, port), (setup, contract), as_json=as_json))


def _opened(url: str) -> Ledgers:
    try:
        return open_ledgers(parse_ledger_url(url))
    except (ValueError, LedgerFailed) as error:
        raise UsageFault(f"--ledger: {error}") from None


async def _serve(
    server: Server, spaces: Spaces, address: tuple[str, int], configured: tuple[Setup, Contract], *, as_json: bool
) -> int:
    stop = _interruption()
    host, port = address
    setup, contract = configured
    try:
        await server.start(host, port)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageFault(f"cannot listen at {host}:{port}: {reason}; choose another --port, or 0 for any") from None
    try:
        await server.set_up(server.open_run(DEFAULT_RUN), setup, contract)
        _collect_seldom()
        _announce(server, setup, as_json=as_json)
        await asyncio.to_thread(prepare_explanations)  # beside the loop: nobody's answer waits for an import
        await stop.wait()
    except SystemFailed as error:
        raise UsageFault(f"the journeys of the configuration cannot be played: {error}") from None
    finally:
        await spaces.stop()
        await server.stop()
    return EXIT_PASSED


def _duration(option: str, text: str) -> Duration:
    """The duration that an option writes, which is more than none."""
    try:
        duration = parse_duration(text)
    except ValueError as error:
        raise UsageFault(f"{option}: {error}") from None
    if duration == 0:
        raise UsageFault(f"{option}: {text!r} is no time to live; write a duration such as 1h")
    return duration


def _announce(server: Server, setup: Setup, *, as_json: bool) -> None:
    if as_json:
        print_json({"type": "ready", "url": server.url}, pretty=False)
    say(f"harness serves at {server.url} (Ctrl+C stops it)")
    run = server.open_run(DEFAULT_RUN)
    width = max((len(each.kind) for each in setup.destinations.values()), default=0)
    for destination in setup.destinations.values():
        say(f"  {destination.kind:{width}}  {server.destination_url(run, destination.name)}")
    say(f"  what came, and what is wrong with it: {server.url}/_harness/v1/runs/default/deliveries")
    say(f"  the verdict: {server.url}/_harness/v1/runs/default/verdict")


def _collect_seldom() -> None:
    """Let the garbage collector look at a ledger once, then hardly ever: it only grows, and has nothing to free."""
    gc.freeze()
    gc.set_threshold(20_000, 1_000, 50)


def _interruption() -> asyncio.Event:
    """Set once the process is told to stop, which from now on no longer ends it at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # on Windows, where Ctrl+C ends the process
            loop.add_signal_handler(number, stop.set)
    return stop
