"""Faults in what happens again, too early or too late: retries, exits, re-entries."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from harness.core.calls import subject
from harness.core.instants import DAY, Duration, Instant, isoformat
from harness.engage.faulty import Call, Fault, Sending
from harness.engage.payloads import encode
from harness.engage.retries import Outcome

_ATTEMPTS = 5
_NEVER: Duration = 36_500 * DAY


def _again(bend: Callable[[Call, Instant], None]) -> Callable[[bytes, Instant], bytes]:
    """A bend of further attempts that changes calls with `bend`, and leaves lists alone."""

    def bent(body: bytes, now: Instant) -> bytes:
        call = json.loads(body)
        if "type" not in call:
            return body
        bend(call, now)
        return encode(call)

    return bent


def _new_message_id(call: Call, now: Instant) -> None:
    call["messageId"] += f"-{now}"


def _new_timestamp(call: Call, now: Instant) -> None:
    call["timestamp"] = isoformat(now)


def _never(outcome: Outcome, attempt: int) -> bool:
    return False


def _whatever_comes(outcome: Outcome, attempt: int) -> bool:
    return not outcome.accepted and attempt < _ATTEMPTS


def _even_accepted(outcome: Outcome, attempt: int) -> bool:
    return outcome.retried or (outcome.accepted and attempt < _ATTEMPTS)


def _exit_doubled(call: Call, sending: Sending) -> Sequence[Call]:
    if _value(call, sending) != "false":
        return (call,)
    return call, {**call, "messageId": sending.ids.message("exit-doubled", call["messageId"])}


def _exit_alone(call: Call, sending: Sending) -> Sequence[Call]:
    return () if sending.step.journey.exits and _value(call, sending) == "true" else (call,)


def _value(call: Call, sending: Sending) -> Any:
    return subject(call).get(sending.step.key)


def _half(duration: Duration) -> Duration:
    return duration // 2


def _ten_times(duration: Duration) -> Duration:
    return duration * 10


def _at_once(duration: Duration) -> Duration:
    return 0


def _not_ever(duration: Duration) -> Duration:
    return _NEVER


TIME_FAULTS = (
    Fault(
        name="retry-with-new-message-id",
        sentence="A retry has another `messageId` than the attempt before.",
        rule="once-per-entry",
        again=_again(_new_message_id),
    ),
    Fault(
        name="retry-with-new-timestamp",
        sentence="A retry has the time of the attempt for its `timestamp`.",
        rule="message-id-unique",
        again=_again(_new_timestamp),
    ),
    Fault(
        name="never-retried",
        sentence="What is not accepted at the first attempt is given up.",
        rule=None,
        retries=_never,
    ),
    Fault(
        name="refusals-retried",
        sentence="Final refusals such as 400 are tried again, up to five times.",
        rule=None,
        retries=_whatever_comes,
    ),
    Fault(
        name="accepted-sent-again",
        sentence="What was accepted is sent again, up to five times.",
        rule=None,
        retries=_even_accepted,
    ),
    Fault(
        name="exit-too-early",
        sentence="Declared exits and the expiry of ads come after half of their time.",
        rule="exit-after-entry",
        stay=_half,
    ),
    Fault(
        name="exit-too-late",
        sentence="Declared exits and the expiry of ads come after ten times their time.",
        rule=None,
        stay=_ten_times,
    ),
    Fault(
        name="exit-twice",
        sentence="Declared exits are told twice, under two message ids.",
        rule="exit-after-entry",
        calls=_exit_doubled,
    ),
    Fault(
        name="exit-without-entry",
        sentence="Where an exit is declared, only the exit is told, and the entry never was.",
        rule="exit-after-entry",
        calls=_exit_alone,
    ),
    Fault(
        name="re-entry-too-early",
        sentence="Whoever left may come back at once, though the journey declares a wait.",
        rule="once-per-entry",
        absence=_at_once,
    ),
    Fault(
        name="re-entry-never",
        sentence="Nobody may ever come back, though the journey declares that they may.",
        rule=None,
        absence=_not_ever,
    ),
    Fault(
        name="entry-before-condition",
        sentence="Profiles enter by whatever they do, and not only by what the entry condition demands.",
        rule=None,
        unasked=True,
    ),
)
