"""What faults are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from harness.engage.faulty import Call, Sending


def change(bend: Callable[[Call, Sending], None]) -> Callable[[Call, Sending], Sequence[Call]]:
    """A bend of calls that changes each of them with `bend`, and sends it once."""

    def bent(call: Call, sending: Sending) -> Sequence[Call]:
        bend(call, sending)
        return (call,)

    return bent


def assign(**members: Any) -> Callable[[Call, Sending], Sequence[Call]]:
    """A bend of calls that gives each of them these members."""
    return change(lambda call, _: call.update(members))


def set_personas(call: Call, **members: str | None) -> None:
    """Change members of `context.personas`; None takes one out."""
    details = {**call["context"]["personas"], **members}
    call["context"]["personas"] = {name: value for name, value in details.items() if value is not None}


def set_membership(call: Call, sending: Sending, value: Any) -> None:
    """Make `value` the membership value."""
    call["properties" if call["type"] == "track" else "traits"][sending.step.key] = value
