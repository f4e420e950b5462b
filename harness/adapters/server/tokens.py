"""The token that the control API demands where a server is told one."""

from __future__ import annotations

import hmac
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from harness.adapters.server.problems import Refused

OPEN: Final = frozenset({"/_harness/healthz", "/_harness/readyz", "/_harness/openapi.json", "/_harness/docs"})
"""What is told without the token: whether the server is there, and what can be asked of it, which is no secret."""
_CONTROL: Final = "/_harness/"
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="journey-harness"'}


def demands_token(path: str) -> bool:
    """Whether the route at `path`, as OpenAPI writes it, is behind the token of a server that has one."""
    return path.startswith(_CONTROL) and path not in OPEN


def token_demanded(token: str) -> Middleware:
    """A middleware that refuses with 401 what asks the control API without `token`; senders need none."""
    wanted = token.encode("utf-8", "surrogateescape")

    @web.middleware
    async def demanded(request: web.Request, handler: Handler) -> web.StreamResponse:
        # By the route that was found: a path can be written in many ways, and where there is none there is no harm.
        resource = request.match_info.route.resource
        if resource is not None and demands_token(resource.canonical) and not _has(request, wanted):
            raise Refused(
                401,
                "the control API of this server demands its token",
                "send the header `Authorization: Bearer TOKEN`, with what `harness serve --token` was given",
                _CHALLENGE,
            )
        return await handler(request)

    return demanded


def _has(request: web.Request, wanted: bytes) -> bool:
    scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    same = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), wanted)
    return same and scheme.lower() == "bearer"
