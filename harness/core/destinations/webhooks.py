"""Webhook destinations: they take bodies in a vendor's own form, one at a time or as a JSON array."""

from __future__ import annotations

from typing import Any

from harness.core.destinations.bodies import Unpacked, described, malformed

WEBHOOK = "webhook"


def unpack_bodies(document: Any) -> Unpacked:
    """The bodies in a request: the object itself, or each item of an array."""
    items = document if isinstance(document, list) else [document]
    if not items:
        return malformed("the array holds nothing", "at least one object", "an empty array")
    for item in items:
        if not isinstance(item, dict):
            return malformed("this is no JSON object, nor an array of them", "an object or an array", described(item))
    return Unpacked(payloads=tuple(items))
