"""What a run left behind, as expectations see it."""

from __future__ import annotations

import pytest

from harness.core.scenario.evidence import Evidence
from harness.core.scenario.model import Match
from tests.core.scenario.writing import KEY, delivery, entry, evidence, track


def test_attempts_at_one_message_belong_together() -> None:
    """A retry is a second sighting of its message, by `messageId` or else by content."""
    nameless = {"type": "track", "userId": "u3", "properties": {KEY: "true"}}
    seen = evidence(
        delivery(1, "crm", track("u1", "m1"), status=503),
        delivery(2, "crm", track("u1", "m1")),
        delivery(3, "crm", nameless, status=503),
        delivery(4, "crm", {**nameless, "sentAt": "2026-01-05T09:00:00Z"}),
    )
    assert [len(message.sightings) for message in seen.messages] == [2, 2]


def test_one_message_id_at_two_destinations_is_two_messages() -> None:
    """What one destination got says nothing of the other."""
    seen = evidence(delivery(1, "crm", track("u1", "m1")), delivery(2, "braze", track("u1", "m1")))
    assert [message.destination for message in seen.messages] == ["crm", "braze"]


def test_an_entry_and_a_removal_are_two_messages() -> None:
    """A list entry is its list, action and user."""
    user = {"userId": "u1"}
    seen = evidence(delivery(1, "ads", entry("add", user)), delivery(2, "ads", entry("remove", user)))
    assert len(seen.messages) == 2


def test_the_payloads_of_a_batch_are_messages_of_their_own() -> None:
    """A batch of two calls is two messages, each with its place in the delivery."""
    seen = evidence(delivery(1, "crm", track("u1", "m1"), track("u2", "m2")))
    assert [message.sightings[0][1] for message in seen.messages] == [0, 1]


@pytest.mark.parametrize(
    ("match", "differences"),
    [
        (Match(to=("crm",)), []),
        (Match(to=("crm",), type="identify"), ['its type is "track", not "identify"']),
        (Match(to=("crm",), action="add"), ['it has no action, where "add" is asked for']),
        (Match(to=("crm",), identifiers=frozenset({"u2"})), ["it is about u1, and none of the profiles asked for"]),
        (Match(to=("crm",), where={"context.ip": None}), []),
        (Match(to=("crm",), where={"number": True}), ["its number is 1, not true"]),
        (Match(to=("crm",), where={"number": 1.0}), []),
        (Match(to=("crm",), steps=(("winback", "Bought"),)), [f'its key "{KEY}" is not that of step "Bought"']),
    ],
)
def test_differences_are_told_in_words(match: Match, differences: list[str]) -> None:
    """Each thing in which a payload is not what is asked for has its sentence, with values as JSON."""
    assert evidence().differences(match, track("u1", "m1", number=1)) == differences


def test_strange_payloads_break_nothing() -> None:
    """Whatever a payload holds in place of what is looked for, it differs and nothing fails."""
    strange = {"type": ["track"], "event": {}, "userId": {"a": 1}, "properties": [1], "context": 7, "messageId": 9}
    seen: Evidence = evidence(delivery(1, "crm", strange))
    match = Match(to=("crm",), type="track", identifiers=frozenset({"u1"}), where={"properties.a.b": 1}, key=KEY)
    assert len(seen.differences(match, seen.messages[0].payload)) == 4
