"""Searching in what was sent."""

from __future__ import annotations

import orjson

from harness.core.delivery import Delivery


def contains(delivery: Delivery, text: str) -> bool:
    """Whether the body has `text` in it, in whatever case, and however its characters were escaped."""
    wanted, body = text.casefold(), delivery.arrival.body
    if wanted in body.decode("utf-8", "replace").casefold():
        return True
    # A search for café finds what was sent as caf\\u00e9.
    return b"\\" in body and wanted in _unescaped(delivery).casefold()


def _unescaped(delivery: Delivery) -> str:
    try:
        return orjson.dumps(list(delivery.payloads), option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:  # such as integers beyond 64 bits
        return ""
