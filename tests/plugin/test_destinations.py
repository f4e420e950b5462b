"""The fixture `destinations`."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Play


def test_what_comes_is_recorded(play: Play) -> None:
    """A destination has its deliveries and their payloads as soon as the sender has its answer."""
    play("""
def test_it(destinations):
    crm = destinations.event("crm")
    assert post(crm.url, track()) == 200
    assert post(crm.url + "/below?it=1", track(messageId="m2", userId="u2")) == 200
    assert crm.payloads == [track(), track(messageId="m2", userId="u2")]
    assert [each.reply.status for each in crm.deliveries] == [200, 200]
    assert destinations.deliveries == crm.deliveries
    assert destinations["crm"] is crm and list(destinations) == ["crm"]
""").assert_outcomes(passed=1)


def test_replies_are_as_told(play: Play) -> None:
    """A status, or a sequence for each message, as in scenario files."""
    play("""
def test_it(destinations):
    always = destinations.event("always", replies=503, retries="none")
    once = destinations.event("once", replies=[500, 200])
    assert [post(always.url, track()), post(always.url, track())] == [503, 503]
    assert [post(once.url, track()), post(once.url, track())] == [500, 200]
    always.assert_undelivered(1)
    always.assert_attempts(each=2, total=2)
    once.assert_received(1)
    destinations.event("always", replies=200, retries="none")
    assert post(always.url, track()) == 200
""").assert_outcomes(passed=1)


def test_a_list_has_members(play: Play) -> None:
    """Users of a list destination are its members, in all, by key, and by declared step."""
    play("""
@pytest.mark.harness(journeys=JOURNEYS)
def test_it(destinations):
    ads = destinations.list("ads")
    assert post(ads.url, {"list": KEY, "add": [{"userId": "u1"}, {"userId": "u2"}]}) == 200
    assert ads.members == [{"userId": "u1"}, {"userId": "u2"}]
    assert ads.members_of(KEY) == ads.members_of(step="Opened email") == ads.members
    assert ads.members_of("another") == []
    ads.assert_received(2, action="add")
""").assert_outcomes(passed=1)


def test_how_senders_retry_is_said_of_lists_and_warehouses_too(play: Play) -> None:
    """Attempts that come one right after the other break a rule, but not where `retries` says that none judges them."""
    play("""
@pytest.mark.parametrize("retries", ["none", "segment"])
def test_it(destinations, retries):
    ads = destinations.list("ads", replies=503, retries=retries)
    warehouse = destinations.warehouse("wh", replies=503, retries=retries)
    for _ in range(4):
        assert post(ads.url, {"list": KEY, "add": [{"userId": "u1"}]}) == 503
        assert post(warehouse.url, track()) == 503
""").assert_outcomes(passed=1, failed=1)


def test_a_list_has_a_history(play: Play) -> None:
    """Who was added and removed, by which delivery and payload."""
    play("""
@pytest.mark.harness(contract="engage-audiences")
def test_it(destinations):
    ads = destinations.list("ads")
    post(ads.url, {"list": "k", "add": [{"userId": "u1"}, {"userId": "u2"}]})
    post(ads.url, {"list": "k", "remove": [{"userId": "u1"}]})
    told = [(each.action, each.user["userId"], each.delivery, each.payload) for each in ads.history]
    assert told == [("add", "u1", 1, 0), ("add", "u2", 1, 1), ("remove", "u1", 2, 0)]
""").assert_outcomes(passed=1)


def test_members_of_a_list_are_in_effect_later(play: Play) -> None:
    """By its cadence and its minimum size; a time to come shows who will be."""
    play("""
@pytest.mark.harness(journeys=JOURNEYS)
def test_it(destinations):
    ads = destinations.list("ads", sync={"every": "1h"}, minimum_size=2)
    assert not ads.targetable()
    post(ads.url, {"list": KEY, "add": [{"userId": "u1"}, {"userId": "u2"}]})
    assert (ads.in_effect(), ads.targetable(), len(ads.members)) == ([], False, 2)
    assert ads.in_effect(at="2h") == ads.in_effect("Opened email", at="2h") == ads.members


def test_a_space(destinations, engage_space):
    ads = destinations.list("ads", sync="google-ads", minimum_size=1)
    engage_space.publish("winback", name="Win-back", steps={"New users": [ads]})
    engage_space.enter("winback", "New users", engage_space.profile("u1"))
    engage_space.advance("5h")
    before = ads.targetable("New users")
    engage_space.advance("2h")
    assert (before, ads.targetable("New users"), len(ads.in_effect("New users"))) == (False, True, 1)
""").assert_outcomes(passed=2)


def test_a_synchronous_test_can_wait(play: Play) -> None:
    """`wait_for` returns the messages once so many are accepted, though they come from another thread and later."""
    play("""
import threading

