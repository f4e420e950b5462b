"""The delivery pipeline: what is tried again, when, and for how long."""

from __future__ import annotations

from itertools import pairwise

import pytest
from msgspec.structs import replace

from harness.core.authentication import Bearer
from harness.core.instants import HOUR, MINUTE, SECOND, Instant
from harness.engage.errors import SpaceError
from harness.engage.pipeline import Request
from harness.engage.retries import Answer, Breakdown, Outcome
from harness.engage.settings import Settings
from harness.engage.space import Space
from tests.engage.spaces import ALEX, SAM, START, STEP, event, journey, list_, play, space_of

RETRIED = [408, 423, 429, 500, *(status for status in range(502, 512)), 598, 599]


def entered() -> Space:
    """A space in which `alex` has entered a step that sends track calls to `crm`."""
    space = space_of(event("crm"))
    space.publish(journey("crm"))
    space.enter("winback", STEP, ALEX)
    return space


class Log:
    """A destination that notes when requests came, and answers as `replies` says, the last reply again and again."""

    def __init__(self, *replies: Outcome) -> None:
        self.replies = replies
        self.times: list[Instant] = []

    def __call__(self, request: Request, now: Instant) -> Outcome:
        """Note the time and answer."""
        self.times.append(now)
        return self.replies[min(len(self.times), len(self.replies)) - 1]


@pytest.mark.parametrize("status", RETRIED)
def test_a_retryable_status_is_tried_again_with_the_same_bytes(status: int) -> None:
    """After a failure that may pass, the same message is sent again until it is accepted."""
    space = entered()
    first, second = play(space, HOUR, Log(Answer(status=status), Answer(status=200)))
    assert (first.body, first.id) == (second.body, second.id)
    assert (first.attempt, second.attempt) == (1, 2)
    overview = space.overview("crm")
    assert (overview.retries, overview.delivered, overview.failed) == (1, 1, {})


@pytest.mark.parametrize("status", [307, 400, 401, 403, 404, 501])
def test_a_final_status_is_not_tried_again(status: int) -> None:
    """After a failure that will not pass, the message is given up, and counted under its status."""
    space = entered()
    assert len(play(space, 24 * HOUR, Log(Answer(status=status)))) == 1
    assert space.overview("crm").failed == {str(status): 1}


@pytest.mark.parametrize(
    ("replies", "attempts"),
    [([401, 200], 2), ([401, 401, 200], 2), ([401, 503, 401, 200], 3)],
    ids=str,
)
def test_a_token_is_renewed_once_and_at_once(replies: list[int], attempts: int) -> None:
    """Where a destination is sent a token, its first refusal is answered with a new one; a second is final."""
    space = space_of(replace(event("crm"), auth=Bearer(token="token-x")))
    space.publish(journey("crm"))
    space.enter("winback", STEP, ALEX)
    log = Log(*(Answer(status=status) for status in replies))
    play(space, HOUR, log)
    assert len(log.times) == attempts
    assert log.times[1] == log.times[0]


@pytest.mark.parametrize("reason", ["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT"])
def test_a_broken_connection_is_tried_again(reason: str) -> None:
    """No answer is no refusal."""
    space = entered()
    assert len(play(space, HOUR, Log(Breakdown(reason=reason), Answer(status=202)))) == 2
    assert space.overview("crm").delivered == 1


def test_waits_grow_randomised_up_to_the_cap_within_the_window() -> None:
    """Each wait lies in the upper half of 1, 2, 4, 8, 16, 20, 20, … minutes, and no attempt is later than 4 hours."""
    space, log = entered(), Log(Breakdown(reason="ECONNREFUSED"))
    play(space, 24 * HOUR, log)
    waits = [later - earlier for earlier, later in pairwise(log.times)]
    longest = [min(2**number, 20) * MINUTE for number in range(len(waits))]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))
    assert len(waits) == len(set(waits))
    assert START + 3 * HOUR + 40 * MINUTE <= log.times[-1] <= START + 4 * HOUR
    assert space.overview("crm").failed == {"ECONNREFUSED": 1}
    assert not space.busy


