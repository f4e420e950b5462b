"""Posts bodies to destinations, past any system under test."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import aiohttp

_TIMEOUT_SECONDS = 30.0


class Poster:
    """Posts over connections that it keeps while it is open: `async with Poster() as poster`."""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS), cookie_jar=aiohttp.DummyCookieJar()
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post `body`; whatever the answer, the destination has recorded it."""
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                await response.read()
        except aiohttp.ServerDisconnectedError:
            return  # the destination was told to cut the connection
        except aiohttp.ClientOSError:
            return