def test_it(destinations):
    crm = destinations.event("crm")
    calls = [track(messageId=f"m{number}", userId=f"u{number}") for number in range(20)]
    sender = threading.Thread(target=lambda: [post(crm.url, call) for call in calls])
    sender.start()
    assert crm.wait_for(20, event="Audience Entered") == calls
    sender.join()
""").assert_outcomes(passed=1)


def test_only_what_is_accepted_counts_as_come(play: Play) -> None:
    """A message that the destination refuses is not waited for in success, however often it is tried."""
    result = play("""
def test_it(destinations):
    crm = destinations.event("crm", replies=[503, 503, 200], retries="none")
    post(crm.url, track())
    with pytest.raises(AssertionError, match="never accepted"):
        crm.wait_for(1, timeout=0)
    post(crm.url, track()), post(crm.url, track())
    assert crm.wait_for(1, timeout=0) == [track()]
    assert crm.payloads == [track()] * 3
""")
    result.assert_outcomes(passed=1)


def test_an_asynchronous_test_can_wait(play: Play) -> None:
    """`wait` leaves the test's own event loop running: what sends from it gets through."""
    play("""
import asyncio
import aiohttp

@pytest.mark.asyncio
async def test_it(destinations):
    crm = destinations.event("crm")

    async def send():
        async with aiohttp.ClientSession() as session:
            async with session.post(crm.url, json=track()) as answer:
                return answer.status

    sending = asyncio.create_task(send())
    (payload,) = await crm.wait(user="u1")
    assert payload == track()
    assert await sending == 200
""").assert_outcomes(passed=1)


