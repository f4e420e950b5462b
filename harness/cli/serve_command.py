"""`harness serve`: the standalone server."""

from __future__ import annotations

import asyncio
import gc
import signal
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeAlias

import click

from harness.adapters.config_files import ServerConfig, load_server_config, read_config
from harness.adapters.ledgers import Ledgers, open_ledgers
from harness.adapters.server.requests import DEFAULT_RUN
from harness.adapters.server.server import Server
from harness.adapters.server_settings import ServerSettings
from harness.adapters.yaml_files import parse_document
from harness.cli.exits import EXIT_PASSED, UsageFault
from harness.cli.log_lines import logged
from harness.cli.reloading import FileState, state_of, watching
from harness.cli.say import print_json, say
from harness.cli.serve_limits import NAMES
from harness.cli.serve_options import ServeOptions, Tls, chosen, read_duration, read_tls, read_token
from harness.cli.spaces import Spaces
from harness.core.keeping import LedgerFailed
from harness.core.ledger_urls import FORMS, parse_ledger_url
from harness.core.scenario.setup import Setup
from harness.core.schemas import prepare_explanations
from harness.core.systems import SystemFailed

_Configured: TypeAlias = tuple[ServerConfig, FileState]
"""What is configured, and what the file was like of which that was read."""

DEFAULT_PORT = 8085
_STOPPING = (signal.SIGINT, signal.SIGTERM)
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
@click.option("--limit", "limits", multiple=True, metavar="NAME=VALUE", help=f"How much to take: {', '.join(NAMES)}.")
@click.option("--log", type=click.Choice(("text", "json")), help="Log what happens on standard error.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line on standard output once ready.")
def serve(**written: Any) -> int:
    """Run the mock destination server until it is interrupted."""
    options = ServeOptions(**written)
    configured = _configured(options.config)
    settings = chosen(configured[0].settings, options)
    token, tls = read_token(settings.token, options.host), read_tls(settings.tls_cert, settings.tls_key)
    lifetime = options.lifetime
    expires_after = None if lifetime is None else read_duration("--runs-expire-after", lifetime)
    spaces = Spaces(tls.trusted if tls else None)
    with logged(options.log), closing(_opened(options.ledger)) as ledgers:
        server = Server(
            limits=settings.limits, attach=spaces.attach, expires_after=expires_after, ledgers=ledgers, token=token
        )
        return asyncio.run(_serve(server, spaces, options, configured, tls))


def _configured(config: Path | None) -> _Configured:
    if config is None:
        setup, contract = read_config(parse_document(WITHOUT_CONFIG, "built-in"), Path())
        return ServerConfig(setup=setup, contract=contract, settings=ServerSettings()), None
    read = state_of(config)  # before it is read, or a change meanwhile would never be seen
    return load_server_config(config), read


def _opened(url: str) -> Ledgers:
    try:
        return open_ledgers(parse_ledger_url(url))
    except (ValueError, LedgerFailed) as error:
        raise UsageFault(f"--ledger: {error}") from None


async def _serve(
    server: Server, spaces: Spaces, options: ServeOptions, configured: _Configured, tls: Tls | None
) -> int:
    stop = _interruption()
    host, port = options.host, options.port
    config, read = configured
    try:
        await server.start(host, port, tls.shown if tls else None)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageFault(f"cannot listen at {host}:{port}: {reason}; choose another --port, or 0 for any") from None
    try:
        await server.set_up(server.open_run(DEFAULT_RUN), config.setup, config.contract)
        _collect_seldom()
        async with watching(server, options.config, config, read):
            _announce(server, config.setup, as_json=options.as_json)
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
    """Set once the process is told to stop; told so again, it ends at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        stop.set()
        for number in _STOPPING:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)  # SIGINT too, which would otherwise be told as a traceback

    for number in _STOPPING:
        with suppress(NotImplementedError):  # on Windows, where Ctrl+C ends the process
            loop.add_signal_handler(number, interrupt)
    return stop
