"""Answers that are written while they are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from aiohttp import hdrs, web

_PIECE: Final = 64 * 1024
"""Bytes that are written at once."""


async def streamed(request: web.Request, pieces: Iterable[bytes], media: str) -> web.StreamResponse:
    """Answer with `pieces`, joined as far as is worth a write."""
    response = web.StreamResponse()
    response.content_type = media
    if media.startswith("text/"):
        response.charset = "utf-8"
    joined = _joined(pieces)
    first = next(joined, b"")  # before the head leaves: a ledger that cannot be read is a problem, not half an answer
    await response.prepare(request)
    if request.method != hdrs.METH_HEAD:
        await response.write(first)
        for piece in joined:
            await response.write(piece)
    return response


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        if len(buffer) >= _PIECE:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)
