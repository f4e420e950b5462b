"""Keeps other sites' pages, open in a browser on the same machine, from changing runs or holding streams open."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from harness.adapters.server.problems import Refused

_READING: Final = ("GET", "HEAD", "OPTIONS")
_CONTROL: Final = "/_harness/"


@web.middleware
async def same_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a change from another site's page; what browsers may read, they cannot without CORS headers."""
    if request.method not in _READING and request.path.startswith(_CONTROL):
        refuse_foreign_origin(request)
    return await handler(request)


def refuse_foreign_origin(request: web.Request) -> None:
    """Raise a 403 where the `Origin` header names another site than the request was sent to."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and _site(origin) != request.headers.get(hdrs.HOST, "").lower():
        raise Refused(
            403, "a page of another site asks for this", "open the page from this server, or send no Origin header"
        )


def _site(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
