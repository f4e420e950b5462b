"""Statuses, faults, sequences, and how they are written."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.behaviours import Always, NotReplies, behaviour
from harness.core.behaviours.faults import FAULTS
from harness.core.delivery import OK, Respond
from tests.core.behaviours.answering import Playing, Short, call, calls, short


def test_without_a_choice_everything_is_answered_200() -> None:
    """A destination that nothing is written for takes all it gets."""
    assert Always().reply == OK == Respond(status=200)


@pytest.mark.parametrize(
    ("written", "replies"),
    [
        (200, [200, 200, 200]),
        (599, [599, 599, 599]),
        ("reset", ["reset", "reset", "reset"]),
        ([503, 200], [503, 200, 200]),
        (["reset", 429], ["reset", 429, 429]),
        ([{"status": 503}, {"fault": "hang"}, 202], [503, "hang", 202]),
        ({"sequence": [503, 500], "then": 204}, [503, 500, 204]),
        ({"sequence": [503], "then": [429, 200]}, [503, 200, 200]),
    ],
)
def test_attempts_at_one_message_get_replies_in_order(written: Any, replies: list[Short]) -> None:
    """The n-th attempt gets the n-th reply, and the last repeats."""
    assert Playing(written).short(call(), call(), call()) == replies


def test_each_message_has_its_own_place_in_a_sequence() -> None:
    """Another message begins at the beginning."""
    assert Playing([503, 200]).short(call("a"), call("b"), call("a"), call("b")) == [503, 503, 200, 200]


def test_a_sequence_per_user_goes_on_from_message_to_message() -> None:
    """Every message of a user counts, whichever it is, and other users count for themselves."""
    first, other = call("a", userId="u1"), call("b", userId="u2")
    playing = Playing({"sequence": [503, 200], "per": "user"})
    assert playing.short(first, call("c", userId="u1"), other, first) == [503, 200, 503, 200]


def test_a_sequence_per_arrival_counts_everything() -> None:
    """Whatever comes takes the next reply."""
    playing = Playing({"sequence": [503, 500], "per": "arrival", "then": 200})
    assert playing.short(*calls("u1", "u2", "u3", "u4")) == [503, 500, 200, 200]


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_can_be_written_by_its_name(name: str) -> None:
    """A fault stands wherever a reply stands; one that closes early is decided on before the body is known."""
    assert short(Playing(name).reply()) == name
    assert short(Playing({"fault": name}).reply()) == name


@pytest.mark.parametrize("written", [199, 600, True, None, 200.0, [200, "ok"], "503", [[199]]])
def test_what_is_no_reply_is_refused(written: Any) -> None:
    """Anything else is refused with what may be written."""
    with pytest.raises(NotReplies, match="is not a reply") as refused:
        behaviour(written)
    assert refused.value.remedy.startswith("write a status from 200 to 599, a fault such as reset")


@pytest.mark.parametrize(
    ("written", "at", "message"),
    [
        ([], (), "needs at least one"),
        ({}, (), "needs at least one key"),
        ([200, "rest"], (1,), "did you mean 'reset'"),
        ({"status": 200, "fault": "hang"}, ("fault",), "`fault` and `status` are two replies"),
        ({"sequence": [200], "redirect": "crm2"}, ("sequence",), "are two replies"),
        ({"status": 200, "per": "user"}, ("per",), "says more about `sequence`, which is not there"),
        ({"fault": "reset", "dribble": "5s"}, ("fault",), "`fault` and `dribble` are two replies"),
        ({"items": ["hang"]}, ("items", 0), "an item of a batch has no connection of its own"),
        (["close_while_reading"], (0,), "cannot depend on what is in it"),
        ({"rules": [], "fault": "close_while_reading"}, ("fault",), "cannot depend on what is in it"),
        ({"chance": {"share": 1, "reply": "close_while_reading"}}, ("chance", "reply"), "cannot depend"),
        ({"body": "Hello ${pyload.userId}"}, ("body",), "did you mean 'payload'"),
        ({"body": {"a": ["${payload.[}"]}}, ("body",), "is no JSONPath"),
        ({"headers": {"X-Id": "${nobody}"}}, ("headers", "X-Id"), "unknown reference"),
        ({"headers": {"Content-Length": "5"}}, ("headers", "Content-Length"), "the server writes the header"),
        ({"headers": {"X Id": "5"}}, ("headers", "X Id"), "is no name for a header"),
        ({"headers": {"X": "a\r\nb: c"}}, ("headers", "X"), "is not one line of text"),
        ({"latency": "soon"}, ("latency",), "is not a duration"),
        ({"latency": {"seed": 1}}, ("latency",), "a latency has one distribution"),
        ({"latency": {"uniform": {"from": "2s", "to": "1s"}}}, ("latency", "uniform", "to"), "less than the least"),
        ({"outage": {"from": "2h", "until": "1h"}}, ("outage", "until"), "ends before it begins"),
        ({"outage": {"until": "2h", "every": "1h"}}, ("outage", "every"), "comes again before it ends"),
        ({"outage": {"from": "1h", "every": "2h"}}, ("outage", "every"), "comes again before it ends"),
        ({"rate_limit": {"burst": 5}}, ("rate_limit",), "needs a rate"),
        ({"rate_limit": {"requests": 1, "per": "0s"}}, ("rate_limit", "per"), "has to be some time"),
        ({"rate_limit": {"preset": "braize"}}, ("rate_limit", "preset"), "did you mean 'braze'"),
        ({"rate_limit": {"preset": "braze", "per": "1s"}}, ("rate_limit", "preset"), "brings its own rate"),
        ({"rules": [{"when": {"path": "a.b"}, "reply": 200}]}, ("rules", 0, "when", "path"), "is no JSONPath"),
        ({"rules": [{"when": {"equals": 1}, "reply": 200}]}, ("rules", 0, "when", "equals"), "which is not there"),
        ({"rules": [{"when": {"user": "u1"}, "reply": "nope"}]}, ("rules", 0, "reply"), "is not a reply"),
    ],
)
def test_what_a_schema_cannot_say_is_refused_at_its_place(written: Any, at: tuple[Any, ...], message: str) -> None:
    """The error says what is wrong, and where in `replies` it stands."""
    with pytest.raises(NotReplies, match=message) as refused:
        behaviour(written)
    assert refused.value.at == at


@pytest.mark.parametrize(
    "written",
    [
        "close_while_reading",
        {"sequence": ["close_while_reading", 200], "per": "arrival"},
        {"chance": {"share": 0.5, "per": "arrival", "reply": "close_while_reading"}},
        {"outage": {"until": "1h", "reply": "close_while_reading"}, "rules": [{"when": {"user": "u"}, "reply": 400}]},
    ],
)
def test_a_connection_may_close_early_where_nothing_depends_on_the_body(written: Any) -> None:
    """The destination knows that it may have to decide before it reads."""
    assert Playing(written).destination.closes_early
    assert not Playing(503).destination.closes_early
