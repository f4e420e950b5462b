"""Replies that say why they are what they are."""

from __future__ import annotations

from msgspec.structs import replace

from harness.core.delivery import Reply, Respond


def because(reply: Reply, reason: str) -> Reply:
    """`reply` with `reason`, in front of any that it has already."""
    if reply.because:
        reason = f"{reason}; {reply.because}"
    if not isinstance(reply, Respond):
        return replace(reply, because=reason)
    return Respond(  # one is made for each answer of a destination that is down: `replace` takes three times as long
        status=reply.status,
        items=reply.items,
        body=reply.body,
        text=reply.text,
        headers=reply.headers,
        latency=reply.latency,
        dribble=reply.dribble,
        because=reason,
    )
