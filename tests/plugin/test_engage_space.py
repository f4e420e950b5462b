"""The fixture `engage_space`."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Play


def test_a_published_journey_sends_to_the_tests_destinations(play: Play) -> None:
    """Publish, enter, settle: calls and list entries arrive, under the key that publishing told."""
    play("""
def test_it(destinations, engage_space):
    crm, ads = destinations.event("crm", calls=["track", "identify"]), destinations.list("ads")
    keys = engage_space.publish("winback", name="Win-back", steps={"New users": [crm, "ads"]})
    alex = engage_space.profile("u1", email="alex@example.com", traits={"plan": "pro"})
    engage_space.enter("winback", "New users", alex, "u2")
    engage_space.settle()
    crm.assert_received(2, type="track", key=keys["New users"], step="New users", journey="winback")
    crm.assert_received(2, type="identify")
    assert {each.get("userId") for each in ads.members_of(keys["New users"])} == {"u1", "u2"}
    assert keys["New users"].startswith("j_o_win_back__new_users_")
""").assert_outcomes(passed=1)


def test_journeys_of_the_marker_are_published(play: Play) -> None:
    """Journeys that the marker declares start by themselves, once their destinations are there."""
    play("""
@pytest.mark.harness(journeys=JOURNEYS)
def test_it(destinations, engage_space):
    crm, ads = destinations.event("crm"), destinations.list("ads")
    engage_space.enter("first_purchase", "Opened email", "u1")
    engage_space.settle()
    crm.assert_received(1, user="u1")
    assert len(ads.members) == 1
""").assert_outcomes(passed=1)


def test_time_passes_only_when_told(play: Play) -> None:
    """Retries and a declared exit happen on a clock of their own, at once."""
    play("""
def test_it(destinations, engage_space):
    crm = destinations.event("crm", replies=[503, 200])
    engage_space.publish("winback", steps={"New users": [crm]}, exit={"after": "7d"})
    engage_space.enter("winback", "New users", "u1")
    engage_space.settle()
    crm.assert_attempts(each=2)
    crm.assert_received(1)
    engage_space.advance("7d")
    engage_space.settle()
    crm.assert_received(1, event="Audience Exited")
""").assert_outcomes(passed=1)


def test_leaving_sends_nothing(play: Play) -> None:
    """Where no exit is declared, nobody hears of it."""
    play("""
def test_it(destinations, engage_space):
    crm = destinations.event("crm")
    engage_space.publish("winback", steps={"New users": crm})
    engage_space.enter("winback", "New users", "u1")
    engage_space.leave("winback", "New users", "u1")
    engage_space.settle()
    crm.assert_received(1)
    crm.assert_attempts(total=1)
""").assert_outcomes(passed=1)


def test_profiles_enter_by_what_they_do(play: Play) -> None:
    """Events and traits let a profile into the journeys that have them as entry condition."""
    play("""
def test_it(destinations, engage_space):
    crm = destinations.event("crm")
    engage_space.publish("bought", steps={"One": [crm]}, entry={"event": "Order Completed"})
    engage_space.publish("paying", steps={"Two": [crm]}, entry={"traits": {"plan": "pro"}})
    engage_space.track("u1", "Order Completed", {"total": 7})
    engage_space.identify("u2", {"plan": "pro"})
    engage_space.settle()
    crm.assert_received(1, step="One", user="u1")
    crm.assert_received(1, step="Two", user="u2")
""").assert_outcomes(passed=1)


def test_several_emails_are_several_payloads(play: Play) -> None:
    """A profile that declares two emails may have two look-alikes, and the contract knows."""
    play("""
def test_it(destinations, engage_space):
    crm = destinations.event("crm")
    engage_space.publish("winback", steps={"New users": [crm]})
    engage_space.enter("winback", "New users", engage_space.profile("u1", email=["a@example.com", "b@example.com"]))
    engage_space.settle()
    crm.assert_received(2, user="u1")
""").assert_outcomes(passed=1)


def test_what_sources_send_feeds_it(play: Play) -> None:
    """A call of a client library can let its user in."""
    play("""
def test_it(destinations, engage_space):
    crm = destinations.event("crm")
    engage_space.publish("bought", steps={"One": [crm]}, entry={"event": "Order Completed"})
    post(destinations.source_url + "/v1/track", {"userId": "u1", "event": "Order Completed"})
    engage_space.settle()
    crm.assert_received(1, user="u1")
""").assert_outcomes(passed=1)


def test_the_space_tells_how_it_routes(play: Play) -> None:
    """A destination that a journey sends to has the space's name for it, and payloads for others are breaches there."""
    play("""
def test_it(destinations, engage_space, harness_verdict):
    crm = destinations.event("crm")
    engage_space.publish("winback", steps={"New users": [crm]})
    engage_space.enter("winback", "New users", "u1")
    engage_space.settle()
    harness_verdict.assert_passed()
    post(crm.url, {**crm.payloads[0], "messageId": "m2", "userId": "u2", "integrations": {"All": False, "Other": True}})
    harness_verdict.assert_violations("integrations-routing")
""").assert_outcomes(passed=1)


def test_every_action_can_be_awaited(play: Play) -> None:
    """An endpoint in the test's own event loop can answer, since the test goes on meanwhile."""
    play("""
from aiohttp import web

@pytest.mark.asyncio
async def test_it(destinations, engage_space):
    heard = []

    async def hook(request):
        heard.append(await request.json())
        return web.json_response({})

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    crm = destinations.event("crm", url=f"http://127.0.0.1:{site.port}/hook")
    try:
        await engage_space.apublish("j", steps={"S": [crm]}, entry={"event": "E"}, exit={"after": "1h"})
        await engage_space.aenter("j", "S", "u1")
        await engage_space.atrack("u2", "E")
        await engage_space.aidentify("u2", {"plan": "pro"})
        await engage_space.asettle()
        await engage_space.aleave("j", "S", "u1")
        await engage_space.aadvance("1h")
        await engage_space.asettle()
    finally:
        await runner.cleanup()
    assert heard == crm.payloads and len(heard) == 4
""").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("engage_space.publish('j', steps={'S': ['cmr']})", "SystemFailed: *'cmr'*did you mean 'crm'?"),
        ("engage_space.publish('j', stesp={})", "ValueError: journeys.j.stesp: *did you mean 'steps'?"),
        ("engage_space.publish('j', steps={'S': [crm]}, exit={'after': 7})", "ValueError: journeys.j.exit*"),
        ("engage_space.enter('j', 'S', 'u1')", "*SpaceError: *'j'*"),
        ("engage_space.advance('7')", "ValueError: '7' is not a duration*"),
        ("engage_space.profile()", "ValueError: profiles*"),
    ],
)
def test_wrong_use_is_refused(play: Play, call: str, error: str) -> None:
    """What cannot be meant is refused, with the place or the nearest name."""
    result = play(f"def test_it(destinations, engage_space):\n    crm = destinations.event('crm')\n    {call}\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E   *{error}"])


def test_an_endpoint_that_blocks_itself_is_explained(play: Play) -> None:
    """A space that does not settle in time says what may hold it."""
    result = play("""
def test_it(destinations, engage_space):
    crm = destinations.event("crm")
    engage_space.publish("j", steps={"S": [crm]})
    engage_space.enter("j", "S", "u1")
    engage_space.settle(within=0)
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *SystemFailed: the space did not settle within 0 s*"])
