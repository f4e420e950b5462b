"""Bodies that come in pieces, late, or not at all."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from harness.adapters.server.requests import Limits, RawReply, RawRequest
from tests.adapters.front_serving import by_defect, head, post, serving

SMALL = Limits(body=1000, kept=100, body_seconds=5.0, linger_seconds=0.2)
CHUNKED = "Transfer-Encoding: chunked"


async def test_chunked_body_arrives_whole() -> None:
    """Chunks that come one by one are put together."""
    async with serving() as server:
        client = await server.client()
        client.send(head(CHUNKED) + b"2\r\n{}\r\n")
        assert (await client.ask(b"3\r\nabc\r\n0\r\n\r\n")).status == 200
        assert (await server.received()).body == b"{}abc"


async def test_body_larger_than_the_buffers_arrives_whole() -> None:
    """Reading that has to pause in between loses nothing."""
    body = bytes(range(256)) * 8192
    async with serving() as server:
        assert (await server.ask(post(body=body))).status == 200
        assert (await server.received()).body == body


async def test_reading_that_was_paused_goes_on() -> None:
    """A large body behind a slow request fills its buffer, waits, and arrives whole."""
    gate = asyncio.Event()
    body = bytes(range(256)) * 8192

    async def after_gate(request: RawRequest) -> RawReply:
        await gate.wait()
        return by_defect(request)

    async with serving(answer=after_gate) as server:
        client = await server.client()
        client.send(post() + post(body=body))
        await server.received()
        await _until_reading(server.url)
        gate.set()
        assert [(await client.reply()).status for _ in range(2)] == [200, 200]
        assert (await server.received()).body == body


@pytest.mark.parametrize("started", [head("Content-Length: 20") + b"{}", head(CHUNKED) + b"14\r\n{}"])
async def test_client_that_leaves_within_the_body_is_recorded(started: bytes) -> None:
    """What came before the client left reaches the receiver with a defect."""
    async with serving() as server:
        client = await server.client()
        client.send(started)
        client.writer.close()
        request = await server.received()
    assert request.body == b"{}"
    assert request.defect is not None
    assert (request.defect.status, request.defect.actual.partition(" of ")[0]) == (400, "2 bytes")


async def test_body_that_does_not_come_is_recorded_as_408() -> None:
    """A client that stops sending is answered when its time is up, and does not hold the server."""
    async with serving(limits=Limits(body_seconds=0.05, linger_seconds=0.05)) as server:
        reply = await server.ask(head("Content-Length: 20") + b"{}")
        request = await server.received()
    assert (reply.status, request.body) == (408, b"{}")


@pytest.mark.parametrize("before", [b"", post()])
async def test_a_head_that_does_not_come_whole_is_refused_as_408(before: bytes) -> None:
    """Its client is told, and the connection ends, also behind a whole request."""
    async with serving(limits=Limits(head_seconds=0.05)) as server:
        client = await server.client()
        if before:
            assert (await client.ask(before)).status == 200
        client.send(head()[:-2])
        reply, rest = await client.reply(), await client.rest()
        (refusal,) = server.front.refused.list()
    assert (reply.status, reply.headers["connection"], rest) == (408, "close", b"")
    assert refusal.reason == "the head of a request was not there within 0.05 seconds"


async def test_a_head_that_comes_byte_by_byte_is_given_no_more_time() -> None:
    """Its time counts from its first byte on, however often another one comes."""
    async with serving(limits=Limits(head_seconds=0.05)) as server:
        client = await server.client()
        client.send(head()[:-2] + b"X: ")
        for _ in range(7000):  # one more would be too much for a field
            if server.front.refused.count:
                break
            client.send(b"x")
            await _until_reading(server.url)
        assert [refusal.status for refusal in server.front.refused.list()] == [408]


@pytest.mark.parametrize("said", [b"", post(), post() + b"\r\n", b"\r\n"])
async def test_a_connection_that_says_nothing_stays(said: bytes) -> None:
    """Between requests nobody hurries a client, nor does a line break too many behind a body begin the next one."""
    async with serving(limits=Limits(head_seconds=0.05)) as server:
        client, other = await server.client(), await server.client()
        client.send(said)
        assert (await other.ask(b"P")).status == 408  # for so long it may say nothing
        if post() in said:
            assert (await client.reply()).status == 200
        assert (await client.ask(post())).status == 200


async def test_a_head_that_is_there_in_time_is_no_longer_hurried() -> None:
    """What its body then takes is not the head's time."""
    async with serving(limits=Limits(head_seconds=0.05)) as server:
        client, other = await server.client(), await server.client()
        client.send(head("Content-Length: 2")[:-1])
        await _until_reading(server.url)
        client.send(b"\n{")
        assert (await other.ask(b"P")).status == 408
        assert (await client.ask(b"}")).status == 200


