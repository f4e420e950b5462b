"""Sources: they take what client libraries send to `/v1/…`, a call or a batch, as Segment's Tracking API does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.core.calls import CALL_TYPES
from harness.core.delivery import Payload
from harness.core.destinations.bodies import Unpacked, described, malformed

BATCHES = ("batch", "import")
"""What the paths of batches end with."""
_SHARED = frozenset({"context", "integrations", "sentAt"})
"""What a batch may say for all its calls."""


def unpack_sent(document: Any) -> Unpacked:
    """The calls in a body: the object itself, or each item of its `batch`, with what that says for all of them."""
    shared = document if isinstance(document, dict) and "batch" in document else {}
    calls = shared.get("batch", document)
    calls = calls if isinstance(calls, list) else [calls]
    if not calls:
        return malformed("the batch holds no call", "at least one call", "an empty array")
    for call in calls:
        if not isinstance(call, dict):
            return malformed("this is no call, nor a batch of them", "an object", described(call))
    return Unpacked(payloads=tuple(with_defaults(call, shared) for call in calls))


def with_defaults(call: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The call with what its batch says for all: objects are merged, and the call's own word goes first."""
    whole = dict(call)
    for name in _SHARED & defaults.keys():
        common, own = defaults[name], call.get(name)
        if isinstance(common, dict) and isinstance(own, dict):
            whole[name] = {**common, **own}
        elif own is None:
            whole[name] = common
    return whole


def typed(call: Payload, path: str) -> Payload:
    """The call with the type that the path names, as that of a single call may leave it out."""
    last = path.partition("?")[0].rstrip("/").rpartition("/")[2]
    return {**call, "type": last} if last in CALL_TYPES and "type" not in call else call
