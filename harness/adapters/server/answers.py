"""JSON answers of the control API and the tracking API."""

from __future__ import annotations

from typing import Any, Final

import orjson
from aiohttp import web

WRITTEN: Final = orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE
"""How answers are written: each ends its line, so that in a terminal the next begins on one of its own."""


def json_answer(data: Any) -> web.Response:
    """An answer 200 with `data` as JSON."""
    return web.Response(body=orjson.dumps(data, option=WRITTEN), content_type="application/json")
