"""Hands deliveries on to endpoints that somebody develops."""

from __future__ import annotations

import os
import re
import socket
import ssl

import aiohttp

from harness.adapters.posting import sendable
from harness.adapters.server.requests import RawReply, RawRequest

TIMEOUT_SECONDS = 10.0
_LARGEST_ANSWER = 10 * 1024 * 1024
_OWN = frozenset(
    b"host content-length content-encoding transfer-encoding connection keep-alive expect te trailer upgrade "
    b"accept-encoding".split()
)
"""Headers that belong to one connection, or to a body before its decoding."""
_RELAYED = ("Retry-After", "Location", "WWW-Authenticate")
"""Headers of an answer that tell its sender what to do next."""
_BELOW = re.compile(r"(?:[^/]*//[^/]*)?(?:/runs/[^/]*)?/destinations/[^/?#]*([^#]*)")


_ERRNO = re.compile(r"\[Errno (\d+)\]")
"""In the message of an error that stands for several: one for each address that a name has."""
_OTHER_NUMBERS = (socket.gaierror, ssl.SSLError)
"""Errors whose numbers are not those of the operating system."""


class Unreachable(Exception):
    """An endpoint gave no usable answer; the message says where and why."""


class Forwarder:
    """Posts to endpoints, over connections that it keeps until `close`."""

    def __init__(self, seconds: float = TIMEOUT_SECONDS) -> None:
        """Connect to nothing yet; an endpoint has so many `seconds` to answer."""
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, request: RawRequest) -> RawReply:
        """What the endpoint at `url` answers to `request`, whatever that is; Unreachable where it does not answer.

        What the request's path has below its destination is appended to `url`.
        """
        target = url + _below(request.path)
        try:
            async with self._client().request(
                request.method, target, data=sendable(request.body), headers=_headers(request), allow_redirects=False
            ) as response:
                return await _reply(target, response)
        except TimeoutError:
            raise Unreachable(f"{target} gave no answer within {self._seconds:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(f"{target} cannot be reached: {_reason(error)}; start it, or correct `url:`") from None

    async def close(self) -> None:
        """Close its connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._seconds), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


def _reason(error: Exception) -> str:
    """Why a connection failed, in the words of the operating system where it has any; aiohttp adds its own settings."""
    cause = _cause(error)
    if isinstance(cause, _OTHER_NUMBERS):
        return cause.strerror or str(cause)
    numbers = [int(number) for number in _ERRNO.findall(str(cause))]
    if isinstance(cause, OSError) and cause.errno:
        numbers = [cause.errno]
    return " and ".join(dict.fromkeys(os.strerror(number).lower() for number in numbers)) or str(cause)


def _cause(error: Exception) -> Exception:
    """What lies below an error of aiohttp."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return error.certificate_error
    return error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error


def _below(path: str) -> str:
    """What follows the destination's name in `path`, the query included."""
    found = _BELOW.match(path)
    return found[1] if found and found[1] != "/" else ""


def _headers(request: RawRequest) -> list[tuple[str, str]]:
    """The headers that the endpoint is to see as they came."""
    passed = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in request.headers if k.lower() not in _OWN]
    return [*passed, ("Accept-Encoding", "identity")]


async def _reply(target: str, response: aiohttp.ClientResponse) -> RawReply:
    body = await _body(response)
    if len(body) > _LARGEST_ANSWER:
        raise Unreachable(f"{target} answers with more than {_LARGEST_ANSWER} bytes; send less")
    if response.status < 200:
        raise Unreachable(f"{target} answers with status {response.status}, which is no final answer")
    relayed = [(name, response.headers[name]) for name in _RELAYED if name in response.headers]
    return RawReply(
        status=response.status,
        body=body,
        content_type=_sendable(response.headers.get("Content-Type", "")) or "application/octet-stream",
        headers=tuple((name, _sendable(value)) for name, value in relayed),
    )


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """The body, to one byte more than is allowed."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > _LARGEST_ANSWER:
            break
    return bytes(body)


def _sendable(value: str) -> str:
    """A header's value without what cannot be written again."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
