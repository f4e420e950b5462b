"""How the front answers: in order, on the same connection where that is right, and without a connection where told."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable

import pytest
from aiohttp import ClientSession

from harness.adapters.server.replies import render
from harness.adapters.server.requests import Manner, RawReply, RawRequest
from tests.adapters.front_serving import Client, head, post, serving

OLD = b"POST /destinations/crm HTTP/1.0\r\nContent-Length: 2\r\n%b\r\n{}"


async def test_keep_alive_answers_many_requests_on_one_connection() -> None:
    """A connection of HTTP/1.1 stays open without being asked to."""
    async with serving() as server:
        client = await server.client()
        replies = [await client.ask(post()) for _ in range(3)]
    assert [(reply.version, reply.status) for reply in replies] == [("HTTP/1.1", 200)] * 3
    assert "connection" not in replies[0].headers


async def test_pipelined_requests_are_answered_in_order() -> None:
    """Requests that are sent all at once get their answers in the order in which they were sent."""

    def number(request: RawRequest) -> RawReply:
        return RawReply(status=200, body=request.body)

    async with serving(answer=number) as server:
        client = await server.client()
        client.send(b"".join(post(body=b"%d" % index) for index in range(100)))
        replies = [await client.reply() for _ in range(100)]
    assert [reply.body for reply in replies] == [b"%d" % index for index in range(100)]


async def test_slow_receiver_does_not_reorder_pipelined_requests() -> None:
    """A reply that must be awaited holds back those after it on its connection."""
    gate = asyncio.Event()

    async def later(request: RawRequest) -> RawReply:
        await gate.wait()
        return RawReply(status=200, body=request.body)

    def answer(request: RawRequest) -> RawReply | asyncio.Task[RawReply]:
        if request.body == b"slow":
            return asyncio.ensure_future(later(request))
        gate.set()
        return RawReply(status=200, body=request.body)

    async with serving(answer=answer) as server:
        client = await server.client()
        client.send(post(body=b"slow") + post(body=b"fast"))
        await server.received()
        await server.ask(post(body=b"other connection"))
        assert [(await client.reply()).body for _ in range(2)] == [b"slow", b"fast"]


@pytest.mark.parametrize("seed", range(8))
async def test_answers_keep_their_order_however_requests_come_in_and_are_answered(seed: int) -> None:
    """Requests in pieces of any size, answered at once, later, or by the front, get their answers in order."""
    chance = random.Random(seed)  # noqa: S311  # no secret

    async def later(request: RawRequest) -> RawReply:
        await asyncio.sleep(0)
        return RawReply(status=200, body=request.body)

    def answer(request: RawRequest) -> RawReply | Awaitable[RawReply]:
        if request.defect is not None:
            return RawReply(status=request.defect.status, body=request.body)
        return later(request) if request.body.startswith(b"later") else RawReply(status=200, body=request.body)

    bodies = [b"%b %d" % (chance.choice([b"now", b"later", b"text"]), index) for index in range(60)]
    fields = {b"text": ("Content-Type: text/html",)}
    sent = b"".join(post(*fields.get(body.split()[0], ()), body=body) for body in bodies)
    async with serving(answer=answer) as server:
        client = await server.client()
        while sent:
            size = chance.choice([1, 40, 100, 150, 400])
            client.send(sent[:size])
            sent = sent[size:]
            await asyncio.sleep(0)
        replies = [await client.reply() for _ in bodies]
    assert [reply.body for reply in replies] == bodies
    assert [reply.status for reply in replies] == [415 if body.startswith(b"text") else 200 for body in bodies]


async def test_connection_close_is_obeyed() -> None:
    """A client that asks for the end of the connection gets it, and is told."""
    async with serving() as server:
        client = await server.client()
        reply = await client.ask(post("Connection: close"))
        assert (reply.headers["connection"], await client.rest()) == ("close", b"")


async def test_http_1_0_closes_unless_asked_otherwise() -> None:
    """HTTP/1.0 gets its own version back and the end of the connection."""
    async with serving() as server:
        client = await server.client()
        reply = await client.ask(OLD % b"")
        assert (reply.version, reply.status, await client.rest()) == ("HTTP/1.0", 200, b"")


async def test_http_1_0_keeps_the_connection_when_asked() -> None:
    """HTTP/1.0 with keep-alive is told that it has it, and has it."""
    async with serving() as server:
        client = await server.client()
        replies = [await client.ask(OLD % b"Connection: keep-alive\r\n") for _ in range(2)]
    assert [reply.headers["connection"] for reply in replies] == ["keep-alive"] * 2


async def test_head_gets_no_body_and_the_connection_stays_in_step() -> None:
    """After HEAD the next answer begins where the head of the first one ended."""
    async with serving() as server:
        client = await server.client()
        client.send(head(method="HEAD") + post())
        first = await client.reply(body=False)
        second = await client.reply()
    assert (first.headers["content-length"], second.status, second.body) == ("11", 200, b'{"ok":true}')


@pytest.mark.parametrize("status", [204, 304])
async def test_bodiless_statuses_are_sent_without_body_or_length(status: int) -> None:
    """204 and 304 end with their head, and the connection stays in step."""
    async with serving(answer=lambda _: RawReply(status=status, body=b"ignored")) as server:
        client = await server.client()
        replies = [await client.ask(post()) for _ in range(2)]
    assert [(reply.status, reply.body) for reply in replies] == [(status, b"")] * 2
    assert "content-length" not in replies[0].headers


async def test_reply_carries_status_type_headers_and_date() -> None:
    """What the receiver says is what the client reads, a status without a name included."""
    told = RawReply(status=598, body=b"wait", content_type="text/plain", headers=(("Retry-After", "3"),))
    async with serving(answer=lambda _: told) as server:
        reply = await server.ask(post())
    assert (reply.status, reply.body, reply.headers["retry-after"]) == (598, b"wait", "3")
    assert reply.headers["content-type"] == "text/plain"
    assert reply.headers["date"].endswith("GMT")


async def test_large_reply_arrives_whole() -> None:
    """A reply that is larger than any socket buffer is not cut short."""
    async with serving(answer=lambda _: RawReply(status=200, body=b"x" * 20_000_000)) as server:
        reply = await server.ask(post())
    assert len(reply.body) == 20_000_000


async def test_cut_resets_the_connection() -> None:
    """A reply that is a cut reaches the client as a reset, not as an orderly end."""
    async with serving(answer=lambda _: RawReply(status=200, manner=Manner(fault="reset"))) as server:
        client = await server.client()
        client.send(post())
        with pytest.raises(ConnectionResetError):
            await client.rest()


async def test_failing_receiver_is_answered_500_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A bug of ours is the only 500: the client gets an answer, we get the traceback."""

    def fail(_: RawRequest) -> RawReply:
        raise RuntimeError("a bug of ours")

    with caplog.at_level(logging.ERROR):
        async with serving(answer=fail) as server:
            reply = await server.ask(post())
    assert (reply.status, server.front.refused.count) == (500, 0)
    assert "a bug of ours" in caplog.text


