"""Heads that come again are not parsed again, and nobody can tell but by the time it takes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from harness.adapters.server.heads import Head, Heads
from harness.adapters.server.requests import Location, Manner, RawReply, RawRequest
from tests.adapters.front_serving import Client, head, post, serving

HEAD = Head(location=Location("default", "crm", "/destinations/crm"), method="POST", headers=(), length=2)


def echo(request: RawRequest) -> RawReply:
    """What was sent."""
    return RawReply(status=request.defect.status if request.defect else 200, body=request.body)


async def again(client: Client, *bodies: bytes) -> list[bytes]:
    """The answers to bodies of one length that are sent one after the other."""
    return [(await client.ask(post(body=body))).body for body in bodies]


async def test_each_request_with_the_same_head_is_received_with_its_own_body() -> None:
    """Requests that differ in nothing but their body are received as such, with all that their head says."""
    async with serving(answer=echo) as server:
        client = await server.client()
        assert await again(client, b"one", b"two", b"six") == [b"one", b"two", b"six"]
        first, *others = [await server.received() for _ in range(3)]
    assert [replace(other, body=b"one", arrived_at=first.arrived_at) for other in others] == [first] * 2


async def test_a_head_is_known_on_every_connection() -> None:
    """What one client sent is received from another as well, and so is what a third sends in between."""
    async with serving(answer=echo) as server:
        one, other = await server.client(), await server.client()
        await again(one, b"one", b"two")
        assert await again(other, b"six", b"ten") == [b"six", b"ten"]
        reply = await other.ask(post(body=b"{}", target="/destinations/mail"))
        assert [(await server.received()).destination for _ in range(5)] == ["crm"] * 4 + ["mail"]
    assert reply.body == b"{}"


async def test_what_follows_a_known_head_and_its_body_is_another_request() -> None:
    """Requests that come together, and ones in pieces, are told apart whether or not their head is known."""
    async with serving(answer=echo) as server:
        client = await server.client()
        await again(client, b"one", b"two")
        client.send(post(body=b"six") + post(body=b"ten") + post(body=b"lon")[:-1])
        together = [(await client.reply()).body for _ in range(2)]
        client.send(b"g")
        last = (await client.reply()).body
        assert (together, last, await again(client, b"end")) == ([b"six", b"ten"], b"log", [b"end"])


async def test_what_stands_behind_a_request_belongs_to_the_next_one() -> None:
    """A head in two pieces, the first behind another request, is read as one each time, though its end is the same."""
    async with serving(answer=echo) as server:
        client, targets = await server.client(), ["crm", "crm", "mail", "crm"]
        for target in targets:
            sent = post(body=b"two", target=f"/destinations/{target}")
            cut = sent.index(b" HTTP")
            client.send(post(body=b"one") + sent[:cut])
            assert (await client.reply()).body == b"one"
            client.send(sent[cut:])
            assert (await client.reply()).body == b"two"
        received = [(await server.received()).destination for _ in range(2 * len(targets))]
    assert received == ["crm", "crm", "crm", "crm", "crm", "mail", "crm", "crm"]


async def test_chunks_are_no_body_of_a_known_length() -> None:
    """A body in chunks is put together each time, though its head is the same."""
    async with serving(answer=echo) as server:
        client = await server.client()
        chunked = head("Transfer-Encoding: chunked")
        sent = [
            chunked + b"3\r\none\r\n0\r\n\r\n",
            chunked + b"5\r\nseven\r\n0\r\n\r\n",
            chunked + b"3\r\ntwo\r\n0\r\n\r\n",
        ]
        assert [(await client.ask(each)).body for each in sent] == [b"one", b"seven", b"two"]


async def test_what_a_head_asks_for_is_given_each_time() -> None:
    """A head that asks for the end of the connection, or names a type that is refused, is never skipped."""
    async with serving(answer=echo) as server:
        for _ in range(3):
            client = await server.client()
            refused = await client.ask(post("Content-Type: text/html"))
            closed = await client.ask(post("Connection: close"))
            assert (refused.status, closed.headers["connection"], await client.rest()) == (415, "close", b"")


async def _awaited(body: bytes) -> RawReply:
    await asyncio.sleep(0)
    return RawReply(status=200, body=body)


LATER: dict[str, Callable[[bytes], RawReply | Awaitable[RawReply]]] = {
    "awaited": _awaited,
    "with manners": lambda body: RawReply(status=200, body=body, manner=Manner(wait=1)),
    "one that cannot be written": lambda body: RawReply(status=200, body=body, headers=(("a\nb", "c"),)),
}


@pytest.mark.parametrize("answer", LATER.values(), ids=LATER)
async def test_what_is_not_answered_at_once_is_received_once(
    answer: Callable[[bytes], RawReply | Awaitable[RawReply]],
) -> None:
    """A request with a known head whose answer has to be waited for, or is none, is received one time, and in order."""

    def choose(request: RawRequest) -> RawReply | Awaitable[RawReply]:
        return answer(request.body) if request.body == b"odd" else echo(request)

    async with serving(answer=choose) as server:
        client = await server.client()
        await again(client, b"one", b"two")
        odd = await client.ask(post(body=b"odd"))
        assert odd.body == b"odd" or odd.status == 500
        after = await (await server.client()).ask(post(body=b"six"))
        received = [(await server.received()).body for _ in range(4)]
    assert (after.body, received, server.unread) == (b"six", [b"one", b"two", b"odd", b"six"], 0)


async def test_a_receiver_that_fails_is_answered_for_once() -> None:
    """Where receiving what has a known head fails, that is a 500, and the connection's next request is its own."""

    def fail(request: RawRequest) -> RawReply:
        if request.body == b"odd":
            raise RuntimeError
        return echo(request)

    async with serving(answer=fail) as server:
        client = await server.client()
        await again(client, b"one", b"two")
        assert (await client.ask(post(body=b"odd"))).status == 500
        other = await server.client()
        assert await again(other, b"six") == [b"six"]
        assert [(await server.received()).body for _ in range(4)] == [b"one", b"two", b"odd", b"six"]


