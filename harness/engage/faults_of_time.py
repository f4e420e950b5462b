"""Faults in what happens too early, too late or too often: exits and re-entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.core.calls import subject
from harness.core.instants import DAY, Duration
from harness.engage.faulty import Call, Fault, Sending

_NEVER: Duration = 36_500 * DAY


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
