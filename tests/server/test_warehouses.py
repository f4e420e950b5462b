"""Warehouses over the control API: set up, asked by SQL, and judged."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.server.serving import CONTROL, Served, served, track

RUN = "/runs/default"
WAREHOUSE = {"contract": "engage-journeys", "destinations": {"snowflake": {"kind": "warehouse"}}}


async def ask(it: Served, query: str, name: str = "snowflake") -> Any:
    """The answer to a query."""
    return await it.ask("GET", f"{CONTROL}{RUN}/destinations/{name}/rows{query}")


async def select(it: Served, sql: str) -> Any:
    """The answer to one query in SQL."""
    return await ask(it, f"?sql={quote(sql)}")


async def test_rows_are_there_as_soon_as_a_sender_has_its_answer() -> None:
    """A query waits until all that was accepted is loaded, and gives columns in their order and rows by column."""
    async with served(WAREHOUSE) as it:
        for number in range(30):
            await it.send(track(f"u{number}"), to="/destinations/snowflake")
        answer = await select(it, "select count(*) as n, max(event_text) as last from tracks")
    assert (answer.status, answer.json["columns"]) == (200, ["n", "last"])
    assert answer.json["rows"] == [{"n": 30, "last": "Audience Entered"}]


async def test_what_a_warehouse_gets_is_judged() -> None:
    """Rules hold for its calls as for those to an event destination, and a breach is a row all the same."""
    async with served(WAREHOUSE) as it:
        await it.send(track(event="Audience Exited"), to="/destinations/snowflake")
        verdict = await it.get(f"{RUN}/verdict")
        answer = await select(it, "select event from tracks")
    assert [each["rule"] for each in verdict["violations"]] == ["entry-only"]
    assert answer.json["rows"] == [{"event": "audience_exited"}]


async def test_its_state_can_be_put_again() -> None:
    """What the API tells of a warehouse is what sets it up, without its defaults."""
    chosen = {
        "tables": ["tracks"],
        "columns": {"tracks": ["event"]},
        "leave_out": {"tables": ["users"], "columns": {"tracks": ["user_id"]}},
    }
    written = {"kind": "warehouse", "calls": ["track"], "schema": "engage_x", "selective_sync": chosen, "replies": 503}
    async with served() as it:
        state = await it.put(f"{RUN}/destinations/wh", written)
        assert state == {**written, "path": "/destinations/wh", "url": "sqlite:"}
        again = await it.put(f"{RUN}/destinations/wh", {name: state[name] for name in state if name != "path"})
        plain = await it.put(f"{RUN}/destinations/plain", {"kind": "warehouse"})
    assert again == state
    assert (plain["schema"], "selective_sync" in plain) == ("engage_plain", False)


async def test_values_that_were_left_null_are_told() -> None:
    """They break no rule, and whoever wonders about a null finds why."""
    async with served({**WAREHOUSE, "contract": "segment-spec"}) as it:
        for message, total in (("m1", 1), ("m2", "many")):
            call = {"type": "track", "event": "Paid", "userId": "u1", "messageId": message}
            await it.send({**call, "properties": {"total": total}}, to="/destinations/snowflake")
        answer = await select(it, "select total from paid order by id")
        state = await it.get(f"{RUN}/destinations")
    told = ["paid.total is integer and cannot hold many"]
    assert (answer.json["rows"], answer.json["left_null"]) == ([{"total": 1}, {"total": None}], told)
    assert state["destinations"]["snowflake"]["left_null"] == told


@pytest.mark.parametrize(
    ("name", "query", "status", "told"),
    [
        ("snowflake", "", 400, "the one parameter `sql`"),
        ("snowflake", "?sql=select%201&limit=3", 400, "the one parameter `sql`"),
        ("snowflake", "?sql=create%20table%20x%20(y%20int)", 400, "more than read"),
        ("snowflake", "?sql=attach%20%27x.db%27%20as%20x", 400, "more than read"),
        ("snowflake", "?sql=select%20load_extension(%27x%27)", 400, "query failed"),
        ("crm", "?sql=select%201", 404, "'crm' is of kind event, and has no tables"),
        ("snowflak", "?sql=select%201", 404, "did you mean 'snowflake'?"),
    ],
)
async def test_a_query_that_cannot_be_answered_says_why(name: str, query: str, status: int, told: str) -> None:
    """One problem, with what to do instead."""
    config = {"destinations": {"snowflake": {"kind": "warehouse"}, "crm": {"kind": "event"}}}
    async with served(config) as it:
        answer = await ask(it, query, name)
    assert answer.status == status
    assert told in f"{answer.json['title']} {answer.json.get('detail')}"


async def test_no_request_makes_the_server_open_a_file() -> None:
    """A path in a request is refused, and nothing of it is set up."""
    async with served() as it:
        answer = await it.ask("PUT", f"{CONTROL}{RUN}/destinations/wh", {"kind": "warehouse", "url": "sqlite:x.db"})
        state = await it.get(f"{RUN}/destinations")
    assert answer.status == 400
    assert "a server opens no file that a request names" in answer.json["detail"]
    assert state == {"destinations": {}}


async def test_a_closed_run_has_let_go_of_its_warehouse() -> None:
    """A run of the same name that is opened again begins with empty tables."""
    path = "/runs/nightly"
    async with served() as it:
        for _ in range(2):
            await it.put(path, WAREHOUSE)
            await it.send(track(), to=f"{path}/destinations/snowflake")
            answer = await it.ask(
                "GET", f"{CONTROL}{path}/destinations/snowflake/rows?sql=select%20count(*)%20as%20n%20from%20tracks"
            )
            assert answer.json["rows"] == [{"n": 1}]
            await it.ask("DELETE", CONTROL + path)
