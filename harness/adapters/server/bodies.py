"""Reading a request's body: whole, decoded and bounded, or with the defect that kept it from being so."""

from __future__ import annotations

import asyncio
import zlib
from functools import lru_cache
from typing import Final

from aiohttp import hdrs, web
from aiohttp.http import HttpProcessingError, HttpVersion11

from harness.adapters.server.requests import Limits
from harness.core.delivery import Defect

_DECODABLE: Final = ("gzip", "x-gzip", "deflate", "identity")
_SHOWN: Final = 200
_MEMBERS: Final = 16
"""Parts that one gzip body may consist of; each part costs a copy of the rest."""
_GZIP_WINDOW: Final = 31
_ZLIB_WINDOW: Final = 15
_RAW_WINDOW: Final = -15


class _Undecodable(Exception):
    """A body that is not what its Content-Encoding says."""


class _TooLarge(Exception):
    """A body that is over the limit; carries what was decoded of it."""

    def __init__(self, decoded: bytes) -> None:
        super().__init__("over the limit")
        self.decoded = decoded


async def read_body(
    request: web.BaseRequest, limits: Limits, known: Defect | None = None
) -> tuple[bytes, Defect | None]:
    """The body, decoded, and what was wrong with it; `known` is a defect found before, which goes first.

    Of a body that is too large the first `limits.kept` bytes come back, of a broken one all that came in, undecoded.
    """
    codings = _codings(request)
    defect = known or _expectation(request) or _encoding_defect(codings, limits)
    # Compression makes what cannot be compressed a little larger; the limit is on decoded bytes.
    bound = limits.body + (limits.body // 256 + 1024 if codings else 0)
    if (request.content_length or 0) > bound:
        return b"", defect or _too_large(limits, f"a Content-Length of {request.content_length}")
    if hdrs.EXPECT in request.headers and not request.content.is_eof():
        if defect is not None:
            return b"", defect
        await _continue(request)
    body, broken = await _collect(request, bound, limits)
    defect = defect or broken
    if defect is not None:
        return body, defect
    return _decoded(body, codings, limits)


@lru_cache(maxsize=256)
def type_defect(content_type: str | None) -> Defect | None:
    """None where a Content-Type may announce JSON (`application/json`, `…+json`, `text/plain`, or none), else a 415."""
    name = (content_type or "").partition(";")[0].strip().lower()
    if name in ("", "application/json", "text/json", "text/plain") or (name.count("/") == 1 and name.endswith("+json")):
        return None
    return Defect(
        status=415,
        message="the content type does not announce JSON; send Content-Type: application/json",
        expected="application/json, a type that ends in +json, text/plain, or none",
        actual=shown(content_type or ""),
    )


def shown(text: str) -> str:
    """What a client sent, shortened and made fit for JSON."""
    cleaned = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return cleaned if len(cleaned) <= _SHOWN else cleaned[:_SHOWN] + "…"


async def read_half(request: web.BaseRequest, limits: Limits) -> bytes:
    """Half of the body, where its length was announced; else what comes of it first, undecoded."""
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
        await _continue(request)
    try:
        async with asyncio.timeout(limits.body_seconds):
            if request.content_length is None:
                return await request.content.readany()
            return await request.content.readexactly(min(request.content_length // 2, limits.body))
    except asyncio.IncompleteReadError as error:
        return error.partial
    except (OSError, web.RequestPayloadError, HttpProcessingError):  # a TimeoutError is an OSError
        return b""


async def _collect(request: web.BaseRequest, bound: int, limits: Limits) -> tuple[bytes, Defect | None]:
    """What comes in, up to `bound` bytes and `limits.body_seconds`, undecoded."""
    chunks: list[bytes] = []
    size = 0
    defect: Defect | None = None
    try:
        async with asyncio.timeout(limits.body_seconds):
            while size <= bound and (chunk := await request.content.readany()):
                chunks.append(chunk)
                size += len(chunk)
    except TimeoutError:
        defect = _incomplete(408, f"the whole body within {limits.body_seconds:g} seconds", request, size)
    except (OSError, web.RequestPayloadError, HttpProcessingError):
        defect = _incomplete(400, "the whole body", request, size)
    body = b"".join(chunks)
    if size > bound:
        return body[: limits.kept], _too_large(limits, f"more than {bound}")
    return body, defect


def _incomplete(status: int, expected: str, request: web.BaseRequest, size: int) -> Defect:
    announced = request.content_length
    total = f"{announced} announced" if announced is not None else "an unknown number (chunked)"
    return Defect(
        status=status,
        message="the body ended before it was whole: the connection or its framing broke",
        expected=expected,
        actual=f"{size} bytes of {total}",
    )


def _too_large(limits: Limits, actual: str) -> Defect:
    return Defect(
        status=413,
        message="the body is over the limit; send less at once",
        expected=f"at most {limits.body} bytes after content decoding",
        actual=f"{actual} bytes",
    )


def _expectation(request: web.BaseRequest) -> Defect | None:
    expect = request.headers.get(hdrs.EXPECT)
    if expect is None or expect.lower() == "100-continue":
        return None
    return Defect(
        status=417,
        message="the Expect header asks for what this server cannot do",
        expected="100-continue, or no Expect header",
        actual=shown(expect),
    )


async def _continue(request: web.BaseRequest) -> None:
    """Tell a client that waits for it to send the body."""
    transport = request.transport
    if transport is not None and request.version == HttpVersion11:
        transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _codings(request: web.BaseRequest) -> tuple[str, ...]:
    """The content encodings in the order in which they were applied."""
    values = ",".join(request.headers.getall(hdrs.CONTENT_ENCODING, ()))
    return tuple(name for part in values.split(",") if (name := part.strip().lower()))


def _encoding_defect(codings: tuple[str, ...], limits: Limits) -> Defect | None:
    unknown = [name for name in codings if name not in _DECODABLE]
    if not unknown and len(codings) <= limits.encodings:
        return None
    message = f"the content encoding {shown(unknown[0])!r} is unknown" if unknown else "too many content encodings"
    return Defect(
        status=415,
        message=f"{message}; send gzip, deflate or plain JSON",
        expected=f"at most {limits.encodings} of {', '.join(_DECODABLE)}",
        actual=shown(", ".join(codings)),
    )


def _decoded(body: bytes, codings: tuple[str, ...], limits: Limits) -> tuple[bytes, Defect | None]:
    """`body` with its encodings undone, last applied first."""
    decoded = body
    coding = "identity"
    try:
        for coding in reversed(codings):
            decoded = _undo(coding, decoded, limits.body)
    except _TooLarge as error:
        return error.decoded[: limits.kept], _too_large(limits, f"more than {limits.body}")
    except (_Undecodable, zlib.error) as error:
        return body, Defect(
            status=400,
            message=f"the body is not what its Content-Encoding says: {error}",
            expected=f"a whole {coding} stream",
            actual=f"{len(body)} bytes that cannot be decoded",
        )
    if len(decoded) > limits.body:
        return decoded[: limits.kept], _too_large(limits, str(len(decoded)))
    return decoded, None


def _undo(coding: str, data: bytes, limit: int) -> bytes:
    """`data` decoded once; never holds more than `limit` bytes and one, so that a bomb stops there."""
    if coding == "identity" or not data:
        return data
    if coding == "deflate":
        return _inflate(data, _ZLIB_WINDOW if _has_zlib_header(data) else _RAW_WINDOW, limit)
    return _inflate(data, _GZIP_WINDOW, limit)


def _has_zlib_header(data: bytes) -> bool:
    """Some clients send deflate without the header that the standard demands (RFC 9110, 8.4.1.2)."""
    return data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0


def _inflate(data: bytes, window: int, limit: int) -> bytes:
    decoded = b""
    for _ in range(_MEMBERS):
        stream = zlib.decompressobj(window)
        decoded += stream.decompress(data, limit + 1 - len(decoded))
        if len(decoded) > limit:
            raise _TooLarge(decoded)
        if not stream.eof:
            raise _Undecodable("it ends before its end mark")
        data = stream.unused_data
        if not data:
            return decoded
        if window != _GZIP_WINDOW:
            raise _Undecodable("something follows its end mark")
    raise _Undecodable(f"it has more than {_MEMBERS} parts")
