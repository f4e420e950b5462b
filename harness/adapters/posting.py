"""Posts bodies to destinations, past any system under test."""

from __future__ import annotations

import io
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import aiohttp

_TIMEOUT_SECONDS = 30.0
_LARGE = 1024 * 1024
_CUT = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError, aiohttp.ClientResponseError)


def sendable(body: bytes) -> bytes | io.BytesIO:
    """`body` as aiohttp wants it: of large bytes it warns, though they are no slower to send."""
    return body if len(body) < _LARGE else io.BytesIO(body)


class NotPosted(Exception):
    """A body may not have arrived; the message says where and why."""


class Poster:
    """Posts over connections that it keeps while it is open: `async with Poster() as poster`."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post `body`; whatever the answer, and be it a cut connection, the destination has recorded it.

        Raises NotPosted where it may not have.
        """
        try:
            async with self._client().post(
                url, data=sendable(body), headers=headers, allow_redirects=False
            ) as response:
                await response.read()
        except aiohttp.ClientConnectorError as error:
            raise NotPosted(f"{url} cannot be reached: {error}") from None
        except _CUT:
            return  # the destination was told to cut the connection, or to answer what is no HTTP
        except TimeoutError:
            raise NotPosted(f"{url} gave no answer within {_TIMEOUT_SECONDS:g} s; do the headers fit?") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise NotPosted(f"{url}: this cannot be sent: {error}; correct `headers:`") from None

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session
