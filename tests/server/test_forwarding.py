"""Destinations with a `url:`: what comes is handed on to an endpoint that somebody develops, and recorded."""

from __future__ import annotations

import asyncio
import errno
import io
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey

from harness.adapters.server.forwarding import Forwarder, Unreachable
from harness.adapters.server.requests import RawRequest
from tests.server.endpoints import endpoint
from tests.server.serving import KEY, Served, served, track

JSON = {"content-type": "application/json"}
CONNECTION = ConnectionKey("crm.example", 443, True, True, None, None, None)
REQUEST = RawRequest(
    run="default", destination="crm", method="POST", path="/destinations/crm", headers=(), body=b"{}",
    arrived_at=0, defect=None,
)  # fmt: skip


@asynccontextmanager
async def relaying(url: str, **changes: Any) -> AsyncIterator[Served]:
    """A server whose destination `crm` hands on to `url`."""
    async with served({"destinations": {"crm": {"kind": "event", "url": url, **changes}}}) as it:
        yield it


async def _record(it: Served) -> dict[str, Any]:
    (record,) = (await it.get("/runs/default/deliveries"))["deliveries"]
    found: dict[str, Any] = record
    return found


async def test_the_answer_of_the_endpoint_is_relayed_and_recorded() -> None:
    """Status, body, type and what tells the sender when to come again reach the sender as the endpoint said them."""

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(status=429, text="<later/>", content_type="text/xml", headers={"Retry-After": "7"})

    async with endpoint(answer) as url, relaying(url) as it:
        got = await it.send(track())
        record = await _record(it)
    assert (got.status, got.body, got.headers["retry-after"]) == (429, b"<later/>", "7")
    assert got.headers["content-type"].startswith("text/xml")
    assert (record["reply"], record["payloads"]) == ({"status": 429}, [track()])


async def test_the_endpoint_gets_the_request_as_it_came() -> None:
    """Method, body, headers and what the path has below the destination are handed on."""
    heard: list[tuple[str, str, bytes, str | None]] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        heard.append((request.method, request.path_qs, await request.read(), request.headers.get("X-Signature")))
        return web.json_response({})

    async with endpoint(answer) as url, relaying(f"{url}/hook") as it:
        await it.ask(
            "PUT", "/destinations/crm/v2/users?a=1", data=b'{"type":"x"}', headers={**JSON, "X-Signature": "s"}
        )
        await it.ask("POST", "/destinations/crm", data=b"[]", headers=JSON)
    assert heard == [("PUT", "/hook/v2/users?a=1", b'{"type":"x"}', "s"), ("POST", "/hook", b"[]", None)]


async def test_a_malformed_body_is_answered_by_the_endpoint_too() -> None:
    """The endpoint is under test: it decides about bad bodies, while the record names what is wrong with them."""

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(status=202)

    async with endpoint(answer) as url, relaying(url) as it:
        got = await it.ask("POST", "/destinations/crm", data=b"{", headers=JSON)
        record = await _record(it)
    assert (got.status, record["reply"], record["violations"][0]["rule"]) == (202, {"status": 202}, "malformed-body")


async def test_what_could_not_be_read_whole_is_not_handed_on() -> None:
    """An endpoint never sees half a body: the harness refuses it itself."""

    async def answer(request: web.BaseRequest) -> web.Response:
        raise AssertionError("it was handed on")

    async with endpoint(answer) as url, relaying(url) as it:
        got = await it.ask("POST", "/destinations/crm", data=b"{}", headers={**JSON, "content-encoding": "gzip"})
    assert got.status == 400


@pytest.mark.parametrize("body", [b"", b"not JSON", b"\xff\xfe"])
async def test_an_answer_that_is_no_json_is_relayed_as_it_is(body: bytes) -> None:
    """What an endpoint answers is its own affair."""

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(status=200, body=body, content_type="application/json")

    async with endpoint(answer) as url, relaying(url) as it:
        got = await it.send(track())
    assert (got.status, got.body) == (200, body)


async def test_a_large_body_is_handed_on_whole() -> None:
    """Batches of several megabytes reach the endpoint as they came."""
    sizes: list[int] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        sizes.append(len(await request.content.read()))
        return web.Response()

    body = b'[{"type": "track", "properties": "%b"}]' % (b"x" * 3_000_000)
    async with endpoint(answer) as url, relaying(url) as it:
        got = await it.ask("POST", "/destinations/crm", data=io.BytesIO(body), headers=JSON)
    assert (got.status, sizes) == (200, [len(body)])


async def test_members_are_those_that_the_endpoint_accepted() -> None:
    """A list destination with an endpoint counts its members by the endpoint's answers."""
    statuses = iter([500, 200])

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(status=next(statuses))

    body = {"list": KEY, "add": [{"userId": "u1"}]}
    async with endpoint(answer) as url, served({"destinations": {"crm": {"kind": "list", "url": url}}}) as it:
        await it.send(body)
        before = await it.get("/runs/default/destinations/crm/members")
        await it.send(body)
        after = await it.get("/runs/default/destinations/crm/members")
    assert (before["lists"], after["lists"]) == ({}, {KEY: [{"userId": "u1"}]})


