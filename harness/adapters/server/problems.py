"""Errors of the control API, as RFC 9457 problem details."""

from __future__ import annotations

import orjson
from aiohttp import web


def problem(status: int, title: str, detail: str = "") -> web.Response:
    """A problem of that status: what is wrong, and more of it or how to mend it."""
    body = {"type": "about:blank", "status": status, "title": title, **({"detail": detail} if detail else {})}
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/problem+json")
