"""Segment's HTTP Tracking API, so that unmodified client libraries can send: `/v1/track`, `/v1/batch` and the like."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web
from msgspec.structs import replace

from harness.adapters.clocks import wall_clock
from harness.adapters.server.all_runs import Runs
from harness.adapters.server.answers import json_answer
from harness.adapters.server.bodies import read_body
from harness.adapters.server.problems import problem
from harness.adapters.server.replies import send
from harness.adapters.server.requests import DEFAULT_RUN, Limits, RawReply, RawRequest
from harness.adapters.server.routes import Route, ok
from harness.adapters.server.runs import Run
from harness.adapters.server.sources import Sources
from harness.core.calls import CALL_TYPES
from harness.core.delivery import Defect
from harness.core.destinations.bodies import Unpacked, load
from harness.core.destinations.destination import SOURCE
from harness.core.destinations.sources import BATCHES
from harness.core.instants import SECOND


class TrackingApi:
    """Takes calls in for the sources of each run."""

    def __init__(self, runs: Runs, limits: Limits) -> None:
        """Serve `runs`."""
        self._runs = runs
        self._limits = limits

    def routes(self) -> list[Route]:
        """Its routes, in the default run and in any other."""
        forms = {**dict.fromkeys(CALL_TYPES, "Call"), **dict.fromkeys(BATCHES, "Batch")}
        return [
            Route(
                method="POST", path=f"{prefix}/v1/{name}", handler=self._take, tag="Sources", body=form,
                summary=f"Take {'calls' if name in BATCHES else f'a call of type {name}'} in, as Segment does",
                detail="The user of basic authentication is the write key, which names the source. A call that is not "
                "taken in is answered 200 too; the run counts it by reason.",
                answers=ok("Taken"), problems=(400, 410, 413, 415),
            )
            for prefix in ("", "/runs/{run}")
            for name, form in forms.items()
        ]  # fmt: skip

    async def _take(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info.get("run", DEFAULT_RUN)
        body, defect = await read_body(request, self._limits)
        run = self._runs.get(name)
        if run is None:
            lost = self._runs.lose(_raw(request, name, body, defect))
            return problem(410, lost, "open it with PUT /_harness/v1/runs/NAME, or check the path")
        run.asked_at = wall_clock()
        source = run.destinations.get(_write_key(request) or _stated_key(body))
        if source is not None and source.kind == SOURCE:
            return await _play(run, request, replace(_raw(request, name, body, defect), destination=source.name))
        if defect is not None:
            run.sources.refused["bad_request"] += 1
            return problem(defect.status, defect.message, f"expected {defect.expected}, got {defect.actual}")
        document = load(body)
        if isinstance(document, Unpacked):
            run.sources.refused["bad_request"] += 1
            (fault,) = document.violations
            return problem(400, fault.message, f"expected {fault.expected}, got {fault.actual}")
        return self._take_document(run, request, document, len(body))

    def _take_document(self, run: Run, request: web.Request, document: Any, size: int) -> web.Response:
        sources, limits = run.sources, run.checker.contract.parameters
        if not isinstance(document, dict):
            sources.refused["bad_request"] += 1
            return problem(400, "the body is not an object", "send one call, or {batch: […]}")
        call_type = request.path.rpartition("/")[2]
        write_key = _write_key(request) or _own_key(document)
        if call_type not in BATCHES:
            if size > limits["call_bytes"]:
                sources.refused["bad_request"] += 1
                return problem(400, "the call is too large", f"{size} bytes; {limits['call_bytes']} are allowed")
            sources.take({**document, "type": call_type}, write_key, {})
            return json_answer({"success": True})
        return _take_batch(sources, limits, document, write_key, size)


def _take_batch(
    sources: Sources, limits: Mapping[str, Any], document: dict[str, Any], write_key: str, size: int
) -> web.Response:
    calls = document.get("batch")
    if not isinstance(calls, list):
        sources.refused["empty_batch"] += 1
        return problem(400, "the body has no array `batch`", "send {batch: [call, …]}")
    if size > limits["source_batch_bytes"]:
        sources.refused["bad_request"] += len(calls)
        return problem(400, "the batch is too large", f"{size} bytes; {limits['source_batch_bytes']} are allowed")
    if len(calls) > limits["source_batch_calls"]:
        sources.refused["bad_request"] += len(calls)
        return json_answer({"success": True})  # as Segment does: answered 200, and not taken in
    most = limits["call_bytes"]
    for call in calls:
        if size > most and len(orjson.dumps(call)) > most:
            sources.refused["bad_request"] += 1
        else:
            sources.take(call, write_key, document)
    return json_answer({"success": True})


async def _play(run: Run, request: web.Request, raw: RawRequest) -> web.StreamResponse:
    """Answer as the source is set up to answer; what it accepts is taken in."""
    reply = run.receive(raw)
    if not isinstance(reply, RawReply):
        reply = await reply
    return await send(request, reply, int(raw.arrived_at // SECOND))


def _raw(request: web.Request, run: str, body: bytes, defect: Defect | None) -> RawRequest:
    """The request, as one that is lost is kept."""
    return RawRequest(
        run=run,
        destination="",
        method=request.method,
        path=str(request.rel_url),
        headers=request.raw_headers,
        body=body,
        arrived_at=wall_clock(),
        defect=defect,
    )


def _write_key(request: web.Request) -> str:
    """The write key of basic authentication, which comes as the user name; empty where there is none."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _stated_key(body: bytes) -> str:
    """The write key that a body states, as far as it can be read; empty where it states none."""
    document = load(body) if b'"writeKey"' in body else None
    return _own_key(document) if isinstance(document, dict) else ""


def _own_key(document: dict[str, Any]) -> str:
    """The write key that a body states; empty where it states none."""
    written = document.get("writeKey")
    return written if isinstance(written, str) else ""
