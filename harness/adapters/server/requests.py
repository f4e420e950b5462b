"""What the HTTP front hands to a receiver, what it wants back, and which paths belong to destinations."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from harness.core.delivery import Defect, FaultName
from harness.core.instants import Duration, Instant

DEFAULT_RUN = "default"
METHODS = ("POST", "PUT", "PATCH")
"""The methods that a destination takes; any other is answered 405."""

_FEW_FIELDS = 16
"""More headers than usual are not kept for others, lest a client fill the memory with them."""
_URL_CHARACTERS = "".join(map(chr, range(0x21, 0x7F)))


class RawRequest(Struct, frozen=True):
    """One request to a destination path, undecided, whether or not its body could be read whole."""

    run: str
    destination: str
    """The name in the path, percent-decoded; it may be empty or no name at all."""
    method: str
    path: str
    """Path and query as sent; bytes outside ASCII are percent-encoded."""
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    """After content decoding; where there is a defect, what there is of it."""
    arrived_at: Instant
    """The wall clock, when the head of the request had come in."""
    defect: Defect | None
    half: bool = False
    """Whether it was decided to close the connection, and nothing more is read than `body`."""

    def halved(self) -> RawRequest:
        """The same with half of its body, if it was not cut before."""
        return self if self.half else replace(self, body=self.body[: len(self.body) // 2], half=True)


class Manner(Struct, frozen=True, kw_only=True):
    """How a reply is given where it is not just written, once, at once."""

    fault: FaultName | None = None
    """What comes in place of the reply."""
    wait: Duration = 0
    """How long nothing comes at first."""
    dribble: Duration = 0
    """How long the reply then takes to come, in small pieces."""


class RawReply(Struct, frozen=True, kw_only=True, eq=False):
    """What to answer; a final status from 200 to 999, and headers without line breaks.

    It is equal to itself only: what is written for it is found again by it, which values would make slow.
    """

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    manner: Manner | None = None
    """None: it is written at once."""


class Owed:
    """A reply that must wait until something is committed: awaited, or told to whoever asked for that."""

    __slots__ = ("_then", "plain", "reply")

    def __init__(self, *, plain: bool) -> None:
        """Wait for `pay`."""
        self.plain = plain
        """Whether it will be one that is just written, with no manner of its own."""
        self.reply: RawReply | None = None
        """The reply, once it is known."""
        self._then: Callable[[RawReply], None] | None = None

    def then(self, do: Callable[[RawReply], None]) -> None:
        """Call `do` with the reply, which is not known yet, as soon as it is."""
        self._then = do

    def pay(self, reply: RawReply) -> None:
        """Say what the reply is."""
        self.reply = reply
        do, self._then = self._then, None
        if do is not None:
            do(reply)

    def __await__(self) -> Generator[Any, None, RawReply]:
        if self.reply is not None:
            return self.reply
        future: asyncio.Future[RawReply] = asyncio.get_running_loop().create_future()
        self.then(lambda reply: None if future.done() else future.set_result(reply))
        return (yield from future)


class Receiver(Protocol):
    """Takes each request to a destination path; answers a request that has a defect with the defect's status."""

    def __call__(self, request: RawRequest, /) -> RawReply | Awaitable[RawReply]:
        """The reply, at once where it is known, awaited where something must be committed first."""
        ...


class Limits(Struct, frozen=True, kw_only=True):
    """How much is taken from clients; sizes in bytes, times in seconds."""

    body: int = 10 * 1024 * 1024
    """The body after content decoding."""
    kept: int = 64 * 1024
    """How much is kept of a body that is over the limit."""
    line: int = 8190
    field: int = 8190
    """One header field, name and value."""
    fields: int = 128
    encodings: int = 3
    """Content encodings upon each other."""
    connections: int | None = None
    """How many may be open at once; None: as many as the system gives."""
    head_seconds: float = 60.0
    """Until the whole head must have come in, from its first byte on; a connection that says nothing may stay."""
    body_seconds: float = 60.0
    """Until the whole body must have come in."""
    linger_seconds: float = 2.0
    """How long the rest of an unread body is taken and dropped, so that the client can read its answer."""
    heartbeat_seconds: float = 15.0
    """How long a stream says nothing, until it says that it is still there."""
    stall_seconds: float = 30.0
    """How long a reader of a stream may take nothing of what it is sent, until it is cut off."""


class Location(NamedTuple):
    """Where a destination path leads."""

    run: str
    destination: str
    path: str


@lru_cache(maxsize=1024)
def locate(target: str) -> Location | None:
    """The run and destination that a request target names, or None where the path is not a destination's."""
    path = _path_only(target)
    match path.split("/"):
        case ["", "destinations", *rest]:
            run = DEFAULT_RUN
        case ["", "runs", run, "destinations", *rest]:
            run = unquote(run)
        case _:
            return None
    return Location(run, unquote(rest[0]) if rest else "", _ascii(target))


def shared_headers(headers: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[bytes, bytes], ...]:
    """The one copy of headers that come with nearly every request; a ledger would hold a fifth more without."""
    return _shared(headers) if len(headers) <= _FEW_FIELDS else headers


@lru_cache(maxsize=128)
def _shared(headers: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple(map(_shared_field, headers))


@lru_cache(maxsize=1024)
def _shared_field(field: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    return field


def _path_only(target: str) -> str:
    """The path of a target in origin form (`/path?query`) or absolute form (`http://host/path?query`), in ASCII."""
    if not target.startswith("/"):
        try:
            return _ascii(urlsplit(target).path)
        except ValueError:
            return ""
    return _ascii(target.partition("?")[0].partition("#")[0])


def _ascii(target: str) -> str:
    """`target` with all that is not printable ASCII percent-encoded, so that it can be written as JSON."""
    if target.isascii():
        return target
    return quote(target.encode("utf-8", "surrogateescape"), safe=_URL_CHARACTERS)
