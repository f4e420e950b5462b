"""Payloads that are read again from their body are what they were."""

from __future__ import annotations

import json

from harness.core.destinations.rereading import Reread

CALLS = [{"type": "track", "userId": "u1"}, {"type": "track", "userId": "u2"}, {"type": "page"}]
BODY = json.dumps(CALLS).encode()


def test_payloads_read_again_are_a_sequence_like_any_other() -> None:
    """They are counted, indexed, cut and shown as the tuple that they once were."""
    payloads = Reread("event", BODY, 3)
    assert (len(payloads), list(payloads), payloads[1]) == (3, CALLS, CALLS[1])
    assert payloads[1:] == tuple(CALLS[1:])
    assert repr(payloads) == repr(tuple(CALLS))


def test_payloads_read_again_equal_those_that_were_kept() -> None:
    """Two readings of one body are equal, to each other and to any sequence of the same payloads."""
    payloads = Reread("event", BODY, 3)
    assert payloads == Reread("event", BODY, 3) == tuple(CALLS)
    assert hash(payloads) == hash(Reread("event", BODY, 3))
    assert payloads != CALLS[:2]
    assert payloads != 3
