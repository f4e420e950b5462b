"""A sender of your own that still posts to a destination which nobody keeps any more."""

from __future__ import annotations

from urllib.error import HTTPError
from urllib.request import Request, urlopen


def send(host: str, write_key: str) -> None:
    """Post one call to a destination that does not exist; the server records it and answers 404."""
    call = Request(f"{host}/destinations/retired", data=b'{"type": "track"}')  # noqa: S310  # the harness's own host
    try:
        urlopen(call)  # noqa: S310  # as above
    except HTTPError as error:
        error.close()
