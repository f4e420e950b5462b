"""The control API's exports and imports: a run's deliveries as one stream, out and in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import orjson
from aiohttp import hdrs, web

from harness.adapters.record_files import refuse_record
from harness.adapters.server.answers import json_answer
from harness.adapters.server.asking import Controlled, run_of
from harness.adapters.server.problems import Refused
from harness.adapters.server.routes import JSON, RUN, Answer, Route, ok
from harness.adapters.server.runs import Run
from harness.adapters.server.streaming import streamed
from harness.core.delivery import Delivery
from harness.core.har_export import har_pieces
from harness.core.importing import NotImportable, read_record
from harness.core.keeping import Committing, LedgerFailed
from harness.core.records import delivery_record

_TAG: Final = "Deliveries"
_LINES: Final = "application/x-ndjson"
_GROUP: Final = 256
"""Deliveries that are imported before the first of them must be committed."""
_LONGEST_LINE: Final = 64 * 1024 * 1024
"""Bytes of one record: a body of the largest size, its payloads, and what escaping adds."""


class LedgerControl:
    """Exports and imports deliveries."""

    def __init__(self, server: Controlled) -> None:
        """Serve the runs of `server`."""
        self._server = server

    def routes(self) -> list[Route]:
        """Its routes."""
        lines = Answer(description="One record a line.", media=_LINES)
        archive = Answer(description="An HTTP archive.", media=JSON, schema="Har")
        return [
            Route(
                method="GET", path=RUN + "/export", handler=self._export, tag=_TAG,
                summary="Export all deliveries, one record a line", answers={200: lines}, problems=(404, 503),
            ),
            Route(
                method="GET", path=RUN + "/export.har", handler=self._export_har, tag=_TAG,
                summary="Export all deliveries as an HTTP archive (HAR 1.2)", answers={200: archive},
                problems=(404, 503),
            ),
            Route(
                method="POST", path=RUN + "/import", handler=self._import, tag=_TAG,
                summary="Add deliveries that were exported", detail="They are numbered on from the last. What stands "
                "before a line that is wrong stays imported.", body="Records", body_media=_LINES,
                answers=ok("Imported", "All are imported."), problems=(400, 404, 413, 415, 503),
            ),
        ]  # fmt: skip

    async def _export(self, request: web.Request) -> web.StreamResponse:
        run = run_of(self._server, request)
        option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
        records = (delivery_record(each, run.secret_headers(each.destination)) for each in run.ledger.deliveries())
        return await streamed(request, (orjson.dumps(record, option=option) for record in records), _LINES)

    async def _export_har(self, request: web.Request) -> web.StreamResponse:
        run = run_of(self._server, request)
        return await streamed(
            request, har_pieces(run.ledger.deliveries(), host=request.host, secret=run.secret_headers), JSON
        )

    async def _import(self, request: web.Request) -> web.StreamResponse:
        run = run_of(self._server, request)
        if request.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
            raise Refused(415, "an import is not decompressed", "send it as it is")
        before = run.count
        try:
            await _take(_records(request), run)
        except NotImportable as error:
            raise Refused(400, str(error), f"the {run.count - before} deliveries before it are imported") from None
        return json_answer({"imported": run.count - before})


async def _take(deliveries: AsyncIterator[Delivery], run: Run) -> None:
    """Record `deliveries`, and return once all are kept; LedgerFailed where one is not."""
    waiting: list[Committing] = []
    try:
        async for delivery in deliveries:
            committing = run.adopt(delivery)
            waiting.extend([committing] if committing is not None else [])
            if len(waiting) >= _GROUP:
                await _kept(waiting)
    finally:
        await _kept(waiting)


async def _kept(waiting: list[Committing]) -> None:
    """Return once all of `waiting` are committed, which they are in their order."""
    if waiting:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting[-1].then(lambda _: None if done.done() else done.set_result(None))
        await done
    failures = [each.failure for each in waiting if each.failure is not None]
    waiting.clear()
    if failures:
        raise LedgerFailed(f"not all could be imported: {failures[0]}")


async def _records(request: web.Request) -> AsyncIterator[Delivery]:
    """The deliveries in the body, each read as soon as its line is there."""
    number = 0
    async for line in _lines(request):
        number += 1
        if line.strip():
            yield read_record(line, refuse_record, f"line {number}", request.match_info["run"])


async def _lines(request: web.Request) -> AsyncIterator[bytes]:
    rest = bytearray()
    async for chunk in request.content.iter_any():
        rest += chunk
        if b"\n" in chunk:
            *lines, last = bytes(rest).split(b"\n")
            rest = bytearray(last)
            for line in lines:
                yield line
        if len(rest) > _LONGEST_LINE:
            raise Refused(413, f"a line has more than {_LONGEST_LINE} bytes", "send one record a line")
    yield bytes(rest)
