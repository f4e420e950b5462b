"""The token of the control API: demanded of all that reads or changes a run, and of nothing that senders need."""

from __future__ import annotations

import pytest

from harness.adapters.server.openapi import openapi_document
from harness.adapters.server.server import Server
from harness.adapters.server.tokens import OPEN
from harness.cli.serve_options import is_loopback
from tests.server.serving import CONTROL, served, track

TOKEN = "s3cret-token"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
ROUTES = [(route.method, route.path) for route in Server().routes]
BEHIND = [(method, path) for method, path in ROUTES if path.startswith("/_harness/") and path not in OPEN]
WRONG = ["", "Bearer", "Bearer ", "Bearer s3cret", "Bearer s3cret-tokens", f"Basic {TOKEN}", TOKEN, "Bearer \xff"]


def _path(written: str) -> str:
    return written.replace("{run}", "default").replace("{name}", "crm").replace("{number}", "1")


@pytest.mark.parametrize(("method", "path"), BEHIND, ids=lambda value: value)
async def test_each_route_of_the_control_api_is_behind_the_token(method: str, path: str) -> None:
    """Without it, the answer is 401, says what to send, and changes nothing."""
    async with served(token=TOKEN) as it:
        answer = await it.ask(method, _path(path), json=None if method == "GET" else {})
        runs = await it.ask("GET", f"{CONTROL}/runs", headers=RIGHT)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "Authorization: Bearer" in answer.json["detail"]
    assert [run["run"] for run in runs.json["runs"]] == ["default"]


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_token_is_none(wrong: str) -> None:
    """Part of it, more than it, another scheme, and bytes that are no text."""
    async with served(token=TOKEN) as it:
        assert (await it.ask("GET", f"{CONTROL}/runs", headers={"Authorization": wrong})).status == 401
        assert (await it.ask("GET", f"{CONTROL}/runs", headers={"Authorization": f"bearer {TOKEN}"})).status == 200


ELSEWHERE = (
    "/%5Fharness/v1/runs", "/_harness/v1/%72uns", "//_harness/v1/runs", "/_harness//v1/runs",
    "/x/../_harness/v1/runs", "/_HARNESS/v1/runs", "/_harness/docs/../v1/runs",
)  # fmt: skip


@pytest.mark.parametrize("path", ELSEWHERE)
async def test_another_way_to_write_the_path_leads_past_no_token(path: str) -> None:
    """What is not found has nothing to tell; what is found demands the token."""
    async with served(token=TOKEN) as it:
        reply = await it.raw(f"GET {path} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
    assert reply.status in (401, 404)
    assert b'"runs"' not in reply.body


async def test_senders_and_probes_need_no_token() -> None:
    """Destinations, sources, health and the description are open."""
    async with served(token=TOKEN) as it:
        settings = {"destinations": {"crm": {"kind": "event"}}}
        set_up = await it.ask("PUT", f"{CONTROL}/runs/default", settings, headers=RIGHT)
        sent = await it.send(track())
        tracked = await it.ask(
            "POST", "/v1/track", {"userId": "u1", "event": "E"}, headers={"Authorization": "Basic dzo="}
        )
        opened = [(await it.ask("GET", path)).status for path in sorted(OPEN)]
    assert (set_up.status, sent.status, tracked.status) == (200, 200, 200)
    assert opened == [200] * len(OPEN)


async def test_without_a_token_nothing_is_demanded() -> None:
    """As on loopback."""
    async with served() as it:
        assert (await it.ask("GET", f"{CONTROL}/runs")).status == 200


def test_the_description_names_the_token_where_it_may_be_demanded() -> None:
    """Tools that are made from it can send one."""
    paths = openapi_document(Server().routes)["paths"]
    secured = [(m.upper(), path) for path, each in paths.items() for m in each if each[m]["security"]]
    assert sorted(secured) == sorted(BEHIND)


@pytest.mark.parametrize(("host", "own"), [
    ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("[::1]", True), ("localhost", True), ("0.0.0.0", False),  # noqa: S104  # nothing listens there
    ("::", False), ("", False), ("192.168.1.7", False), ("example.com", False), ("127.0.0.1.example.com", False),
])  # fmt: skip
def test_only_addresses_of_loopback_are_taken_for_such(host: str, own: bool) -> None:
    """A name could lead anywhere, and no address at all is every one."""
    assert is_loopback(host) is own
