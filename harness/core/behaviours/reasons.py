"""Replies that say why they are what they are."""

from __future__ import annotations

from dataclasses import replace

from harness.core.delivery import Reply


def because(reply: Reply, reason: str) -> Reply:
    """`reply` with `reason`, in front of any that it has already."""
    return replace(reply, because=f"{reason}; {reply.because}" if reply.because else reason)
