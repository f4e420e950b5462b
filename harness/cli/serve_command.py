"""`harness serve`: the standalone server."""

from __future__ import annotations

import asyncio
import gc
import signal
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import click

from harness.adapters.config_files import load_config, read_config
from harness.adapters.ledgers import Ledgers, open_ledgers
from harness.adapters.server.requests import DEFAULT_RUN
from harness.adapters.server.server import Server
from harness.adapters.yaml_files import parse_document
from harness.cli.exits import EXIT_PASSED, UsageFault
from harness.cli.log_lines import logged
from harness.cli.say import print_json, say
from harness.cli.serve_options import ServeOptions, Tls, read_duration, read_tls, read_token
from harness.cli.spaces import Spaces
from harness.core.contract import Contract
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
@click.option("--token", envvar="HARNESS_TOKEN", help="What the control API demands; HARNESS_TOKEN says it too.")
@click.option(
    "--tls-cert", type=click.Path(path_type=Path), help="Speak HTTPS, with the certificates in this PEM file."
)
@click.option("--tls-key", type=click.Path(path_type=Path), help="The certificate's key, where it is not in that file.")
@click.option("--log", type=click.Choice(("text", "json")), help="Log what happens on standard error.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line on standard output once ready.")
def serve(**written: Any) -> int:
    """Run the mock destination server until it is interrupted."""
    options = ServeOptions(**written)
    token, tls = read_token(options.token, options.host), read_tls(options.tls_cert, options.tls_key)
    lifetime = options.lifetime
    expires_after = None if lifetime is None else read_duration("--runs-expire-after", lifetime)
    configured = _configured(options.config)
    spaces = Spaces(tls.trusted if tls else None)
    with logged(options.log), closing(_opened(options.ledger)) as ledgers:
        server = Server(attach=spaces.attach, expires_after=expires_after, ledgers=ledgers, token=token)
        return asyncio.run(_serve(server, spaces, options, configured, tls))


def _configured(config: Path | None) -> tuple[Setup, Contract]:
    return load_config(config) if config else read_config(parse_document(WITHOUT_CONFIG, "built-in"), Path())


def _opened(url: str) -> Ledgers:
    try:
        return open_ledgers(parse_ledger_url(url))
    except (ValueError, LedgerFailed) as error:
        raise UsageFault(f"--ledger: {error}") from None


async def _serve(
    server: Server, spaces: Spaces, options: ServeOptions, configured: tuple[Setup, Contract], tls: Tls | None
) -> int:
    stop = _interruption()
    host, port = options.host, options.port
    setup, contract = configured
    try:
        await server.start(host, port, tls.shown if tls else None)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageFault(f"cannot listen at {host}:{port}: {reason}; choose another --port, or 0 for any") from None
    try:
        await server.set_up(server.open_run(DEFAULT_RUN), setup, contract)
        _collect_seldom()
        _announce(server, setup, as_json=options.as_json)
        await asyncio.to_thread(prepare_explanations)  # beside the loop: nobody's answer waits for an import
        await stop.wait()
    except SystemFailed as error:
        raise UsageFault(f"the journeys of the configuration cannot be played: {error}") from None
    finally:
        await spaces.stop()
        await server.stop()
    return EXIT_PASSED


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
