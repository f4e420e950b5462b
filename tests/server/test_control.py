"""The control API's own manners: health, clock, and errors that say what to do."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from harness.adapters.server.requests import Limits
from tests.server.serving import CONTROL, served, track

CLOCK = "/runs/r/clock"


@pytest.mark.parametrize("path", ["/_harness/healthz", "/_harness/readyz"])
async def test_health_is_answered(path: str) -> None:
    """A server that answers is alive and ready."""
    async with served() as it:
        answer = await it.ask("GET", path)
    assert (answer.status, answer.json) == (200, {"status": "ok"})


async def test_a_clock_is_set_to_a_time() -> None:
    """A run's clock jumps to an ISO 8601 time, in any zone, and goes on from there."""
    async with served() as it:
        await it.put("/runs/r", {})
        moved = await it.put(CLOCK, {"now": "2400-01-01T02:00:00+02:00"})
        default = await it.get("/runs/default/clock")
    assert moved["now"].startswith("2400-01-01T00:00:0")
    assert not default["now"].startswith("2400")


async def test_a_clock_is_advanced_by_a_duration() -> None:
    """Advances add up, and one of nothing is allowed."""
    async with served() as it:
        await it.put("/runs/r", {})
        await it.put(CLOCK, {"now": "2400-01-01T00:00:00Z"})
        for duration in ("1h", "30m", "0s"):
            moved = await it.put(CLOCK, {"advance": duration})
        await it.put("/runs/r/destinations/crm", {"kind": "event"})
        await it.send(track(), to="/runs/r/destinations/crm")
        (record,) = (await it.get("/runs/r/deliveries"))["deliveries"]
    assert moved["now"].startswith("2400-01-01T01:30:0")
    assert record["received_at"].startswith("2400-01-01T01:30:0")
    assert not record["arrived_at"].startswith("2400")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"now": "2001-01-01T00:00:00Z"}, "does not go back"),
        ({"now": "yesterday"}, "yesterday"),
        ({"now": "9500-01-01T00:00:00Z"}, "no further than"),
        ({"advance": "5"}, "a number and a unit"),
        ({"advance": "999999999999w"}, "no further than"),
        ({"advance": "1h", "now": "2400-01-01T00:00:00Z"}, '{"advance"'),
        ({}, '{"advance"'),
        ([], '{"advance"'),
    ],
)
async def test_a_clock_that_cannot_be_moved_so_stays(body: Any, detail: str) -> None:
    """Backwards, beyond all dates, or told in no known way: a 400, and the time is as it was."""
    async with served() as it:
        await it.put("/runs/r", {})
        await it.put(CLOCK, {"now": "2400-01-01T00:00:00Z"})
        answer = await it.ask("PUT", CONTROL + CLOCK, body)
        now = (await it.get(CLOCK))["now"]
    assert answer.status == 400
    assert detail in answer.json["detail"]
    assert now.startswith("2400-01-01T00:00:0")


