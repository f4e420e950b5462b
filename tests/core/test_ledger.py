"""What can be asked of a ledger."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.core.behaviours import Always
from harness.core.delivery import Delivery, Fault
from harness.core.destinations.destination import Destination
from harness.core.ledger import Filter, filtered, users_of
from harness.core.reception import stray
from harness.core.rules.examples import KEY, identify, track
from tests.core.receiving import ADS, CRM, arrival, received

BROKEN = Destination(name="broken", behaviour=Always(reply=Fault(name="reset")))


def ledger() -> list[Delivery]:
    """Five deliveries: a right call, two wrong ones, a list entry, and one to nobody."""
    member = {"list": KEY, "add": [{"userId": "u2", "email": "b@example.com"}]}
    return [
        received(json.dumps(track()).encode(), CRM, number=1),
        received(json.dumps(identify(userId=None, anonymousId="a1")).encode(), CRM, number=2),
        received(json.dumps(track(event="Audience Exited", userId="u2")).encode(), BROKEN, number=3),
        received(json.dumps(member).encode(), ADS, number=4),
        stray(arrival(b"{}", "nobody"), [], "", run="default", number=5),
    ]


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        (Filter(), [1, 2, 3, 4, 5]),
        (Filter(destination="crm"), [1, 2]),
        (Filter(rule="entry-only"), [3]),
        (Filter(rule="identity"), []),
        (Filter(type="track"), [1, 3]),
        (Filter(event="Audience Exited"), [3]),
        (Filter(user="u2"), [3, 4]),
        (Filter(user="a1"), [2]),
        (Filter(user="u1@example.com"), [2]),
        (Filter(user="b@example.com"), [4]),
        (Filter(key=KEY), [1, 2, 3, 4]),
        (Filter(key="other"), []),
        (Filter(status=200), [1, 4]),
        (Filter(status=501), [2]),
        (Filter(accepted=True), [1, 4]),
        (Filter(accepted=False), [2, 3, 5]),
        (Filter(unexpected=True), [5]),
        (Filter(destination="crm", type="track", user="u1"), [1]),
        (Filter(type="track", user="a1"), []),
    ],
)
def test_a_filter_admits_what_it_asks_for(asked: Filter, numbers: list[int]) -> None:
    """Every field narrows the choice, and a field left out asks for all."""
    assert [delivery.number for delivery in filtered(ledger(), asked)] == numbers


def test_one_payload_must_be_all_that_is_asked() -> None:
    """In a batch, type and user are those of one payload, not of two."""
    batch = received(json.dumps([track(userId="u1"), identify(userId="u2")]).encode(), CRM)
    assert not Filter(type="track", user="u2").admits(batch)
    assert Filter(type="identify", user="u2").admits(batch)


@pytest.mark.parametrize(
    ("payload", "users"),
    [
        ({"userId": "u1", "anonymousId": "a1", "traits": {"email": "e"}}, {"u1", "a1", "e"}),
        ({"user": {"userId": "u1", "email": "e"}, "userId": "other"}, {"u1", "e"}),
        ({"userId": ["u1"], "traits": {"email": "e"}}, {"e"}),
        ({"user": {"userId": "u1", "email": ["e"]}}, {"u1"}),
        ({"userId": None, "user": "u1"}, set()),
        ({}, set()),
    ],
)
def test_the_users_of_a_payload_are_its_identifiers(payload: dict[str, Any], users: set[str]) -> None:
    """Ids and email of a call, or of a list entry's user, as far as they are texts."""
    assert users_of(payload) == users
