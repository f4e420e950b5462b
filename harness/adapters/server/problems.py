"""Errors of the control API, as RFC 9457 problem details."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import orjson
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from harness.adapters.server.answers import WRITTEN
from harness.core.documents import DocumentError, DocumentErrors
from harness.core.keeping import LedgerFailed
from harness.core.systems import SystemFailed

_LOG = logging.getLogger("harness.server")


class Refused(Exception):
    """A request cannot be done."""

    def __init__(self, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        """Answer with `status`, what is wrong, and how to mend it."""
        super().__init__(status, title, detail, headers)


def problem(status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """A problem of that status: what is wrong, and more of it or how to mend it."""
    body = {"type": "about:blank", "status": status, "title": title, "detail": detail}
    return web.Response(
        status=status, body=orjson.dumps(body, option=WRITTEN), content_type="application/problem+json", headers=headers
    )


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors as problem details."""
    try:
        return await handler(request)
    except Refused as error:
        return problem(*error.args)
    except (DocumentError, DocumentErrors) as error:
        return problem(400, "the configuration is not right", str(error))
    except SystemFailed as error:
        return problem(400, "the journeys cannot be played", str(error))
    except LedgerFailed as error:
        return problem(503, "the ledger cannot do that now", str(error))
    except (ValueError, OverflowError) as error:
        return problem(400, "the request is not right", str(error))
    except web.HTTPException as error:
        return _http_problem(request, error)
    except Exception:  # noqa: BLE001  # whoever asked gets an answer, and the log has the rest
        _LOG.exception("a request failed: %s %s", request.method, request.path)
        return problem(500, "the harness itself failed", "this is a fault of the harness; its log has the details")


def _http_problem(request: web.Request, error: web.HTTPException) -> web.Response:
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted({*error.allowed_methods, hdrs.METH_OPTIONS}))
        if request.method == hdrs.METH_OPTIONS:
            return web.Response(status=204, headers={hdrs.ALLOW: allowed})
        return problem(405, error.reason, f"allowed here: {allowed}", {hdrs.ALLOW: allowed})
    if isinstance(error, web.HTTPNotFound):
        places = (
            "destinations are at /destinations/NAME, sources at /v1/…, the control API is described at /_harness/docs"
        )
        return problem(404, error.reason, places)
    return problem(error.status, error.reason, "the API is described at /_harness/docs")
