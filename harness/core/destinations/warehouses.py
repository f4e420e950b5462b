"""Warehouse destinations: they take calls, one at a time, as a JSON array, or as a batch."""

from __future__ import annotations

from typing import Any

from harness.core.destinations.bodies import Unpacked, described, malformed
from harness.core.destinations.events import unpack_calls


def unpack_warehouse_calls(document: Any) -> Unpacked:
    """The calls in a body: the object itself, each item of an array, or each item of `batch`."""
    if isinstance(document, dict) and "batch" in document and "type" not in document:
        calls = document["batch"]
        if not isinstance(calls, list):
            return malformed("`batch` is not an array of calls", "an array", described(calls))
        return unpack_calls(calls, receiver="a warehouse")
    return unpack_calls(document, receiver="a warehouse")
