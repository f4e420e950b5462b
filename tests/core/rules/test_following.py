"""Histories that follow what is like earlier payloads find what they would find by looking at each."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.delivery import Respond
from harness.core.judging import Histories
from harness.core.rules.examples import KEY, event, identify, track
from harness.core.rules.following import follows, likeness
from harness.core.rules.sighting import Sighting
from tests.core.captures_made_up import RIGHT
from tests.core.rules.reading import checker_of, deliveries_of, destinations_of
from tests.core.rules.test_properties import sorted_violations
from tests.core.rules.traffic import RECORDS

STATUSES = [{"status": status} for status in (200, 202, 302, 429, 503)]
REPLIES = st.sampled_from([*STATUSES, {"status": 207, "items": [503]}])
ALIKE = st.builds(lambda call, reply: event(call, reply=reply), RIGHT, REPLIES)


@settings(deadline=None)
@given(records=st.lists(ALIKE | RECORDS, max_size=12))
def test_following_is_seeing(records: list[dict[str, Any]]) -> None:
    """Deliveries in order, most of them followed, show what they show when each is seen by a history of its own."""
    case = {"deliveries": [event(track()), event(identify()), *records]}
    judge_of, destinations = checker_of(case), destinations_of(case)
    followed, seen = Histories(judge_of), Histories(judge_of)
    for delivery in deliveries_of(case, judge_of):
        alone = Histories(judge_of)
        for history in (followed, alone):
            history.see(delivery, destinations[delivery.destination])
        seen.merge(alone.folds)
    assert sorted_violations(followed.violations()) == sorted_violations(seen.violations())


class Ordinary:
    """A history that knows nothing of following."""

    def __init__(self) -> None:
        self.users: list[Any] = []

    def see(self, sighting: Sighting) -> None:
        """Note the user, where all else is as it was."""
        self.users.append((sighting.payload["userId"], sighting.call, sighting.key, sighting.at, sighting.accepted))

    def merge(self, other: Ordinary) -> None:
        """Nothing."""

    def violations(self) -> list[Any]:
        """Nothing."""
        return []


def test_an_ordinary_history_sees_every_payload() -> None:
    """A history without `follow` is shown each payload as rules see it."""
    case = {"deliveries": [event(track())]}
    checker, fold = checker_of(case), Ordinary()
    like = checker.sight(track(), None, destinations_of(case)["crm"])
    other = track(userId="u2")
    (follow,) = follows([fold], like)
    follow(other, 7, 1, 0, Respond(status=503), ())
    assert fold.users == [("u2", other, KEY, (7, 1), False)]


def test_what_says_nothing_plainly_is_like_nothing() -> None:
    """A payload without a computation id, a request to be forgotten, and an odd key are looked at one by one."""
    odd: list[dict[str, Any]] = [{"type": "track"}, track(type="delete"), {"list": 5, "action": "add", "user": {}}]
    assert [likeness(payload, "crm") for payload in odd] == [None, None, None]
    assert likeness(track(), "crm") is not None
