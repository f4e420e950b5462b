"""Setting up what is set up so already changes nothing; changing a destination keeps what it counted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.serving import CONTROL, KEY, served, track

CRM: dict[str, Any] = {"kind": "event", "calls": ["track"], "replies": [503, 429, 200]}
CONFIG: dict[str, Any] = {"destinations": {"crm": CRM, "ads": {"kind": "list"}}}
HERE = "/runs/default/destinations"
JOURNEYS = {
    "j": {"name": "J", "entry": {"event": "E"}, "steps": [{"send_to_destinations": {"name": "S", "to": ["crm"]}}]}
}


@pytest.mark.parametrize(("path", "body"), [("/runs/default", CONFIG), (f"{HERE}/crm", CRM)])
async def test_a_put_that_is_repeated_forgets_nothing(path: str, body: Any) -> None:
    """State, attempts, members and record are as before."""
    async with served(CONFIG) as it:
        await it.send(track())
        await it.send({"list": KEY, "add": [{"userId": "u1"}]}, to="/destinations/ads")
        before = await it.get("/runs/default")
        first, second = await it.put(path, body), await it.put(path, body)
        after = await it.get("/runs/default")
        again = await it.send(track())
        members = await it.get(f"{HERE}/ads/members")
    assert first.get("replies") == second.get("replies")
    assert {**before, "now": ""} == {**after, "now": ""}
    assert (again.status, members["lists"]) == (429, {KEY: [{"userId": "u1"}]})


async def test_a_destination_put_as_it_is_leaves_the_runs_system_alone() -> None:
    """A run whose destination was set up as before is still the one that was set up, and a reset starts its space."""
    async with served({**CONFIG, "journeys": JOURNEYS}) as it:
        run = it.server.open_run("default")
        setup = run.setup
        await it.put(f"{HERE}/crm", CRM)
    assert setup is not None
    assert run.setup is setup


async def test_replies_are_changed_while_the_destination_runs() -> None:
    """All else stays: the calls it takes, and the attempts that it counted."""
    async with served(CONFIG) as it:
        first = await it.send(track())
        changed = await it.ask("PATCH", f"{CONTROL}{HERE}/crm", {"replies": [500, 502]})
        second = await it.send(track())
    assert (first.status, second.status) == (503, 502)
    assert changed.json == {"kind": "event", "path": "/destinations/crm", "calls": ["track"], "replies": [500, 502]}


async def test_url_and_replies_take_the_place_of_each_other() -> None:
    """A destination either answers for itself or hands on."""
    async with served(CONFIG) as it:
        url = (await it.ask("PATCH", f"{CONTROL}{HERE}/crm", {"url": "http://127.0.0.1:9"})).json
        replies = (await it.ask("PATCH", f"{CONTROL}{HERE}/crm", {"replies": 201})).json
    assert (url.get("url"), url.get("replies")) == ("http://127.0.0.1:9", None)
    assert (replies.get("url"), replies.get("replies")) == (None, 201)


@pytest.mark.parametrize(
    ("path", "changes", "status", "told"),
    [
        ("crm", {}, 400, "nothing is to be changed"),
        ("crm", [], 400, "nothing is to be changed"),
        ("crm", {"replys": 200}, 400, "did you mean 'replies'"),
        ("crm", {"replies": 99}, 400, "replies"),
        ("crm", {"kind": "list"}, 400, "stays of kind event"),
        ("ads", {"calls": ["track"]}, 400, "takes members"),
        ("crmm", {"replies": 200}, 404, "set it up with PUT"),
    ],
)
async def test_a_change_that_cannot_be_is_refused(path: str, changes: Any, status: int, told: str) -> None:
    """What is wrong is said, and the destination is as it was."""
    async with served(CONFIG) as it:
        answer = await it.ask("PATCH", f"{CONTROL}{HERE}/{path}", changes)
        state = await it.get(f"{HERE}/crm")
    assert (answer.status, told in answer.json["detail"]) == (status, True)
    assert state["replies"] == [503, 429, 200]


async def test_runs_are_listed_in_pages() -> None:
    """`next` of one page is `after` of the following one, until it is null."""
    async with served() as it:
        for name in "edcba":
            await it.put(f"/runs/{name}", {})
        pages, after = [], ""
        while after is not None:
            page = await it.get(f"/runs?limit=2&after={after}")
            pages.append([run["run"] for run in page["runs"]])
            after = page["next"]
    assert (pages, page["total"]) == ([["a", "b"], ["c", "d"], ["default", "e"]], 6)


@pytest.mark.parametrize(
    ("path", "allowed"), [("/runs", "GET, HEAD, OPTIONS"), ("/runs/default/reset", "OPTIONS, POST")]
)
async def test_options_tells_the_methods_and_lets_no_other_site_in(path: str, allowed: str) -> None:
    """The methods are told; there is no CORS header."""
    async with served() as it:
        answer = await it.ask("OPTIONS", CONTROL + path, headers={"Origin": "http://evil.example"})
    assert (answer.status, answer.headers["allow"]) == (204, allowed)
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("path", ["/_harness/healthz", f"{CONTROL}/runs/default/verdict", f"{CONTROL}/runs/nowhere"])
async def test_head_is_a_get_without_its_body(path: str) -> None:
    """Status and headers are those of a GET."""
    async with served() as it:
        get, head = await it.ask("GET", path), await it.ask("HEAD", path)
    assert (head.status, head.headers["content-type"], head.body) == (get.status, get.headers["content-type"], b"")
