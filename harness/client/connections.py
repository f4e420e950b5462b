"""HTTP for the synchronous client: connections that are kept, and opened anew where the server closed them."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import orjson

from harness.client.calls import Call, server_url
from harness.client.errors import api_error, unreachable

__tracebackhide__ = True  # pytest shows the line of the test that asks
T = TypeVar("T")
_BROKEN: Final = (OSError, http.client.HTTPException)
_KEPT: Final = 8


class Connections:
    """Sends requests to one server; each thread that asks at the same time has a connection of its own."""

    def __init__(self, url: str, timeout: float, headers: Mapping[str, str], tls: ssl.SSLContext | None = None) -> None:
        """ValueError where `url` is none of a server."""
        self.url = server_url(url)
        parts = urlsplit(self.url)
        self._secure = parts.scheme == "https"
        self._tls = tls
        self._host = parts.hostname or ""
        self._port = parts.port
        self._prefix = parts.path
        self._timeout = timeout
        self._headers = dict(headers)
        self._idle: list[http.client.HTTPConnection] = []

    def ask(self, call: Call[T]) -> T:
        """What the server answers to `call`; ApiError where it refuses, Unreachable where nobody answers."""
        headers, body = dict(self._headers), None
        if call.json is not None:
            headers["Content-Type"] = "application/json"
            body = orjson.dumps(call.json)
        status, content = self._exchange(call.method, call.path, headers, body, self._timeout + call.seconds)
        if status >= 400:
            raise api_error(status, content)
        return call.read(_document(status, content))

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def lines(self, path: str, headers: Mapping[str, str], silent: float) -> Iterator[Iterator[bytes]]:
        """The lines of an answer as they come; Unreachable where it breaks off, or is `silent` for so many seconds."""
        connection = self._connection(silent)
        try:
            connection.request("GET", self._prefix + path, headers={**self._headers, **headers})
            response = connection.getresponse()
            if response.status >= 400:
                raise api_error(response.status, response.read())
            yield response
        except _BROKEN as error:
            raise unreachable(self.url, error) from None
        finally:
            connection.close()

    def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout: float
    ) -> tuple[int, bytes]:
        """Status and body; a connection that the server has closed since its last use is opened anew.

        That may send a request twice. All that the API takes may come twice.
        """
        while self._idle:
            try:
                return self._over(self._idle.pop(), method, path, headers, body, timeout)
            except TimeoutError as error:
                raise unreachable(self.url, f"no answer within {timeout:g} s") from error
            except (*_BROKEN, IndexError):
                continue
        try:
            return self._over(self._connection(timeout), method, path, headers, body, timeout)
        except TimeoutError as error:
            raise unreachable(self.url, f"no answer within {timeout:g} s") from error
        except _BROKEN as error:
            raise unreachable(self.url, error) from None

    def _over(
        self, connection: http.client.HTTPConnection, method: str, path: str, headers: Mapping[str, str],
        body: bytes | None, timeout: float,
    ) -> tuple[int, bytes]:  # fmt: skip
        """Status and body of a request over one connection, which is kept for the next, or closed where it broke."""
        try:
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            connection.request(method, self._prefix + path, body=body, headers=dict(headers))
            response = connection.getresponse()
            answer = response.status, response.read()
        except BaseException:
            connection.close()
            raise
        if response.will_close or len(self._idle) >= _KEPT:
            connection.close()
        else:
            self._idle.append(connection)
        return answer

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if not self._secure:
            return http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        self._tls = self._tls or ssl.create_default_context()  # kept, since making one takes a while
        return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._tls)


def _document(status: int, content: bytes) -> Any:
    """The JSON of an answer; None where it has no content, ApiError where that is no JSON."""
    if not content:
        return None
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise api_error(status, content) from None