async def test_real_client_is_served() -> None:
    """The client of aiohttp understands every answer, on a connection that it uses again."""
    async with serving() as server, ClientSession() as session:
        for _ in range(3):
            async with session.post(f"{server.url}/destinations/crm", json={"a": 1}) as response:
                assert (response.status, await response.json()) == (200, {"ok": True})


async def test_stop_lets_a_request_be_answered_first() -> None:
    """What is being answered when the server stops is answered."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> RawReply:
        begun.set()
        await go_on.wait()
        return RawReply(status=202)

    async with serving(answer=lambda _: slowly()) as server:
        client = await server.client()
        client.send(post())
        await begun.wait()
        stopping = asyncio.create_task(server.front.stop())
        await asyncio.sleep(0)
        go_on.set()
        await stopping
        assert (await client.reply()).status == 202


async def test_stopped_front_accepts_no_connection() -> None:
    """After the stop the port is free."""
    async with serving() as server:
        await server.front.stop()
        with pytest.raises(ConnectionRefusedError):
            await server.client()


async def test_port_in_use_is_an_os_error() -> None:
    """A port that somebody else has is refused with the error that names it, and nothing stays behind."""
    async with serving() as first:
        port = int(first.url.rpartition(":")[2])
        async with serving() as second:
            await second.front.stop()
            with pytest.raises(OSError, match=str(port)):
                await second.front.start("127.0.0.1", port)


@pytest.mark.parametrize(
    "reply",
    [
        RawReply(status=100),
        RawReply(status=200, headers=(("X", "a\r\nSet-Cookie: b"),)),
        RawReply(status=200, headers=(("X: a", "b"),)),
        RawReply(status=200, content_type="text/plain\r\nX: a"),
    ],
)
def test_replies_that_would_break_the_protocol_are_refused(reply: RawReply) -> None:
    """A status that is not final, or a header with a line break, never reaches the wire."""
    with pytest.raises(ValueError, match=r"final HTTP status|cannot have the header"):
        render(reply, 0, head_only=False, modern=True, keep_alive=True)


async def test_client_that_left_does_not_disturb_others() -> None:
    """A client that is gone when its answer is ready costs nothing but that answer."""
    gate = asyncio.Event()

    async def late() -> RawReply:
        await gate.wait()
        return RawReply(status=200)

    async def leave(client: Client) -> None:
        client.writer.transport.abort()
        await client.writer.wait_closed()

    async with serving(answer=lambda request: late() if request.body == b"late" else RawReply(status=200)) as server:
        client = await server.client()
        client.send(post(body=b"late"))
        await server.received()
        await leave(client)
        gate.set()
        assert (await server.ask(post())).status == 200
