"""Hands deliveries on to endpoints that somebody develops."""

from __future__ import annotations

import aiohttp
import orjson

from harness.adapters.server.requests import RawRequest
from harness.core.delivery import Respond

TIMEOUT_SECONDS = 10.0
_OWN = (b"host", b"content-length", b"content-encoding", b"transfer-encoding", b"connection", b"expect")
"""Headers that belong to one connection, or to a body before its decoding."""


class Unreachable(Exception):
    """An endpoint gave no answer; the message says where and why."""


class Forwarder:
    """Posts to endpoints, over connections that it keeps until `close`."""

    def __init__(self) -> None:
        """Connect to nothing yet."""
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, request: RawRequest) -> Respond:
        """What the endpoint at `url` answers to `request`; Unreachable where it does not answer."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS), cookie_jar=aiohttp.DummyCookieJar()
            )
        headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in request.headers if k.lower() not in _OWN]
        try:
            async with self._session.request(
                request.method, url, data=request.body, headers=headers, allow_redirects=False
            ) as response:
                retry_after = response.headers.get("Retry-After")
                extra = (("Retry-After", retry_after),) if retry_after else ()
                return Respond(status=response.status, body=_read(await response.read()), headers=extra)
        except TimeoutError:
            raise Unreachable(f"{url} gave no answer within {TIMEOUT_SECONDS:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"{url} cannot be reached: {error}; start it, or correct `url:`") from None

    async def close(self) -> None:
        """Close its connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _read(body: bytes) -> object:
    """The answer as JSON; as text where it is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return {"body": body.decode("utf-8", "backslashreplace")}