@pytest.mark.parametrize(
    "path", ["/", "/favicon.ico", "/v1/nothing", "/_harness", "/_harness/v1", "/_harness/v1/runs/r/nothing", "/%ff"]
)
async def test_an_unknown_path_is_a_404_that_shows_the_ways(path: str) -> None:
    """Whoever is lost is told where destinations, sources and the control API are."""
    async with served() as it:
        answer = await it.ask("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "/destinations/NAME" in answer.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/_harness/v1/runs/default", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("GET", "/v1/track", "OPTIONS, POST"),
        ("DELETE", "/_harness/healthz", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_wrong_method_is_a_405_with_those_that_are_allowed(method: str, path: str, allowed: str) -> None:
    """The answer names the methods, in the header as in the text."""
    async with served() as it:
        answer = await it.ask(method, path)
    assert (answer.status, answer.headers["allow"]) == (405, allowed)
    assert allowed in answer.json["detail"]


@pytest.mark.parametrize(
    "path", ["", "/destinations", "/deliveries", "/deliveries/1", "/verdict", "/clock", "/destinations/a/members"]
)
async def test_what_is_below_an_unknown_run_is_a_404_with_the_nearest(path: str) -> None:
    """A run that is not open is named, with the one that may have been meant."""
    async with served() as it:
        answer = await it.ask("GET", f"{CONTROL}/runs/defualt{path}")
    assert answer.status == 404
    assert "did you mean 'default'" in answer.json["title"]


@pytest.mark.parametrize(("retries", "shown"), [("segment", "segment"), ({"like": "segment", "first": "1s"}, "custom")])
async def test_a_destination_is_shown_with_how_its_senders_retry(retries: Any, shown: str) -> None:
    """The profile stands among its settings by name; without one, nothing is said of it."""
    async with served() as it:
        put = await it.put("/runs/default/destinations/ads", {"kind": "list", "retries": retries})
        got = await it.get("/runs/default/destinations/ads")
        plain = await it.put("/runs/default/destinations/crm", {"kind": "event"})
    assert put["retries"] == got["retries"] == shown
    assert "retries" not in plain


async def test_members_of_what_has_none_are_a_404() -> None:
    """Neither an unknown destination nor an event destination has members."""
    async with served({"destinations": {"crm": {"kind": "event"}}}) as it:
        event = await it.ask("GET", f"{CONTROL}/runs/default/destinations/crm/members")
        unknown = await it.ask("GET", f"{CONTROL}/runs/default/destinations/crmm/members")
    assert (event.status, unknown.status) == (404, 404)
    assert "did you mean 'crm'" in unknown.json["title"]


UNREADABLE: dict[str, tuple[bytes, dict[str, str], int]] = {
    "cut off": (b"{", {}, 400),
    "not UTF-8": (b"\xff\xfe", {}, 400),
    "half a surrogate pair": (b'"\\ud800"', {}, 400),
    "nested": (b"[" * 300 + b"]" * 300, {}, 400),
    "nested without end": (b"[" * 100_000, {}, 400),
    "no number": (b'{"version": NaN}', {}, 400),
    "too long": (b"x" * 2000, {}, 413),
    "not gzip": (b"{}", {"content-encoding": "gzip"}, 400),
    "an unknown encoding": (b"{}", {"content-encoding": "br"}, 415),
    "a small bomb": (gzip.compress(b"x" * 2000), {"content-encoding": "gzip"}, 413),
}


@pytest.mark.parametrize("case", UNREADABLE)
@pytest.mark.parametrize("path", ["/runs/r", "/runs/r/destinations/crm", "/runs/r/clock"])
async def test_a_body_that_cannot_be_read_is_a_fitting_4xx(path: str, case: str) -> None:
    """What is no JSON, too big or wrongly encoded is a problem of whoever sent it."""
    body, headers, status = UNREADABLE[case]
    async with served(limits=Limits(body=200_000 if len(body) > 5000 else 1000)) as it:
        await it.put("/runs/r", {})
        answer = await it.ask("PUT", CONTROL + path, data=body, headers=headers)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_an_encoded_body_sets_a_run_up() -> None:
    """A gzipped configuration is as good as a plain one."""
    body = gzip.compress(b'{"destinations": {"crm": {"kind": "event"}}}')
    async with served() as it:
        answer = await it.ask("PUT", f"{CONTROL}/runs/r", data=body, headers={"content-encoding": "gzip"})
    assert list(answer.json["destinations"]) == ["crm"]


async def test_json_answers_end_their_line() -> None:
    """In a terminal, what comes next begins on a line of its own."""
    asked = [
        ("GET", "/_harness/healthz", None),
        ("GET", f"{CONTROL}/runs/default/verdict", None),
        ("GET", f"{CONTROL}/runs/default/deliveries", None),
        ("GET", f"{CONTROL}/runs/nope", None),
        ("POST", "/destinations/crm", track()),
        ("POST", "/destinations/crm", {}),
        ("POST", "/destinations/nobody", track()),
        ("POST", "/runs/nope/destinations/crm", track()),
        ("POST", "/v1/track", {"userId": "u1", "event": "E"}),
    ]
    async with served({"destinations": {"crm": {"kind": "event"}}}) as it:
        bodies = [(await it.ask(method, path, json)).body for method, path, json in asked]
        bodies.append((await it.raw(b"hello\r\n\r\n")).body)
    assert [body for body in bodies if not body.endswith(b"}\n")] == []