def test_two_messages_that_fail_together_are_not_retried_together() -> None:
    """The randomised wait spreads what failed at once."""
    space = entered()
    space.enter("winback", STEP, SAM)
    log = Log(Answer(status=500), Answer(status=500), Answer(status=200))
    play(space, HOUR, log)
    assert len(set(log.times[2:])) == 2


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("600", 600 * SECOND),
        (" 600 ", 600 * SECOND),
        ("Sat, 21 Nov 2026 10:10:00 GMT", 600 * SECOND),
    ],
)
def test_retry_after_is_obeyed(header: str, wait: int) -> None:
    """Seconds and dates alike: the next attempt comes then, where back-off would have been earlier."""
    log = Log(Answer(status=429, headers={"Retry-After": header}), Answer(status=200))
    play(entered(), HOUR, log)
    assert log.times == [START, START + wait]


@pytest.mark.parametrize("header", ["0", "-5", "soon", "", "Sat, 21 Nov 2020 10:10:00 GMT", "²"])
def test_a_retry_after_that_asks_for_nothing_leaves_the_back_off(header: str) -> None:
    """A wait of nothing, one in the past and one that cannot be read do not make the space hurry."""
    log = Log(Answer(status=429, headers={"retry-after": header}), Answer(status=200))
    play(entered(), HOUR, log)
    assert START + 30 * SECOND <= log.times[1] <= START + MINUTE


def test_a_retry_after_beyond_the_window_gives_up() -> None:
    """A destination that asks for more patience than there is gets none."""
    space = entered()
    assert len(play(space, 24 * HOUR, Log(Answer(status=503, headers={"Retry-After": "9" * 40})))) == 1
    assert space.overview("crm").failed == {"503": 1}


def test_the_overview_holds_every_payload_in_one_place() -> None:
    """Received is filtered, delivered, failed and pending, at any moment."""
    space = entered()
    assert space.overview("crm").pending == 1
    play(space, MINUTE // 4, Log(Answer(status=503)))
    assert (space.overview("crm").pending, space.busy) == (1, True)
    play(space, HOUR)
    assert (space.overview("crm").pending, space.overview("crm").delivered, space.busy) == (0, 1, False)


@pytest.mark.parametrize("attempts", [1, 2])
def test_an_outcome_nobody_waits_for_is_refused(attempts: int) -> None:
    """Each request is answered once; a second outcome is an error and not a second retry."""
    space = entered()
    (request,) = space.take_due(START)
    space.answered(request, Answer(status=503), START)
    if attempts == 2:
        space.take_due(START + HOUR)
    with pytest.raises(SpaceError, match="attempt 1, is not awaited"):
        space.answered(request, Answer(status=503), START)


def test_what_falls_due_while_an_answer_is_awaited_is_due_at_once() -> None:
    """Time may pass while a destination is slow; what should have been sent then is sent next."""
    space = space_of(event("crm"), list_("ads"))
    space.publish(journey("crm", "ads"))
    space.enter("winback", STEP, ALEX)
    (request,) = space.take_due(START)
    space.answered(request, Answer(status=200), START + HOUR)
    assert space.next_due() == START + HOUR
    assert [due.destination for due in space.take_due(START + HOUR)] == ["ads"]


@pytest.mark.parametrize(
    "wrong", [{"retry_first": 0}, {"list_batch": 0}, {"retry_window": -1}, {"list_cadence": -1}, {"retry_factor": 0.5}]
)
def test_settings_that_would_stop_time_are_refused(wrong: dict[str, float]) -> None:
    """A wait of nothing or a batch of nobody would never end; the error names the setting."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)  # type: ignore[arg-type]  # one of several numbers
