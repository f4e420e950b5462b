"""`harness wait-ready`: for scripts that start a server beside what they test."""

from __future__ import annotations

import click

from harness.cli.exits import EXIT_HARNESS, EXIT_PASSED, UsageFault
from harness.cli.say import say, say_error
from harness.core.instants import SECOND, parse_duration

DEFAULT_URL = "http://127.0.0.1:8085"


@click.command()
@click.argument("url", default=DEFAULT_URL)
@click.option("--timeout", default="30s", show_default=True, help="Give up after so long.")
def wait_ready(url: str, timeout: str) -> int:
    """Wait until a server is ready.

    URL is where it listens, http://127.0.0.1:8085 unless given. Exits 3 where it does not become ready in time.
    """
    from harness.client import ApiError, Client, NotInTime

    try:
        within = parse_duration(timeout) / SECOND
        client = Client(url)
    except ValueError as error:
        raise UsageFault(str(error)) from None
    try:
        with client:
            client.wait_ready(within)
    except (NotInTime, ApiError) as error:
        say_error(str(error))
        return EXIT_HARNESS
    say(f"{client.url} is ready")
    return EXIT_PASSED
