"""Faults in retries: what is tried again, with what, how soon, and how long."""

from __future__ import annotations

import json
from collections.abc import Callable

from harness.core.instants import MINUTE, SECOND, Duration, Instant, isoformat
from harness.core.retry_after import told_wait
from harness.engage.faulty import Call, Fault
from harness.engage.payloads import encode
from harness.engage.retries import Answer, Outcome

_ATTEMPTS = 5


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


def _new_context(call: Call, now: Instant) -> None:
    call["context"] = {**call["context"], "retried": True}


def _never(outcome: Outcome, attempt: int) -> bool:
    return False


def _once(outcome: Outcome, attempt: int) -> bool:
    return outcome.retried and attempt == 1


def _whatever_comes(outcome: Outcome, attempt: int) -> bool:
    return not outcome.accepted and attempt < _ATTEMPTS


def _even(status: int) -> Callable[[Outcome, int], bool]:
    """Retries as is right, and after `status` too."""

    def retries(outcome: Outcome, attempt: int) -> bool:
        also = isinstance(outcome, Answer) and outcome.status == status and attempt < _ATTEMPTS
        return outcome.retried or also

    return retries


def _not_after(status: int) -> Callable[[Outcome, int], bool]:
    """Retries as is right, but not after `status`."""

    def retries(outcome: Outcome, attempt: int) -> bool:
        return outcome.retried and not (isinstance(outcome, Answer) and outcome.status == status)

    return retries


def _not_after_failures(outcome: Outcome, attempt: int) -> bool:
    return outcome.retried and isinstance(outcome, Answer)


def _even_accepted(outcome: Outcome, attempt: int) -> bool:
    return outcome.retried or (outcome.accepted and attempt < _ATTEMPTS)


def _unasked(wait: Duration, outcome: Outcome) -> Duration:
    """A quarter of what the answer asks for."""
    told = isinstance(outcome, Answer) and bool(told_wait(outcome.headers.items(), 0))
    return min(wait // 4, 20 * SECOND) if told else wait


def _at_once(wait: Duration, outcome: Outcome) -> Duration:
    """No wait but what the answer asks for."""
    return (told_wait(outcome.headers.items(), 0) if isinstance(outcome, Answer) else None) or 0


def _every_minute(wait: Duration, outcome: Outcome) -> Duration:
    told = told_wait(outcome.headers.items(), 0) if isinstance(outcome, Answer) else None
    return max(told or 0, MINUTE)


RETRY_FAULTS = (
    Fault(
        name="retry-with-new-message-id",
        sentence="A retry has another `messageId` than the attempt before.",
        rule="retry-same-message",
        again=_again(_new_message_id),
    ),
    Fault(
        name="retry-with-new-timestamp",
        sentence="A retry has the time of the attempt for its `timestamp`.",
        rule="retry-same-message",
        again=_again(_new_timestamp),
    ),
    Fault(
        name="retry-with-other-content",
        sentence="A retry says in its `context` that it is one.",
        rule="retry-same-message",
        again=_again(_new_context),
    ),
    Fault(
        name="whole-batch-again",
        sentence="A batch of which some items failed is sent again as a whole.",
        rule="retry-same-message",
        whole_batches=True,
    ),
    Fault(
        name="never-retried",
        sentence="What is not accepted at the first attempt is given up.",
        rule="retry-policy",
        retries=_never,
    ),
    Fault(
        name="given-up-early",
        sentence="What is not accepted at the second attempt is given up.",
        rule="retry-policy",
        retries=_once,
    ),
    Fault(
        name="unavailable-not-retried",
        sentence="A 503 is taken for a final failure.",
        rule="retry-policy",
        retries=_not_after(503),
    ),
    Fault(
        name="cut-connection-not-retried",
        sentence="A connection that breaks, or an answer that never comes, is taken for a final failure.",
        rule="retry-policy",
        retries=_not_after_failures,
    ),
    Fault(
        name="refusals-retried",
        sentence="Final refusals such as 400 are tried again, up to five times.",
        rule="retry-policy",
        retries=_whatever_comes,
    ),
    Fault(
        name="unsupported-retried",
        sentence="A 501 is tried again, up to five times.",
        rule="retry-policy",
        retries=_even(501),
    ),
    Fault(
        name="retry-after-ignored",
        sentence="An answer's `Retry-After` is not waited for.",
        rule="retry-policy",
        wait=_unasked,
    ),
    Fault(
        name="retried-at-once",
        sentence="Retries come at once, without a back-off.",
        rule="retry-policy",
        wait=_at_once,
        retries=lambda outcome, attempt: outcome.retried and attempt < 50,
    ),
    Fault(
        name="retried-every-minute",
        sentence="Retries come every minute, and waits do not grow.",
        rule="retry-policy",
        wait=_every_minute,
    ),
    Fault(
        name="window-ignored",
        sentence="Retries go on for half a day after the window.",
        rule="retry-policy",
        endless=True,
    ),
    Fault(
        name="accepted-sent-again",
        sentence="What was accepted is sent again, up to five times.",
        rule=None,
        retries=_even_accepted,
    ),
)