def test_waiting_in_vain_shows_the_nearest_payload(play: Play) -> None:
    """A wait that is over says what was expected, what came, and in what the nearest payload differs."""
    result = play("""
def test_it(destinations):
    crm = destinations.event("crm")
    post(crm.url, track())
    crm.wait_for(2, timeout=0.01, user="u2")
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E   *expected  at least 2 messages accepted by crm*u2 within 0.01 s",
            "E   *actual    0",
            "E   *nearest   delivery 1 to crm*u1*",
        ]
    )


@pytest.mark.parametrize(
    ("assertion", "expected"),
    [
        ("crm.assert_received(2)", "2 messages accepted by crm"),
        ("crm.assert_received(event='Other')", "at least 1 message accepted by crm*event*Other*"),
        ("crm.assert_received(at_most=0, type='track')", "*0 messages accepted by crm*type*track*"),
        ("crm.assert_received(where={'userId': 'u9'})", "at least 1 message accepted by crm*userId*u9*"),
        ("crm.assert_received(key='j_o_a__b_c1234')", "at least 1 message accepted by crm*key*j_o_a__b_c1234*"),
        ("crm.assert_received(step='Clicked')", "at least 1 message accepted by crm*step*Clicked*"),
        ("crm.assert_undelivered()", "at least 1 message never accepted by crm*"),
        ("crm.assert_attempts(each=2)", "2 *crm*"),
        ("crm.assert_attempts(total=3)", "3 *crm*"),
        ("crm.assert_nothing()", "nothing at crm"),
        ("crm.assert_nothing(user='u1')", "nothing at crm"),
    ],
)
def test_an_assertion_that_fails_says_what_it_expected(play: Play, assertion: str, expected: str) -> None:
    """Each assertion fails with what was expected, what was there, and the nearest payload."""
    journeys = {"j": {"name": "J", "steps": [{"send_to_destinations": {"name": "Clicked", "to": ["crm"]}}]}}
    result = play(f"""
@pytest.mark.harness(journeys={journeys})
def test_it(destinations):
    crm = destinations.event("crm")
    post(crm.url, track())
    {assertion}
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E   *expected  {expected}", "E   *actual    *", "E   *nearest   delivery 1 to crm*"])


def test_the_traceback_is_the_tests_own(play: Play) -> None:
    """Pytest points at the line of the test, not at the harness."""
    result = play("""
def test_it(destinations):
    destinations.event("crm").assert_received(1)
""")
    result.stdout.fnmatch_lines(['>       destinations.event("crm").assert_received(1)'])
    assert "receiving.py" not in result.stdout.str()


@pytest.mark.parametrize("assertion", ["assert_received(2)", "assert_nothing()", "wait_for(2, timeout=0)"])
def test_a_finding_names_the_line_that_asks(play: Play, assertion: str) -> None:
    """Not that of the test's `def`, and in a function of the test's own, that function's."""
    result = play(f"""
def test_it(destinations):
    crm = destinations.event("crm")
    post(crm.url, track())

    def ask():
        crm.{assertion}

    ask()
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *AssertionError: test_it.py:11:9  *"])


def test_an_asynchronous_wait_names_its_line_too(play: Play) -> None:
    """The line of the test that awaits."""
    result = play("""
@pytest.mark.asyncio
async def test_it(destinations):
    crm = destinations.event("crm")
    await crm.wait(timeout=0)
""")
    result.stdout.fnmatch_lines(["E   *AssertionError: test_it.py:9:5  *"])


def test_destinations_and_deliveries_show_what_they_are(play: Play) -> None:
    """What pytest prints of them fits in a line: names, places, counts, and each delivery in short."""
    play("""
@pytest.mark.harness(expect_violations=["malformed-body"])
def test_it(destinations):
    assert repr(destinations) == "<destinations: none>" and repr(destinations.deliveries) == "[]"
    crm, ads = destinations.event("crm", replies=503, retries="none"), destinations.list("ads", replies="reset")
    post(crm.url, track())
    post(crm.url, "x")
    assert repr(crm) == f"<event destination 'crm' at {crm.url}: 2 deliveries>"
    assert repr(ads) == f"<list destination 'ads' at {ads.url}: 0 deliveries>"
    assert repr(destinations) == f"<destinations: {crm!r}, {ads!r}>"
    said = "[<1 to crm: 'Audience Entered' of u1 -> 503>, <2 to crm: no payload -> 400, breaks malformed-body>]"
    assert repr(crm.deliveries) == repr(destinations.deliveries) == said
    for _ in range(20):
        post(crm.url, track())
    assert repr(crm.deliveries).endswith(", … 2 more]")
""").assert_outcomes(passed=1)


def test_nothing_is_nothing_at_all(play: Play) -> None:
    """`assert_nothing` holds for an untouched destination, and not for one that got a body without payloads."""
    result = play("""
@pytest.mark.harness(expect_violations=["malformed-body"])
def test_it(destinations):
    crm = destinations.event("crm")
    crm.assert_nothing()
    post(crm.url, "nonsense")
    crm.assert_nothing(event="Audience Entered")
    crm.assert_nothing()
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *actual    0 messages, and 1 deliveries without any"])


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("destinations.event('CRM')", "ValueError: destinations.CRM: *must be*"),
        ("destinations.event('crm', calls=['trak'])", "ValueError: destinations.crm.calls*did you mean 'track'?"),
        ("destinations.event('crm', replies=99)", "ValueError: destinations.crm.replies: must be*"),
        ("destinations.event('crm', url='crm.example')", "ValueError: destinations.crm.url*begins with http*"),
        ("destinations.list('ads', url='http://x', replies=500)", "TypeError: `url` answers for itself*"),
        ("destinations.event('crm').assert_received(evnt='x')", "TypeError: *by 'evnt'; did you mean 'event'?"),
        ("destinations.event('crm').assert_received(step='x')", "ValueError: unknown step 'x'*"),
        ("destinations.event('crm').assert_received(journey='x')", "ValueError: unknown journey 'x'*"),
        ("destinations.event('crm').assert_received(1, at_most=2)", "TypeError: give either `count`*"),
        ("destinations.event('crm').assert_attempts()", "TypeError: no number of attempts*"),
        (
            "destinations.event('crm'), destinations['cmr']",
            "UnknownDestination: the test has no destination 'cmr'; did you mean 'crm'?",
        ),
        ("destinations['cmr']", "UnknownDestination: *'cmr'; it has none yet: make one with*"),
    ],
)
def test_wrong_use_is_refused(play: Play, call: str, error: str) -> None:
    """What cannot be meant is refused where it is written, with the place, the remedy or the nearest name."""
    result = play(f"def test_it(destinations):\n    {call}\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E   *{error}"])


def test_an_endpoint_of_ones_own_answers_for_itself(play: Play) -> None:
    """With `url`, what comes is recorded, handed on, and answered as the endpoint answers."""
    play("""
def test_it(destinations):
    mine = destinations.event("mine", replies=418)
    crm = destinations.event("crm", url=mine.url)
    assert post(crm.url, track()) == 418
    assert crm.payloads == mine.payloads == [track()]
""").assert_outcomes(passed=1)


def test_an_endpoint_that_cannot_be_reached_fails_the_test(play: Play) -> None:
    """Where nobody answers at `url`, the test fails and says so, though the sender only saw a 502."""
    result = play("""
import socket

def test_it(destinations):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    crm = destinations.event("crm", url=f"http://127.0.0.1:{port}/hook")
    assert post(crm.url, track()) == 502
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["crm: http://127.0.0.1:*/hook cannot be reached*"])


def test_client_libraries_can_send_to_the_source(play: Play) -> None:
    """`source_url` takes calls as Segment's Tracking API does."""
    play("""
def test_it(destinations):
    call = {"userId": "u1", "event": "Signed Up", "writeKey": destinations.write_key}
    assert post(destinations.source_url + "/v1/track", call) == 200
    assert [each["event"] for each in destinations.source_calls] == ["Signed Up"]
""").assert_outcomes(passed=1)
