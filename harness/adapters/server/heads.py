"""Heads of requests: which ask for nothing out of the ordinary, and those that came before, byte for byte."""

from __future__ import annotations

from typing import Final, NamedTuple

from aiohttp import hdrs
from aiohttp.http import HttpVersion11, RawRequestMessage
from aiohttp.streams import StreamReader

from harness.adapters.server.bodies import type_defect
from harness.adapters.server.parser import END
from harness.adapters.server.requests import METHODS, Limits, Location

_MOST: Final = 4096
"""Heads that are remembered; senders write few, which differ in the length of the body."""
_LONGEST: Final = 2048
"""Bytes of a head that is remembered."""


def is_plain(message: RawRequestMessage, payload: StreamReader, limits: Limits) -> bool:
    """Whether a request has come in whole, needs no decoding, and shows nothing that would have to be refused."""
    headers = message.headers
    return (
        payload.is_eof()
        and payload.exception() is None
        and payload.total_bytes <= limits.body
        and not message.should_close
        and message.version == HttpVersion11
        and message.method in METHODS
        and hdrs.CONTENT_ENCODING not in headers
        and hdrs.EXPECT not in headers
        and type_defect(headers.get(hdrs.CONTENT_TYPE)) is None
    )


class Head(NamedTuple):
    """What the parser read in the head of a plain request."""

    location: Location
    method: str
    headers: tuple[tuple[bytes, bytes], ...]
    length: int
    """Bytes of the body."""


class Heads:
    """Remembers the latest heads of plain requests, so that one that comes again need not be parsed again.

    A parser that stands at the beginning of a request reads the same in the same bytes.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        """Know none."""
        self._known: dict[bytes, Head] = {}

    def find(self, data: bytes) -> Head | None:
        """The head that `data` begins with, where that came before, and is followed by its body and nothing else."""
        end = data.find(END) + len(END)
        head = self._known.get(data[:end])
        return head if head is not None and len(data) - end == head.length else None

    def learn(self, data: bytes, head: Head) -> None:
        """Remember `head`, which was read in `data` by a parser that stood at the beginning of a request.

        Where more stands there than a head and the bytes of its body as they are, such as chunks, it is not remembered.
        """
        end = data.find(END) + len(END)
        if head.length and end <= _LONGEST and len(data) - end == head.length:
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            self._known[data[:end]] = head
