"""Which requests reach the receiver, and how the front names what the path names."""

from __future__ import annotations

import pytest
from aiohttp import web

from harness.adapters.server.requests import locate
from tests.adapters.front_serving import head, post, serving


@pytest.mark.parametrize(
    ("target", "run", "destination"),
    [
        ("/destinations/crm", "default", "crm"),
        ("/destinations/crm/v2/users?x=/runs/1", "default", "crm"),
        ("/runs/r-1/destinations/crm", "r-1", "crm"),
        ("/runs/r%201/destinations/c%72m/below", "r 1", "crm"),
        ("/destinations/a%2Fb", "default", "a/b"),
        ("/destinations/..", "default", ".."),
        ("/destinations/%2e%2e/%00", "default", ".."),
        ("/destinations/%00%0A", "default", "\0\n"),
        ("/destinations/%ED%A0%80", "default", "\ufffd\ufffd\ufffd"),
        ("/destinations/%zz", "default", "%zz"),
        ("/destinations/", "default", ""),
        ("/destinations", "default", ""),
        ("/destinations//crm", "default", ""),
        ("/runs//destinations/crm", "", "crm"),
        ("http://elsewhere/destinations/crm?x=1", "default", "crm"),
        ("/destinations/crm?a=1#b", "default", "crm"),
        ("/destinations/" + "x" * 8000, "default", "x" * 8000),
    ],
)
async def test_names_in_paths_are_passed_on_decoded(target: str, run: str, destination: str) -> None:
    """Whatever stands in a destination path is passed on, decoded, and the target as it was sent."""
    async with serving() as server:
        reply = await server.ask(post(target=target))
        request = await server.received()
    assert (reply.status, request.run, request.destination, request.path) == (200, run, destination, target)


@pytest.mark.parametrize("target", ["/", "/destination/crm", "/runs/r/v1/batch", "/_harness/healthz", "*", "http://h/"])
async def test_other_paths_go_to_the_control_application(target: str) -> None:
    """What is no destination path is answered by the control application."""
    async with serving() as server:
        reply = await server.ask(head(target=target, method="OPTIONS" if target == "*" else "GET"))
        assert (reply.status, server.unread) == (404, 0)


async def test_control_application_keeps_its_own_body_limit() -> None:
    """A control handler reads a body that is larger than aiohttp's default of 1 MiB."""

    async def handle(request: web.Request) -> web.Response:
        return web.json_response({"length": len(await request.read())})

    control = web.Application(client_max_size=4 * 1024 * 1024)
    control.router.add_post("/large", handle)
    async with serving(control=control) as server:
        reply = await server.ask(post(target="/large", body=b"x" * 3_000_000))
    assert reply.body == b'{"length": 3000000}'


async def test_control_application_is_started_and_cleaned_up_once() -> None:
    """The hooks of the control application run once each, in aiohttp's order."""
    calls: list[str] = []

    async def note_start(_: web.Application) -> None:
        calls.append("startup")

    async def note_shutdown(_: web.Application) -> None:
        calls.append("shutdown")

    async def note_cleanup(_: web.Application) -> None:
        calls.append("cleanup")

    control = web.Application()
    control.on_startup.append(note_start)
    control.on_shutdown.append(note_shutdown)
    control.on_cleanup.append(note_cleanup)
    async with serving(control=control) as server:
        pass
    await server.front.stop()
    assert calls == ["startup", "shutdown", "cleanup"]


@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS", "HEAD"])
async def test_other_methods_are_recorded_and_answered_405(method: str) -> None:
    """A method that destinations do not take still reaches the receiver, and the answer names those that they take."""
    async with serving() as server:
        client = await server.client()
        client.send(head(method=method))
        reply = await client.reply(body=method != "HEAD")
        defect = (await server.received()).defect
    assert (reply.status, reply.headers["allow"]) == (405, "POST, PUT, PATCH")
    assert defect is not None
    assert defect.actual == method


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_destination_methods_pass_headers_and_body_as_sent(method: str) -> None:
    """Headers keep their order, case and bytes, and the body its own."""
    async with serving() as server:
        await server.ask(post("X-Latin: \xe9", "x-twice: 1", "X-TWICE: 2", method=method, body=b"\xff\0"))
        request = await server.received()
    assert (request.method, request.body, request.defect) == (method, b"\xff\0", None)
    assert request.headers[1:4] == ((b"X-Latin", b"\xe9"), (b"x-twice", b"1"), (b"X-TWICE", b"2"))


async def test_header_fields_that_come_again_are_held_once() -> None:
    """Two requests with the same field share it, so that a ledger of many requests stays small."""
    async with serving() as server:
        for _ in range(2):
            await server.ask(post("X-Same: every time"))
        first, second = [(await server.received()).headers[1] for _ in range(2)]
    assert first is second


def test_a_path_outside_ascii_is_kept_percent_encoded() -> None:
    """Bytes that a lenient parser lets through come out as a path that JSON can hold."""
    location = locate("/destinations/caf\udcc3\udca9?q=\u00e9")
    assert location == ("default", "café", "/destinations/caf%C3%A9?q=%C3%A9")


def test_a_target_that_is_no_url_is_no_destination() -> None:
    """An absolute target that cannot be taken apart is left to the control application."""
    assert locate("http://[/destinations/crm") is None
