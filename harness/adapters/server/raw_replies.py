"""From the reply that a destination decided on to what is written for it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import orjson
from msgspec.structs import replace

from harness.adapters.server.requests import Manner, RawReply
from harness.core.clock import Charges, Clock
from harness.core.delivery import Delivery, Fault, Reply, Respond
from harness.core.destinations.kinds import KINDS

_TEXT: Final = "text/plain; charset=utf-8"
_RESET: Final = Manner(fault="reset")


def raw_reply(delivery: Delivery, clock: Clock) -> RawReply:
    """What is written for the reply of `delivery`.

    Where its sender goes by a `clock` that stands still, what the reply takes is charged to it and not waited for.
    """
    reply = delivery.reply
    if isinstance(reply, Fault):
        return _charged(RawReply(status=200, manner=Manner(fault=reply.name, wait=reply.latency)), clock.charges)
    if reply.body is None and reply.text is None:
        raw = _acknowledgement(delivery.kind or "event", reply.status, len(delivery.payloads), reply.headers)
    else:
        raw = _answer(reply)
    if is_plain(reply):
        return raw
    return _charged(replace(raw, manner=Manner(wait=reply.latency, dribble=reply.dribble)), clock.charges)


def is_plain(reply: Reply) -> bool:
    """Whether `reply` is just written, once, at once."""
    return isinstance(reply, Respond) and not reply.latency and not reply.dribble


def _charged(raw: RawReply, charges: Charges | None) -> RawReply:
    """`raw` without its waiting, where that is charged; a sender that would have gone meanwhile gets no reply."""
    manner = raw.manner
    if manner is None or charges is None or charges.patience is None:
        return raw
    if not charges.charge(None if manner.fault == "hang" else manner.wait + manner.dribble):
        return replace(raw, manner=_RESET)
    return replace(raw, manner=None if manner.fault is None else Manner(fault=manner.fault))


def _answer(reply: Respond) -> RawReply:
    """A body of its own, with the content type that it says, or that fits."""
    body = written(reply.body) if reply.text is None else reply.text.encode("utf-8", "replace")
    said = [value for name, value in reply.headers if name.lower() == "content-type"]
    fitting = "application/json" if reply.text is None else _TEXT
    return RawReply(
        status=reply.status,
        body=body,
        content_type=said[-1] if said else fitting,
        headers=tuple(header for header in reply.headers if header[0].lower() != "content-type"),
    )


@lru_cache(maxsize=1024)
def _acknowledgement(kind: str, status: int, payloads: int, headers: tuple[tuple[str, str], ...]) -> RawReply:
    body = KINDS[kind].acknowledge(Respond(status=status), payloads)
    return _answer(Respond(status=status, body=body, headers=headers))


def written(document: Any) -> bytes:
    """JSON that ends its line, so that in a terminal the next answer begins on one of its own."""
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
