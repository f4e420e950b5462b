"""Client connections that outlive the system that opened them, so that the next one need not open its own."""

from __future__ import annotations

from ssl import SSLContext
from types import TracebackType
from typing import Self

import aiohttp


class Connections:
    """What systems send over, one system after the other, on one event loop: `async with Connections() as kept`.

    `trusted` says which certificates destinations may show.
    """

    def __init__(self, trusted: SSLContext | None = None) -> None:
        self._trusted = trusted
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The session, opened on the loop that first asks for it; it keeps no cookies."""
        if self._session is None:
            # Each system has one request under way; without a limit, none waits for those that hang for others.
            connector = aiohttp.TCPConnector(ssl=self._trusted or True, limit=0)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    async def close(self) -> None:
        """Close them; who asks for the session later opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
