"""The control API's view of the server as a whole: health, what was never recorded, figures, and its description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aiohttp import web

from harness.adapters.server.answers import json_answer
from harness.adapters.server.asking import Controlled
from harness.adapters.server.docs_page import SECURITY, docs_page
from harness.adapters.server.metrics import Metrics
from harness.adapters.server.openapi import openapi_document
from harness.adapters.server.routes import API, NOTHING, Answer, Route, ok
from harness.adapters.server.state import lost_state, refused_state

_TAG: Final = "Server"


class ServiceControl:
    """Tells how the server is, what it could not record, and what can be asked of it."""

    def __init__(self, server: Controlled, streams: Callable[[], int]) -> None:
        """Serve what `server` holds; `streams` tells how many streams are open."""
        self._server = server
        self._metrics = Metrics(server, streams)

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                method="GET", path="/_harness/healthz", handler=self._alive, tag=_TAG, summary="Tell that it is alive",
                answers=ok("Health", "It is."),
            ),
            Route(
                method="GET", path="/_harness/readyz", handler=self._alive, tag=_TAG,
                summary="Tell that it is ready: bound, its schemas loaded", answers=ok("Health", "It is."),
            ),
            Route(
                method="GET", path="/_harness/metrics", handler=self._figures, tag=_TAG,
                summary="Figures for Prometheus",
                answers={200: Answer(description="Prometheus' text format, or OpenMetrics.", media="text/plain")},
            ),
            Route(
                method="GET", path="/_harness/openapi.json", handler=self._openapi, tag=_TAG,
                summary="This description", answers=ok("OpenApi", "An OpenAPI 3.1 document."),
            ),
            Route(
                method="GET", path="/_harness/docs", handler=self._docs, tag=_TAG,
                summary="This description, for people", answers={200: Answer(description="A page.", media="text/html")},
            ),
            Route(
                method="GET", path=API + "/refused", handler=self._refused, tag=_TAG,
                summary="List what could not be read as HTTP", answers=ok("Refused", "The requests, oldest first."),
            ),
            Route(
                method="DELETE", path=API + "/refused", handler=self._forget_refused, tag=_TAG,
                summary="Forget what could not be read as HTTP", answers=NOTHING,
            ),
            Route(
                method="GET", path=API + "/lost", handler=self._lost, tag=_TAG,
                summary="List what came for runs that are not there", answers=ok("Lost", "The requests, oldest first."),
            ),
        ]  # fmt: skip

    async def _alive(self, request: web.Request) -> web.StreamResponse:
        return json_answer({"status": "ok"})

    async def _figures(self, request: web.Request) -> web.StreamResponse:
        body, content_type = self._metrics.text(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _openapi(self, request: web.Request) -> web.StreamResponse:
        return json_answer(openapi_document(self._server.routes))

    async def _docs(self, request: web.Request) -> web.StreamResponse:
        page = docs_page(openapi_document(self._server.routes))
        return web.Response(text=page, content_type="text/html", headers=SECURITY)

    async def _refused(self, request: web.Request) -> web.StreamResponse:
        return json_answer(refused_state(self._server.refusals))

    async def _forget_refused(self, request: web.Request) -> web.StreamResponse:
        self._server.forget_refused()
        return web.Response(status=204)

    async def _lost(self, request: web.Request) -> web.StreamResponse:
        return json_answer(lost_state(self._server.runs))
