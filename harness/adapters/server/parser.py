"""aiohttp's parser, so used that a request it has read is not lost with a broken one behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from aiohttp.http import HttpProcessingError, HttpRequestParser, RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web import RequestPayloadError

from harness.adapters.server.requests import Limits

_Message: TypeAlias = "tuple[RawRequestMessage, StreamReader]"
_Fed: TypeAlias = "tuple[Sequence[_Message], bool, bytes]"
END = b"\r\n\r\n"
"""What stands at the end of a head."""
_BUFFER = 2**18
"""How much of a body is held until its reader is waited for, as aiohttp has it."""


class Connected(Protocol):
    """The connection whose requests are parsed."""

    @property
    def waits_for_reader(self) -> bool:
        """Whether it reads no more until somebody has read what there is of a body."""
        ...

    def answers(self, message: RawRequestMessage, payload: StreamReader) -> bool:
        """Whether the request that was just read is answered already."""
        ...

    def looked_at(self, found: bool, data: bytes) -> None:
        """Take note of whether `data` made a request whole, or at least its head."""
        ...


class Parser:
    """Keeps to itself the requests that its connection answers on the way.

    aiohttp's own, where it meets a broken request, throws away all that it has read since it was last fed. So it is
    made to stop behind each request, and fed again.
    """

    __slots__ = ("_connection", "_parser", "broken", "clean")

    def __init__(self, connection: Connected, limits: Limits, loop: asyncio.AbstractEventLoop) -> None:
        self._connection = connection
        self._parser: Any = HttpRequestParser(
            connection,  # type: ignore[arg-type]  # a protocol of aiohttp's as well
            loop,
            _BUFFER,
            max_line_size=limits.line,
            max_field_size=limits.field,
            max_headers=limits.fields,
            payload_exception=RequestPayloadError,
            auto_decompress=False,
            max_msg_queue_size=1,
        )
        self.clean = True
        """Whether it is certain that nothing of a request that is not whole yet was read."""
        self.broken: HttpProcessingError | None = None
        """What is to be told, when it is fed again, of that which stood behind the last request."""

    def feed_data(self, data: bytes) -> _Fed:
        """The requests that came with `data`, whether the protocol is changed behind them, and the rest then."""
        clean, self.clean = self.clean, False
        broken, self.broken = self.broken, None
        if broken is not None:
            raise broken
        messages, upgraded, rest = self._parser.feed_data(data)
        if not upgraded and not self._connection.waits_for_reader:
            behind, upgraded, rest = self._behind()
            messages = (*messages, *behind) if behind else messages
        self._connection.looked_at(bool(messages), data)
        alone = len(messages) == 1 and not upgraded and self.broken is None
        self.clean = clean and (not data or (alone and _is_all_of(data, messages[0][1])))
        if not alone or not self._connection.answers(*messages[0]):
            return messages, upgraded, rest
        return (), False, b""

    def _behind(self) -> _Fed:
        """What stands behind the first request, or behind the end of a body, in what it was fed with."""
        found: list[_Message] = []
        try:
            while True:
                self._parser.message_consumed()
                messages, upgraded, rest = self._parser.feed_data(b"")
                found += messages
                if upgraded or not messages:
                    return found, upgraded, rest
        except HttpProcessingError as error:
            self.broken = error
            return found, False, b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)


def _is_all_of(data: bytes, payload: StreamReader) -> bool:
    """Whether `data`, which begins with a head, holds that and the whole body, as it is, and nothing else."""
    return payload.is_eof() and len(data) == data.find(END) + len(END) + payload.total_bytes
