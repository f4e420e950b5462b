"""A result for each item of a batch."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from harness.core.behaviours.behaviour import Asked, Behaviour, Memory
from harness.core.calls import is_list_entry
from harness.core.delivery import Fault, Reply, Respond

Form: TypeAlias = Literal[207, "multi_status"]


class PerItem(Struct, frozen=True, kw_only=True):
    """Lets each item of a batch have its own result; a call that came alone has its own reply.

    As 207, the body says `{"items": [{"status": 200}, …]}`; as `multi_status`, the reply is 200 with the bare array in
    which Segment's functions answer for a batch.
    """

    each: Behaviour
    """Decides by the item alone."""
    form: Form = 207

    def decide(self, asked: Asked, memory: Memory) -> Reply:
        """The results together; where one of them is no HTTP answer, nor is the whole."""
        replies = [self.each.decide(asked.item(index), memory) for index in range(len(asked.payloads))]
        if not replies:
            return self.each.decide(asked, memory)
        if not _is_batch(asked):
            return replies[0]
        fault = next((reply for reply in replies if isinstance(reply, Fault)), None)
        return fault or self._together([reply for reply in replies if isinstance(reply, Respond)])

    def _together(self, replies: list[Respond]) -> Respond:
        statuses = tuple(reply.status for reply in replies)
        latency = max(reply.latency for reply in replies)
        if self.form == "multi_status":
            body: Any = [_result(reply, "errormessage") for reply in replies]
            return Respond(status=200, items=statuses, body=body, latency=latency)
        failed = any(status >= 300 for status in statuses)
        body = {"success": not failed, "items": [_result(reply, "error") for reply in replies]}
        return Respond(status=207, items=statuses, body=body, latency=latency)


def _result(reply: Respond, reason: str) -> dict[str, Any]:
    status = reply.status
    if status < 300:
        return {"status": status}
    return {"status": status, reason: reply.text or _phrase(status)}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status {status}"


def _is_batch(asked: Asked) -> bool:
    """Whether what came is a batch: an array, or a list sync document; a lone call is none."""
    body = asked.arrival.body.lstrip()
    return body[:1] == b"[" or is_list_entry(asked.payloads[0])