async def test_framing_that_breaks_within_the_body_is_recorded(caplog: pytest.LogCaptureFixture) -> None:
    """A chunk that is none, after a good one, is answered at once and recorded once, and ends the connection."""
    async with serving() as server:
        client = await server.client()
        client.send(head(CHUNKED) + b"2\r\n{}\r\n")
        await _until_reading(server.url)
        reply = await client.ask(b"zz\r\n")
        request = await server.received()
        assert (reply.status, await client.rest(), server.unread) == (400, b"", 0)
    assert request.defect is not None
    assert caplog.records == []


@pytest.mark.parametrize("before", [b"", head("Content-Length: 20") + b"{}"])
async def test_whole_requests_before_a_broken_one_are_received(before: bytes) -> None:
    """What came in one piece with something broken is not lost with it, also behind the rest of a body."""
    async with serving() as server:
        client = await server.client()
        if before:
            client.send(before)
            await _until_reading(server.url)
        client.send((b" " * 18 if before else post()) + post(body=b"[]") + b"no HTTP\r\n\r\n")
        statuses = [(await client.reply()).status for _ in range(3)]
        first, second = await server.received(), await server.received()
    assert (statuses, first.body.strip(), second.body) == ([200, 200, 400], b"{}", b"[]")
    assert (server.unread, server.front.refused.count) == (0, 1)


async def test_framing_that_breaks_in_a_request_that_waits_its_turn_is_recorded() -> None:
    """A request whose body breaks while an earlier one is being answered is recorded when its turn comes."""
    gate = asyncio.Event()

    async def after_gate(request: RawRequest) -> RawReply:
        await gate.wait()
        return by_defect(request)

    async with serving(answer=after_gate) as server:
        client = await server.client()
        client.send(post() + head(CHUNKED) + b"2\r\n{}\r\n")
        await server.received()
        client.send(b"zz\r\n")
        await _until_reading(server.url)
        gate.set()
        assert [(await client.reply()).status for _ in range(2)] == [200, 400]
        assert (await server.received()).defect is not None


async def test_control_handler_is_told_when_the_framing_breaks() -> None:
    """A control handler that awaits a body whose framing breaks does not wait for ever: the request is refused."""
    begun = asyncio.Event()

    async def handle(request: web.Request) -> web.Response:
        begun.set()
        return web.Response(body=await request.read())

    control = web.Application()
    control.router.add_post("/control", handle)
    async with serving(control=control) as server:
        client = await server.client()
        client.send(head(CHUNKED, target="/control") + b"2\r\n{}\r\n")
        await begun.wait()
        assert (await client.ask(b"zz\r\n")).status == 400
    assert server.front.refused.count == 1


async def test_control_handler_of_a_client_that_left_ends_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    """A failure that comes of the client's leaving is no error of ours, and is not logged as one."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def handle(request: web.Request) -> web.Response:
        begun.set()
        try:
            return web.Response(body=await request.read())
        finally:
            ended.set()

    control = web.Application()
    control.router.add_post("/control", handle)
    async with serving(control=control) as server:
        client = await server.client()
        client.send(head("Content-Length: 9", target="/control"))
        await begun.wait()
        client.writer.close()
        await ended.wait()
        await _until_reading(server.url)
    assert (caplog.records, server.front.refused.count) == ([], 0)


async def _until_reading(url: str) -> None:
    """Another connection's answer proves that the server has taken what was sent before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(head("Connection: close", target="/", method="GET"))
    await reader.read()
    writer.close()


async def test_expect_continue_is_told_to_go_on() -> None:
    """A client that waits for leave to send its body gets it, then the answer."""
    async with serving() as server:
        client = await server.client()
        client.send(head("Expect: 100-continue", "Content-Length: 2"))
        first = await client.reply()
        last = await client.ask(b"{}")
    assert (first.status, last.status) == (100, 200)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (("Expect: 100-continue", "Content-Length: 5000"), 413),
        (("Expect: 100-continue", "Content-Length: 2", "Content-Type: text/xml"), 415),
        (("Expect: 100-continue", "Content-Length: 2", "Content-Encoding: br"), 415),
        (("Expect: coffee", "Content-Length: 2"), 417),
    ],
)
async def test_expect_continue_is_refused_where_the_head_is_wrong(fields: tuple[str, ...], status: int) -> None:
    """A client that waits is spared sending a body that would be refused."""
    async with serving(limits=SMALL) as server:
        reply = await server.ask(head(*fields))
        assert (reply.status, server.unread) == (status, 1)
