"""What stands before a reply: outages, limits, refusals, chance, rules and latency."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.behaviours import behaviour
from harness.core.behaviours.rates import RATES
from harness.core.delivery import Respond
from harness.core.instants import HOUR, MILLISECOND, MINUTE, SECOND
from harness.core.rules.examples import KEY
from tests.core.behaviours.answering import Playing, Short, call, calls, short


def test_an_outage_lasts_from_here_to_there() -> None:
    """It counts from the set-up, begins with its first moment and is over with its end; the reply says why."""
    playing = Playing({"outage": {"from": "10m", "until": "1h"}})
    replies = [playing.reply(later=pause) for pause in (0, 10 * MINUTE - 1, 1, 50 * MINUTE - 1, 1)]
    assert [short(reply) for reply in replies] == [200, 200, 503, 503, 200]
    assert replies[2].because == "outage, 10m after set-up"


def test_an_outage_can_come_again_and_can_be_anything() -> None:
    """Every hour the first five minutes, by whatever reply is written."""
    playing = Playing({"outage": {"until": "5m", "every": "1h", "reply": "reset"}, "status": 202})
    assert [short(playing.reply(later=pause)) for pause in (0, 6 * MINUTE, 55 * MINUTE)] == ["reset", 202, "reset"]


def test_an_outage_without_an_end_never_ends() -> None:
    """It may begin at any time."""
    playing = Playing({"outage": {"from": "1h"}})
    assert [short(playing.reply(later=pause)) for pause in (0, HOUR, 1000 * HOUR)] == [200, 503, 503]


def test_a_bucket_gives_what_it_holds_and_then_what_drips_in() -> None:
    """Two at once; each half second one more; what is turned away is told when to come again, and takes nothing."""
    playing = Playing({"rate_limit": {"requests": 2, "per": "1s"}})
    pauses = (0, 0, 0, 0, 500 * MILLISECOND, 0, SECOND // 2 - 1, 1)
    replies = [playing.answer(later=pause) for pause in pauses]
    assert [reply.status for reply in replies] == [200, 200, 429, 429, 200, 429, 429, 200]
    assert replies[2] == Respond(status=429, headers=(("Retry-After", "1"),), because="rate limit of 2 per 1s")


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    """However long nothing comes, no more than the burst can come at once."""
    playing = Playing({"rate_limit": {"requests": 10, "per": "1s", "burst": 3, "reply": 503}})
    assert playing.short(*calls("a", "b", "c", "d")) == [200, 200, 200, 503]
    playing.now += HOUR
    assert playing.short(*calls("e", "f", "g", "h")) == [200, 200, 200, 503]


def test_retry_after_is_when_the_next_token_is_there() -> None:
    """With one request a minute, that is a minute after the first, rounded up to whole seconds."""
    playing = Playing({"rate_limit": {"requests": 1, "per": "1m"}})
    playing.reply()
    limited = playing.answer(later=SECOND // 2)
    assert limited.headers == (("Retry-After", "60"),)
    assert short(playing.reply(later=60 * SECOND)) == 200


def test_a_retry_after_of_ones_own_stays() -> None:
    """A header that is written wins, whatever its case."""
    written = {"status": 429, "headers": {"retry-after": "7"}}
    playing = Playing({"rate_limit": {"requests": 1, "per": "1m", "reply": written}})
    playing.reply()
    assert playing.answer().headers == (("retry-after", "7"),)


@pytest.mark.parametrize("rate", RATES.values(), ids=RATES)
def test_a_preset_has_its_documented_rate(rate: Any) -> None:
    """As many requests at once as the documents allow in that time, and not one more."""
    playing = Playing({"rate_limit": {"preset": rate.name}})
    told = Counter(playing.short(*[call(str(number)) for number in range(rate.requests + 1)]))
    assert told == {200: rate.requests, 429: 1}
    assert rate.source


def test_what_breaks_the_contract_can_be_refused() -> None:
    """The answer lists what is broken, and where; what keeps the contract gets the reply within."""
    playing = Playing({"reject": 422, "status": 202})
    assert short(playing.reply()) == 202
    refusal = playing.answer(call(event="Audience Exited"))
    assert (refusal.status, refusal.because) == (422, "it breaks entry-only")
    (told,) = refusal.body["violations"]
    assert (told["rule"], told["path"], told["payload"]) == ("entry-only", "$.event", 0)


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({"user": "u1"}, True),
        ({"user": "u1@example.com"}, True),
        ({"user": ["u7", "u1"]}, True),
        ({"user": "u7"}, False),
        ({"call": "track"}, True),
        ({"call": ["identify", "page"]}, False),
        ({"event": "Audience Entered"}, True),
        ({"event": "Audience Exited"}, False),
        ({"key": KEY}, True),
        ({"key": "j_o_other__step_abcde"}, False),
        ({"attempt": 1}, True),
        ({"attempt": [2, 3]}, False),
        ({"path": "$.properties.plan"}, True),
        ({"path": "$.properties.nothing"}, False),
        ({"path": "$.properties.plan", "equals": "pro"}, True),
        ({"path": "$.properties.plan", "equals": ["free", "pro"]}, True),
        ({"path": "$.properties.plan", "equals": "free"}, False),
        ({"path": "$.properties.seats", "equals": 1}, True),
        ({"path": "$.properties.seats", "equals": True}, False),
        ({"path": "$.properties[?@ == 'pro']"}, True),
        ({"user": "u1", "event": "Audience Exited"}, False),
        ({"user": "u1", "event": "Audience Entered", "attempt": 1, "path": "$.properties.seats"}, True),
    ],
)
def test_a_rule_fits_where_all_of_its_condition_holds(when: dict[str, Any], fits: bool) -> None:
    """Each field asks for something, and all must hold of one payload."""
    payload = call(properties={KEY: "true", "plan": "pro", "seats": 1, "email": "u1@example.com"})
    assert short(Playing({"rules": [{"when": when, "reply": 418}]}).reply(payload)) == (418 if fits else 200)


def test_the_first_rule_that_fits_decides() -> None:
    """Later rules are for what earlier ones let pass, and a rule's reply may be any behaviour."""
    rules = [
        {"when": {"user": "u1"}, "reply": [503, 202]},
        {"when": {"call": "track"}, "reply": {"status": 400, "body": {"no": "${payload.userId}"}}},
    ]
    playing = Playing({"rules": rules})
    assert playing.short(call(), call()) == [503, 202]
    assert playing.answer(call("m2", userId="u2")).body == {"no": "u2"}


