"""What destinations record and answer, through the whole server."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.server.serving import KEY, Served, served, track

CONFIG = {
    "destinations": {
        "crm": {"kind": "event"},
        "flaky": {"kind": "event", "replies": [503, 429, 200]},
        "cut": {"kind": "event", "replies": ["reset", 200]},
        "ads": {"kind": "list"},
        "shaky": {"kind": "list", "replies": [503, 200]},
    }
}


async def _deliveries(it: Served, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await it.get(f"/runs/default/deliveries{query}"))["deliveries"]
    return found


async def test_a_delivery_is_recorded_before_its_reply_leaves() -> None:
    """Whoever has the answer finds the delivery in the ledger at once."""
    async with served(CONFIG) as it:
        ledger = it.server.open_run("default").ledger
        for number in range(1, 51):
            async with it.connection() as client:
                client.send(b"POST /destinations/crm HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}")
                await client.reply()
                assert len(ledger.deliveries()) == number


async def test_a_record_holds_what_came_and_what_was_answered() -> None:
    """The record of a good call has its bytes, its payload and its reply."""
    async with served(CONFIG) as it:
        await it.send(track(), to="/destinations/crm/below?q=1")
        (record,) = await _deliveries(it)
    assert (record["number"], record["run"], record["destination"], record["kind"]) == (1, "default", "crm", "event")
    assert record["request"]["path"] == "/destinations/crm/below?q=1"
    assert (record["payloads"], record["violations"], record["reply"]) == ([track()], [], {"status": 200})


async def test_a_sequence_of_replies_is_counted_per_message() -> None:
    """Each message goes through the sequence by itself, and the last reply repeats."""
    async with served(CONFIG) as it:
        statuses = [(await it.send(track(user), to="/destinations/flaky")).status for user in ("a", "b", "a", "a", "a")]
    assert statuses == [503, 503, 429, 200, 200]


async def test_a_batch_gets_the_reply_of_its_most_tried_message() -> None:
    """A batch with one message that was tried before is answered as that message is."""
    async with served(CONFIG) as it:
        first = await it.send(track("a"), to="/destinations/flaky")
        batch = await it.send([track("a"), track("b")], to="/destinations/flaky")
        records = await _deliveries(it)
    assert (first.status, batch.status) == (503, 429)
    assert [record["attempt"] for record in records] == [1, 2]


async def test_a_list_entry_is_a_message_of_its_own() -> None:
    """The same user added again is a second attempt, another user a first one."""
    async with served(CONFIG) as it:
        answers = [
            await it.send({"list": KEY, "add": [{"userId": user}]}, to="/destinations/shaky")
            for user in ("a", "b", "a")
        ]
    assert [answer.status for answer in answers] == [503, 503, 200]


async def test_reset_cuts_the_connection_after_recording() -> None:
    """A destination told to reset answers nothing, and has recorded the delivery all the same."""
    async with served(CONFIG) as it:
        with pytest.raises(aiohttp.ClientError):
            await it.send(track(), to="/destinations/cut")
        again = await it.send(track(), to="/destinations/cut")
        first, second = await _deliveries(it)
    assert (first["reply"], second["reply"], again.status) == ({"fault": "reset"}, {"status": 200}, 200)


async def test_a_call_type_that_is_not_taken_is_answered_501() -> None:
    """A destination that takes track calls refuses an identify call, and says which it takes."""
    async with served(CONFIG) as it:
        answer = await it.send({"type": "identify", "userId": "u1", "traits": {}})
        (record,) = await _deliveries(it)
    assert (answer.status, answer.json["expected"]) == (501, "track")
    assert [violation["rule"] for violation in record["violations"]] == ["destination-kind"]


async def test_life_cycle_requests_of_a_webhook_audience_are_acknowledged() -> None:
    """An audience is created and looked up under one id, and neither request breaks a rule."""
    async with served(CONFIG) as it:
        made = await it.send({"audienceName": "winback"}, to="/destinations/ads")
        found = await it.send({"externalId": made.json["externalId"]}, to="/destinations/ads")
        verdict = await it.get("/runs/default/verdict")
    assert (made.status, found.json) == (200, made.json)
    assert verdict["verdict"] == "passed"


async def test_members_are_those_whose_adding_was_accepted() -> None:
    """A refused entry makes nobody a member; its retry does."""
    async with served(CONFIG) as it:
        body = {"list": KEY, "add": [{"userId": "u1"}]}
        await it.send(body, to="/destinations/shaky")
        before = await it.get("/runs/default/destinations/shaky/members")
        await it.send(body, to="/destinations/shaky")
        after = await it.get("/runs/default/destinations/shaky/members")
    assert (before, after) == ({"lists": {}}, {"lists": {KEY: [{"userId": "u1"}]}})


async def test_an_unknown_destination_is_answered_404_and_recorded() -> None:
    """The answer names what there is and the near miss; the record says that nobody expected it."""
    async with served(CONFIG) as it:
        answer = await it.send(track(), to="/destinations/crmm")
        (record,) = await _deliveries(it)
        verdict = await it.get("/runs/default/verdict")
    assert (answer.status, answer.json["known"]) == (404, sorted(CONFIG["destinations"]))
    assert "did you mean 'crm'" in answer.json["error"]
    assert (record["kind"], record["unexpected"], record["destination"]) == (None, True, "crmm")
    assert (verdict["verdict"], verdict["counts"]["unexpected"]) == ("failed", 1)


async def test_a_bad_payload_is_recorded_with_its_rule_and_answered_as_told() -> None:
    """Violations do not change the reply: the destination is a receiver, not a gate."""
    async with served(CONFIG) as it:
        answer = await it.send(track(event="Audience Exited"))
        (record,) = await _deliveries(it, "?rule=entry-only")
    assert answer.status == 200
    assert record["violations"][0]["deliveries"] == [1]


async def test_deeply_nested_deliveries_can_be_listed() -> None:
    """Whatever depth a destination takes, the list of deliveries can show."""
    async with served(CONFIG) as it:
        for depth in (200, 239, 240, 253, 1100):
            body = b'{"type": "track", "properties": %b%b}' % (b"[" * depth, b"]" * depth)
            await it.ask("POST", "/destinations/crm", data=body, headers={"content-type": "text/json"})
        records = await _deliveries(it)
    assert [record["reply"]["status"] for record in records] == [200, 200, 400, 400, 400]
