"""What deliveries are answered with, in bytes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson

from harness.adapters.server.requests import RawReply
from harness.core.delivery import Delivery, Fault, Respond
from harness.core.destinations.kinds import KINDS


def raw_reply(delivery: Delivery) -> RawReply:
    """The reply that was decided for `delivery`."""
    reply = delivery.reply
    if isinstance(reply, Fault):
        return RawReply(status=0, body=b"", cut=True)
    if reply.body is None:
        return _acknowledgement(delivery.kind or "event", reply.status, len(delivery.payloads), reply.headers)
    return RawReply(status=reply.status, body=written(reply.body), headers=reply.headers)


@lru_cache(maxsize=1024)
def _acknowledgement(kind: str, status: int, payloads: int, headers: tuple[tuple[str, str], ...]) -> RawReply:
    body = written(KINDS[kind].acknowledge(Respond(status=status), payloads))
    return RawReply(status=status, body=body, headers=headers)


def written(document: Any) -> bytes:
    """JSON that ends its line, so that in a terminal the next answer begins on one of its own."""
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
