"""Segment's HTTP Tracking API, so that unmodified client libraries can send: `/v1/track`, `/v1/batch` and the like."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson
from aiohttp import web

from harness.adapters.server.bodies import read_body
from harness.adapters.server.problems import problem
from harness.adapters.server.requests import DEFAULT_RUN, Limits
from harness.adapters.server.runs import Runs
from harness.adapters.server.sources import BATCH_BYTES, BATCH_CALLS, CALL_BYTES, Sources
from harness.core.calls import CALL_TYPES

BATCHES = ("batch", "import")


class TrackingApi:
    """Takes calls in for the sources of each run."""

    def __init__(self, runs: Runs, limits: Limits) -> None:
        """Serve `runs`."""
        self._runs = runs
        self._limits = limits

    def routes(self) -> list[web.RouteDef]:
        """Its routes, in the default run and in any other."""
        types = "|".join((*CALL_TYPES, *BATCHES))
        return [
            web.post(f"{prefix}/v1/{{type:{types}}}", self._take) for prefix in ("", "/runs/{run}")
        ]

    async def _take(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info.get("run", DEFAULT_RUN)
        run = self._runs.get(name)
        if run is None:
            return problem(410, f"there is no run {name!r}", "open it first, or check the path")
        body, defect = await read_body(request, self._limits, None)
        if defect is not None:
            run.sources.refused["bad_request"] += 1
            return problem(defect.status, defect.message, f"expected {defect.expected}, got {defect.actual}")
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            run.sources.refused["bad_request"] += 1
            return problem(400, "the body is not JSON", str(error))
        return self._take_document(run.sources, request, document, len(body))

    def _take_document(self, sources: Sources, request: web.Request, document: Any, size: int) -> web.Response:
        if not isinstance(document, dict):
            sources.refused["bad_request"] += 1
            return problem(400, "the body is not an object", "send one call, or {batch: […]}")
        call_type = request.match_info["type"]
        write_key = _write_key(request) or str(document.get("writeKey") or "")
        if call_type not in BATCHES:
            if max(size, _size(document)) > CALL_BYTES:
                sources.refused["bad_request"] += 1
                return problem(400, "the call is too large", f"{size} bytes; {CALL_BYTES} are allowed")
            sources.take({**document, "type": call_type}, write_key, {})
            return web.json_response({"success": True})
        return self._take_batch(sources, document, write_key, size)

    def _take_batch(self, sources: Sources, document: dict[str, Any], write_key: str, size: int) -> web.Response:
        calls = document.get("batch")
        if not isinstance(calls, list):
            sources.refused["empty_batch"] += 1
            return problem(400, "the body has no array `batch`", "send {batch: [call, …]}")
        if size > BATCH_BYTES:
            sources.refused["bad_request"] += len(calls)
            return problem(400, "the batch is too large", f"{size} bytes; {BATCH_BYTES} are allowed")
        if len(calls) > BATCH_CALLS:
            sources.refused["bad_request"] += len(calls)
            return web.json_response({"success": True})  # as Segment does: answered 200, and not taken in
        for call in calls:
            if _size(call) > CALL_BYTES:
                sources.refused["bad_request"] += 1
            else:
                sources.take(call, write_key, document)
        return web.json_response({"success": True})


def _size(call: Any) -> int:
    """The bytes of a call as JSON; more than any limit where it is nested too deeply to be written."""
    try:
        return len(orjson.dumps(call))
    except orjson.JSONEncodeError:
        return BATCH_BYTES


def _write_key(request: web.Request) -> str:
    """The write key of basic authentication, which comes as the user name; empty where there is none."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