def test_list_entries_are_told_by_their_list() -> None:
    """A rule on a key is about the list that an entry is for."""
    playing = Playing({"rules": [{"when": {"key": "j_o_a__b_abcde"}, "reply": 409}]}, kind="list")
    lists = [{"list": key, "add": [{"userId": "u1"}]} for key in ("j_o_a__b_abcde", "j_o_a__c_abcde")]
    assert playing.short(*lists) == [409, 200]


def test_chance_tells_its_seed() -> None:
    """Who sees a failure can play it again."""
    assert Playing({"chance": {"share": 1, "seed": 7, "reply": "hang"}}).reply().because == "chance 1, seed 7"
    assert Playing({"chance": {"share": 0, "seed": 7}}).answer().because == ""


def test_chance_hits_about_the_share_that_it_should() -> None:
    """Of a thousand messages, about three hundred fail at their first attempt, and some again at their second."""
    playing = Playing({"chance": {"share": 0.3, "seed": 7}})
    messages = [call(str(number)) for number in range(1000)]
    first, second = playing.short(*messages), playing.short(*messages)
    assert 250 < first.count(503) < 350
    assert 0 < sum(a == b == 503 for a, b in zip(first, second, strict=True)) < first.count(503)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_chance_per_message_does_not_depend_on_the_order(order: tuple[int, ...]) -> None:
    """A message fails or not, whatever comes before it."""
    messages = [call(str(number)) for number in range(3)]
    alone = [short(Playing({"chance": {"share": 0.5, "seed": 3}}).reply(message)) for message in messages]
    playing = Playing({"chance": {"share": 0.5, "seed": 3}})
    assert playing.short(*[messages[place] for place in order]) == [alone[place] for place in order]


