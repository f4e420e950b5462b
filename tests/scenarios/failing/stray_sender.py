"""A sender that posts to a destination which does not exist, and one that fails."""

from __future__ import annotations

from urllib.error import HTTPError
from urllib.request import Request, urlopen


def send(host: str, write_key: str) -> None:
    """Post one call to nobody; it is answered 404."""
    call = Request(f"{host}/destinations/brase", data=b'{"type": "track"}')  # noqa: S310  # the host is our own
    try:
        urlopen(call)  # noqa: S310  # as above
    except HTTPError as error:
        error.close()


def fail(host: str, write_key: str) -> None:
    """Fail, as code under test may."""
    raise LookupError("the shop has no order 7")
