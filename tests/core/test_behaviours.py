"""How destinations choose their replies."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.behaviours import OK, Always, SequencePerMessage, behaviour
from harness.core.delivery import Fault, Reply, Respond


def test_always_gives_the_same_reply() -> None:
    """The same reply goes to every attempt; without a choice, it is 200."""
    assert [Always().decide(attempt) for attempt in (1, 2, 9)] == [OK, OK, OK]
    assert Always(reply=Respond(status=503)).decide(7) == Respond(status=503)


def test_a_sequence_gives_its_replies_in_order_and_repeats_the_last() -> None:
    """The n-th attempt gets the n-th reply, and all that come after the last get that."""
    sequence = SequencePerMessage(replies=(Respond(status=503), Fault(name="reset"), OK))
    assert [sequence.decide(attempt) for attempt in (1, 2, 3, 4, 99)] == [*sequence.replies, OK, OK]


@pytest.mark.parametrize(
    ("written", "replies"),
    [
        (200, [OK, OK]),
        (599, [Respond(status=599)] * 2),
        ("reset", [Fault(name="reset")] * 2),
        ([503, 200], [Respond(status=503), OK]),
        (["reset", 429], [Fault(name="reset"), Respond(status=429)]),
    ],
)
def test_replies_are_written_as_statuses(written: Any, replies: list[Reply]) -> None:
    """A status, `reset`, or a list of them is a behaviour."""
    made = behaviour(written)
    assert [made.decide(1), made.decide(2)] == replies


@pytest.mark.parametrize("written", [199, 600, "503", True, None, 200.0, [200, "ok"], [[200]], {"status": 200}])
def test_what_is_no_reply_is_refused(written: Any) -> None:
    """Anything else is refused with what may be written."""
    with pytest.raises(ValueError, match="is not a reply: write a status from 200 to 599, or reset"):
        behaviour(written)


def test_an_empty_sequence_is_refused() -> None:
    """A sequence without replies cannot answer anything."""
    with pytest.raises(ValueError, match="needs at least one"):
        behaviour([])
