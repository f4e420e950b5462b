"""Event destinations: they take calls, one at a time or as a JSON array."""

from __future__ import annotations

from typing import Any

from harness.core.destinations.bodies import Unpacked, described, is_sync_document, malformed, wrong_kind


def unpack_calls(document: Any, *, receiver: str = "an event") -> Unpacked:
    """The calls in a body: the object itself, or each item of an array."""
    if type(document) is dict:
        return _members_refused(receiver) if is_sync_document(document) else Unpacked(payloads=(document,))
    if not isinstance(document, list):
        return malformed(
            "the body is neither a call nor an array of calls", "an object or an array", described(document)
        )
    for index, item in enumerate(document):
        if not isinstance(item, dict):
            return malformed(f"item {index} of the array is not a call", "an object", described(item))
        if is_sync_document(item):
            return _members_refused(receiver)
    if not document:
        return malformed("the array holds no call", "at least one call", "an empty array")
    return Unpacked(payloads=tuple(document))


def _members_refused(receiver: str) -> Unpacked:
    return wrong_kind(f"a list sync document was sent to {receiver} destination", "a call", "a list sync document")
