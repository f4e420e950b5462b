"""`harness wait-ready`: for scripts that start a server beside what they test."""

from __future__ import annotations

import ssl
from pathlib import Path

import click

from harness.cli.exits import EXIT_HARNESS, EXIT_PASSED, UsageFault
from harness.cli.say import say, say_error
from harness.core.instants import SECOND, parse_duration

DEFAULT_URL = "http://127.0.0.1:8085"


@click.command()
@click.argument("url", default=DEFAULT_URL)
@click.option("--timeout", default="30s", show_default=True, help="Give up after so long.")
@click.option("--token", envvar="HARNESS_TOKEN", show_envvar=True, help="The token that the server was started with.")
@click.option("--cacert", type=click.Path(path_type=Path), help="Certificates to trust, as a PEM file.")
def wait_ready(url: str, timeout: str, token: str | None, cacert: Path | None) -> int:
    """Wait until a server is ready.

    URL is where it listens, http://127.0.0.1:8085 unless given. Exits 3 where it does not become ready in time.
    """
    from harness.client import ApiError, Client, NotInTime

    try:
        within = parse_duration(timeout) / SECOND
        client = Client(url, token=token or None, tls=None if cacert is None else _trusting(cacert))
    except ValueError as error:
        raise UsageFault(str(error)) from None
    try:
        with client:
            client.wait_ready(within)
            if token:
                client.run().clock()  # readiness is told without it, but it had better be the right one
    except (NotInTime, ApiError) as error:
        say_error(str(error))
        return EXIT_HARNESS
    say(f"{client.url} is ready")
    return EXIT_PASSED


def _trusting(cacert: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(cacert))
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "reason", None) or error.strerror or str(error)
        raise UsageFault(f"--cacert: {cacert}: {reason}; give a PEM file with certificates") from None
