"""HTTP for the asynchronous client."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import orjson

from harness.client.calls import Call, server_url
from harness.client.errors import api_error, unreachable

if TYPE_CHECKING:
    import aiohttp

__tracebackhide__ = True  # pytest shows the line of the test that asks
T = TypeVar("T")


class Sessions:
    """Sends requests to one server, over connections that are kept until `close`."""

    def __init__(self, url: str, timeout: float, headers: Mapping[str, str], tls: ssl.SSLContext | None = None) -> None:
        """ValueError where `url` is none of a server."""
        self.url = server_url(url)
        self._timeout = timeout
        self._tls = tls
        self._headers = dict(headers)
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, call: Call[T]) -> T:
        """What the server answers to `call`; ApiError where it refuses, Unreachable where nobody answers."""
        headers, body = dict(self._headers), None
        if call.json is not None:
            headers["Content-Type"] = "application/json"
            body = orjson.dumps(call.json)
        async with self._answer(call.method, call.path, headers, body, self._timeout + call.seconds) as response:
            content = await response.read()
        if not content:
            return call.read(None)
        try:
            document = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise api_error(response.status, content) from None
        return call.read(document)

    @asynccontextmanager
    async def lines(self, path: str, headers: Mapping[str, str], silent: float) -> AsyncIterator[AsyncIterator[bytes]]:
        """The lines of an answer as they come; Unreachable where it breaks off, or is `silent` for so many seconds."""
        async with self._answer("GET", path, {**self._headers, **headers}, None, None, silent=silent) as response:
            yield _lines(response)

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, total: float | None,
        *, silent: float | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:  # fmt: skip
        """The answer to one request that the server did not refuse."""
        import aiohttp  # only now: the synchronous client does without

        timeout = aiohttp.ClientTimeout(total=total, sock_read=silent)
        try:
            async with self._open().request(
                method, self.url + path, headers=headers, data=body, timeout=timeout, allow_redirects=False
            ) as response:
                if response.status >= 400:
                    raise api_error(response.status, await response.read())
                yield response
        except TimeoutError:
            raise unreachable(self.url, f"no answer within {total or silent:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(self.url, error) from None

    def _open(self) -> aiohttp.ClientSession:
        import aiohttp  # as above

        if self._session is None or self._session.closed:
            connector = None if self._tls is None else aiohttp.TCPConnector(ssl=self._tls)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    async def close(self) -> None:
        """Close its connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


async def _lines(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The lines of an answer, however long."""
    rest = b""
    async for chunk in response.content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
