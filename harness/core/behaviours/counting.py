"""What a behaviour counts by: the message, its user, or each arrival."""

from __future__ import annotations

from typing import Literal, TypeAlias

from harness.core.behaviours.behaviour import Asked, Memory
from harness.core.delivery import Payload
from harness.core.members import message_key
from harness.core.users import user_label

Per: TypeAlias = Literal["message", "user", "arrival"]
PER: tuple[Per, ...] = ("message", "user", "arrival")


def counted(per: Per, place: str, asked: Asked, memory: Memory) -> tuple[str, int]:
    """Whom this attempt counts for, and the how-manieth it is; the count is kept under `place`.

    A batch counts for its most-tried message, or for its first user.
    """
    if per == "message":
        return _messages(asked.payloads), asked.attempt
    label = "" if per == "arrival" else _user(asked.payloads)
    memory[place, label] = count = memory.get((place, label), 0) + 1
    return label, count


def _messages(payloads: tuple[Payload, ...]) -> str:
    """The messages in a body, in whatever order they stand."""
    return "\x1f".join(sorted(repr(message_key(payload)) for payload in payloads))


def _user(payloads: tuple[Payload, ...]) -> str:
    return user_label(payloads[0]) if payloads else ""