async def test_an_endpoint_that_nobody_serves_is_a_502_and_makes_the_run_errored() -> None:
    """The sender is told, the delivery is recorded, and the verdict says where nobody answered."""

    async def answer(request: web.BaseRequest) -> web.Response:
        raise AssertionError("it is not there any more")

    async with endpoint(answer) as url:
        pass
    async with relaying(url) as it:
        got = await it.send(track())
        record = await _record(it)
        verdict = await it.get("/runs/default/verdict")
    assert (got.status, record["reply"]) == (502, {"status": 502})
    assert url in got.json["error"]
    assert verdict["verdict"] == "errored"
    assert verdict["failures"] == [f"crm: {url} cannot be reached: connection refused; start it, or correct `url:`"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "connection reset by peer"),
        # What asyncio makes of a name that has several addresses.
        (
            OSError("Multiple exceptions: [Errno 111] Connect call failed (1), [Errno 111] Connect call failed (2)"),
            "connection refused",
        ),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (aiohttp.ServerDisconnectedError(), "Server disconnected"),
        (aiohttp.ClientConnectorCertificateError(CONNECTION, ValueError("self-signed")), "self-signed"),
        (aiohttp.ClientConnectorSSLError(CONNECTION, ssl.SSLError(1, "no TLS there")), "no TLS there"),
        (
            aiohttp.ClientConnectorError(CONNECTION, OSError(errno.EHOSTUNREACH, "Connect call failed")),
            "no route to host",
        ),
    ],
)
async def test_the_reason_of_a_failure_is_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    """What the operating system says goes before what the HTTP client makes of it."""

    async def fail(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(aiohttp.ClientSession, "_request", fail)
    forwarder = Forwarder()
    with pytest.raises(Unreachable, match=f"cannot be reached: {words}; start it"):
        await forwarder.post("http://crm.example", REQUEST)
    await forwarder.close()


async def test_an_endpoint_that_answers_again_makes_the_run_judgeable() -> None:
    """What counts is whether the endpoint was there in the end: an outage is part of a test."""
    down = True

    async def answer(request: web.BaseRequest) -> web.Response:
        if down and request.transport is not None:
            request.transport.abort()
        return web.Response(status=200)

    async with endpoint(answer) as url, relaying(url) as it:
        first = await it.send(track())
        down = False
        second = await it.send(track())
        verdict = await it.get("/runs/default/verdict")
    assert (first.status, second.status, verdict["verdict"]) == (502, 200, "passed")


async def test_an_endpoint_that_does_not_answer_in_time_is_unreachable() -> None:
    """The sender is not kept waiting for ever."""
    release = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.Response:
        await release.wait()
        return web.Response()

    forwarder = Forwarder(seconds=0.05)
    try:
        async with endpoint(answer) as url:
            with pytest.raises(Unreachable, match=r"no answer within 0\.05 s"):
                await forwarder.post(url, REQUEST)
            release.set()
    finally:
        await forwarder.close()


async def test_deliveries_that_are_answered_out_of_order_are_numbered_as_they_are_recorded() -> None:
    """Numbers have no gaps and follow the ledger, whoever is answered first."""
    turns = [asyncio.Event() for _ in range(3)]
    arrived = asyncio.Semaphore(0)

    async def answer(request: web.BaseRequest) -> web.Response:
        user = int((await request.json())["userId"])
        arrived.release()
        await turns[user].wait()
        return web.json_response({"user": user})

    async with endpoint(answer) as url, relaying(url) as it:
        asked = [asyncio.create_task(it.send(track(str(user)))) for user in range(3)]
        for _ in range(3):
            await arrived.acquire()
        for user in (2, 0, 1):
            turns[user].set()
            await asked[user]
        records = (await it.get("/runs/default/deliveries"))["deliveries"]
    assert [(record["number"], record["payloads"][0]["userId"]) for record in records] == [(1, "2"), (2, "0"), (3, "1")]
    assert [task.result().json["user"] for task in asked] == [0, 1, 2]


@pytest.mark.parametrize("reset", [False, True])
async def test_a_destination_that_is_taken_out_meanwhile_still_gets_its_record(reset: bool) -> None:
    """A set-up that changes while an endpoint is asked loses nothing, and neither does a reset after it."""
    asked, release = asyncio.Event(), asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.Response:
        asked.set()
        await release.wait()
        return web.Response(status=200)

    async with endpoint(answer) as url, relaying(url) as it:
        sending = asyncio.create_task(it.send(track()))
        await asked.wait()
        await it.put("/runs/default", {"destinations": {"other": {"kind": "event"}}})
        if reset:
            await it.ask("POST", "/_harness/v1/runs/default/reset")
        release.set()
        got = await sending
        verdict = await it.get("/runs/default/verdict")
    assert (got.status, verdict["counts"]["deliveries"]) == (200, 1)