@pytest.mark.parametrize("seed", range(6))
async def test_however_requests_come_in_their_heads_may_be_known(seed: int) -> None:
    """Requests of few lengths, whole, together and in pieces, are answered in order, each with its own body."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    bodies = [b"%03d%b" % (number, b"." * chance.randrange(3)) for number in range(80)]
    async with serving(answer=echo) as server:
        client = await server.client()
        answered: list[bytes] = []
        while len(answered) < len(bodies):
            together = bodies[len(answered) : len(answered) + chance.choice([1, 1, 1, 2, 3])]
            sent = b"".join(post(body=body) for body in together)
            cut = chance.choice([0, 0, 0, 20, len(sent) - 1])
            client.send(sent[:cut])
            await asyncio.sleep(0)
            client.send(sent[cut:])
            answered += [(await client.reply()).body for _ in together]
    assert answered == bodies


def test_only_a_head_with_its_body_and_nothing_else_is_found() -> None:
    """What is shorter or longer than a known request, or has another head, is unknown."""
    heads, sent = Heads(), post(body=b"{}")
    heads.learn(sent, HEAD)
    assert heads.find(sent) is HEAD
    assert [heads.find(other) for other in (sent + b" ", sent[:-1], b"\r\n" + sent, b"", b"{}")] == [None] * 5


def test_what_is_no_head_and_its_body_is_not_learnt() -> None:
    """Chunks, a piece of a request, an empty body and a head of many kilobytes are forgotten."""
    heads, empty = Heads(), HEAD._replace(length=0)
    long = post(f"X-Long: {'x' * 4000}")
    for data, known in ((post(body=b"{}\r\n"), HEAD), (b"{}", HEAD), (post(body=b""), empty), (long, HEAD)):
        heads.learn(data, known)
        assert heads.find(data) is None


def test_so_many_heads_are_remembered() -> None:
    """The latest heads are known, and the earliest forgotten, so that memory stays flat."""
    heads, sent = Heads(), [post(f"X-Request: {number}") for number in range(5000)]
    for each in sent:
        heads.learn(each, HEAD)
    assert sum(heads.find(each) is HEAD for each in sent) == 4096
    assert (heads.find(sent[0]), heads.find(sent[-1])) == (None, HEAD)


async def test_a_head_is_known_again_after_a_request_that_was_not_answered_at_once() -> None:
    """Whatever a connection did before, as long as it was whole, its next request is found by its head."""
    found: list[Head | None] = []

    class Noted(Heads):
        """Heads that note what is looked for."""

        def find(self, data: bytes) -> Head | None:
            """As ever."""
            found.append(super().find(data))
            return found[-1]

    def choose(request: RawRequest) -> RawReply | Awaitable[RawReply]:
        return _awaited(request.body) if request.body == b"odd" else echo(request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.adapters.server.front.Heads", Noted)
        async with serving(answer=choose) as server:
            client = await server.client()
            assert await again(client, b"one", b"odd", b"two", b"six") == [b"one", b"odd", b"two", b"six"]
            await client.ask(head(target="/elsewhere", method="GET"))
            assert await again(client, b"ten") == [b"ten"]
    assert [each is not None for each in found[-2:]] == [False, True]
    assert found[-3] is not None