def test_chance_per_arrival_draws_for_each_arrival() -> None:
    """The n-th arrival fails or not, whatever it brings."""
    written = {"chance": {"share": 0.5, "seed": 3, "per": "arrival"}}
    some, others = [calls(*"abcdefghij"), calls(*"klmnopqrst")]
    assert Playing(written).short(*some) == Playing(written).short(*others)


_LEAVES = st.sampled_from([200, 202, 400, 429, 503, "reset", "hang", "empty", "garbage", "malformed_chunk"])
_CHANCES = st.builds(
    lambda share, seed, per, reply: {"chance": {"share": share, "seed": seed, "per": per, "reply": reply}},
    st.floats(0, 1),
    st.integers(0, 2**32),
    st.sampled_from(["message", "user", "arrival"]),
    _LEAVES,
)
_LATENCIES = st.sampled_from(
    [
        {},
        {"latency": {"uniform": {"from": "1ms", "to": "3s"}, "seed": 5}},
        {"latency": {"lognormal": {"median": "200ms", "sigma": 1.5, "at_most": "9s"}}},
        {"rate_limit": {"requests": 3, "per": "1s"}},
        {"outage": {"from": "1s", "until": "2s", "every": "3s"}},
    ]
)
_HISTORIES = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["u1", "u2"]), st.integers(0, 2 * SECOND)), max_size=12
)


@given(chance=_CHANCES, more=_LATENCIES, history=_HISTORIES)
def test_the_same_seed_gives_the_same_replies(
    chance: dict[str, Any], more: dict[str, Any], history: list[tuple[str, str, int]]
) -> None:
    """The same traffic at the same times gets the same replies, latencies and all."""

    def played() -> list[Any]:
        playing = Playing({**chance, **more})
        return [playing.reply(call(f"{user}{name}", userId=user), later=later) for name, user, later in history]

    assert played() == played()


def test_another_seed_gives_other_replies() -> None:
    """Chance really depends on the seed."""
    messages = [call(str(number)) for number in range(64)]
    one, other = (Playing({"chance": {"share": 0.5, "seed": seed}}).short(*messages) for seed in (1, 2))
    assert one != other


@pytest.mark.parametrize(
    ("written", "least", "most"),
    [
        ("200ms", 200, 200),
        ({"uniform": {"from": "100ms", "to": "300ms"}}, 100, 300),
        ({"lognormal": {"median": "200ms", "sigma": 0.5, "at_most": "400ms"}}, 1, 400),
    ],
)
def test_latency_is_drawn_from_its_distribution(written: Any, least: int, most: int) -> None:
    """Every reply takes a time within the bounds; half of those that vary take less than the middle."""
    playing = Playing({"latency": written})
    taken = [playing.answer(call(str(number))).latency for number in range(500)]
    assert least * MILLISECOND <= min(taken)
    assert max(taken) <= most * MILLISECOND
    if least < most:
        assert 200 < sum(each < 200 * MILLISECOND for each in taken) < 300


def test_latencies_add_up_and_faults_have_them_too() -> None:
    """What is late within something late is later; a connection can be reset after a while."""
    assert Playing({"latency": "1s", "sequence": [{"latency": "2s"}]}).reply().latency == 3 * SECOND
    assert Playing({"latency": "1s", "fault": "reset"}).reply().latency == SECOND


@pytest.mark.parametrize(("later", "reply"), [(0, 503), (HOUR, 429), (HOUR + MINUTE, 418), (HOUR + 2 * MINUTE, 418)])
def test_layers_are_asked_from_the_outside_in(later: int, reply: Short) -> None:
    """An outage comes before the rate limit, that before rules, and those before the reply itself."""
    playing = Playing(
        {
            "status": 202,
            "rules": [{"when": {"user": "u1"}, "reply": 418}],
            "rate_limit": {"requests": 1, "per": "1m"},
            "outage": {"until": "1h"},
        }
    )
    playing.now += HOUR
    playing.reply(call("other"))
    playing.now -= HOUR
    assert short(playing.reply(later=later)) == reply


def test_a_behaviour_is_a_value() -> None:
    """What is written alike is equal, so that setting up the same again changes nothing."""
    written = {"chance": {"share": 0.5}, "rules": [{"when": {"user": "u1"}, "reply": 400}], "body": {"a": [1]}}
    assert behaviour(written) == behaviour({**written})
