"""What cannot be read as HTTP: answered with a 4xx, counted, listed, never lost and never a 500."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.adapters.server.refusals import Refusal, Refusals
from harness.adapters.server.requests import Limits, RawReply, RawRequest
from tests.adapters.front_serving import PATIENCE, Client, Serving, head, post, serving

CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (head("X: a\0b", "Content-Length: 0"), 400, "header value"),
        (head("X: " + "a" * 9000), 431, "more than 8190 bytes"),
        (head("X" * 9000 + ": a"), 431, "more than 8190 bytes"),
        (head(*(f"X-{index}: a" for index in range(200))), 431, "Too many headers"),
        (head(target="/destinations/" + "a" * 9000), 431, "more than 8190 bytes"),
        (head("no colon here"), 400, "header"),
        (head("Content-Length: 2", "Content-Length: 3"), 400, "Content-Length"),
        (head("Content-Length: 2", CHUNKED), 400, "Transfer-Encoding"),
        (head("Content-Length: -1"), 400, "Content-Length"),
        (head("Content-Length: " + "9" * 30), 400, "Content-Length"),
        (head(CHUNKED) + b"zz\r\n{}\r\n", 400, "chunk size"),
        (b"POST /destinations/crm HTTP/1.1\r\n\r\n", 400, "Host"),
        (b"POST /destinations/crm HTTP/one\r\n\r\n", 400, "version"),
        (b"POST /destinations/caf\xc3\xa9 HTTP/1.1\r\nHost: test\r\n\r\n", 400, "url"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "HTTPS"),
        (b"NONSENSE\r\n\r\n", 400, "method"),
    ],
)
async def test_unreadable_requests_are_refused_and_listed(sent: bytes, status: int, reason: str) -> None:
    """The client reads a 4xx and the end of the connection; the list says when, from whom, what and why."""
    async with serving() as server:
        client = await server.client()
        reply = await client.ask(sent)
        assert (reply.status, await client.rest(), server.unread) == (status, b"", 0)
    (refusal,) = server.front.refused.list()
    assert (refusal.status, refusal.peer, server.front.refused.count) == (status, "127.0.0.1", 1)
    assert reason.lower() in refusal.reason.lower()
    assert "\n" not in refusal.reason


async def test_limits_of_headers_can_be_set() -> None:
    """A lower limit refuses what the default lets through."""
    async with serving(limits=Limits(field=100)) as server:
        reply = await server.ask(post("X: " + "a" * 101))
    assert reply.status == 431


async def test_what_follows_a_refusal_is_served_on_another_connection() -> None:
    """A refusal ends one connection and harms no other."""
    async with serving() as server:
        other = await server.client()
        await other.ask(post())
        await server.ask(b"NONSENSE\r\n\r\n")
        assert (await other.ask(post())).status == 200


async def test_requests_before_garbage_are_answered() -> None:
    """A readable request is answered although nonsense follows it on its connection."""
    async with serving() as server:
        client = await server.client()
        first = await client.ask(post())
        second = await client.ask(b"NONSENSE\r\n\r\n")
    assert (first.status, second.status, server.front.refused.count) == (200, 400, 1)


class Noting(Refusals):
    """Refusals that can be awaited."""

    def __init__(self, seen: asyncio.Queue[str]) -> None:
        super().__init__()
        self.seen = seen

    def add(self, *, peer: str, status: int, reason: str) -> Refusal:
        """Count it, and tell."""
        self.seen.put_nowait(reason)
        return super().add(peer=peer, status=status, reason=reason)


async def test_requests_that_a_leaving_client_sent_at_once_are_not_lost() -> None:
    """Each of several requests of a client that leaves is either received or counted."""
    seen: asyncio.Queue[str] = asyncio.Queue()

    def note(request: RawRequest) -> RawReply:
        seen.put_nowait(request.path)
        return RawReply(status=200)

    async with serving(answer=note, refused=Noting(seen)) as server:
        client = await server.client()
        client.send(post() * 20)
        client.writer.close()
        async with asyncio.timeout(PATIENCE):
            notes = [await seen.get() for _ in range(20)]
    assert all("/destinations/crm" in text for text in notes)


def test_refusals_count_exactly_and_list_within_bounds() -> None:
    """Of many refusals the first are kept, and all are counted until they are cleared."""
    refusals = Refusals(listed=2)
    for number in range(5):
        refusals.add(peer="", status=400, reason=f"number {number}" + "x" * 1000)
    assert (refusals.count, [entry.reason[:8] for entry in refusals.list()]) == (5, ["number 0", "number 1"])
    assert len(refusals.list()[0].reason) <= 201
    refusals.clear()
    assert (refusals.count, refusals.list()) == (0, ())


GOOD = (
    post(),
    post("Content-Type: application/json", "Content-Encoding: gzip"),
    head(CHUNKED) + b"2\r\n{}\r\n0\r\n\r\n",
    post("Expect: 100-continue", target="/runs/r/destinations/crm?x=1"),
    head("Connection: upgrade", "Upgrade: websocket", method="GET", target="/x"),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(good=st.sampled_from(GOOD), edits=st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=3)), max_size=5))
def test_damaged_requests_never_cause_a_500(good: bytes, edits: list[tuple[int, bytes]]) -> None:
    """Whatever bytes a request is spoilt with, every answer to it is below 500 and the next client is served."""
    data = bytearray(good)
    for place, bytes_ in edits:
        start = place % len(data)
        data[start : start + 2] = bytes_ or b"\0"
    asyncio.run(_send_damaged(bytes(data)))


async def _send_damaged(data: bytes) -> None:
    problems: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
    async with serving(limits=Limits(body_seconds=1.0, linger_seconds=0.1)) as server:
        client = await server.client()
        client.send(data)
        client.writer.write_eof()
        answer = await _all(client)
        await _still_serves(server)
    assert b"HTTP/1.1 5" not in answer
    assert b"HTTP/1.0 5" not in answer
    assert problems == []


async def _all(client: Client) -> bytes:
    try:
        return await client.rest()
    except ConnectionResetError:
        return b""


async def _still_serves(server: Serving) -> None:
    assert (await server.ask(post(target="/destinations/after"))).status == 200
