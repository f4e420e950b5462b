"""Bodies of every kind, good and hostile: nothing that arrives is lost, and nothing is answered 500."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from aiohttp import web

from harness.adapters.server.bodies import read_body
from harness.adapters.server.requests import Limits
from tests.adapters.front_serving import head, post, serving


def packed(body: bytes) -> bytes:
    """`body` compressed without the time of day, which would make a test's name another one in each worker."""
    return gzip.compress(body, mtime=0)


JSON = b'{"type":"track"}'
SMALL = Limits(body=1000, kept=100, body_seconds=5.0, linger_seconds=0.2)
CHUNKED = "Transfer-Encoding: chunked"


def _raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", packed(JSON)),
        ("X-GZIP", packed(JSON)),
        ("gzip", packed(JSON[:5]) + packed(JSON[5:])),
        ("deflate", zlib.compress(JSON)),
        ("deflate", _raw_deflate(JSON)),
        ("identity", JSON),
        ("", JSON),
        ("deflate, gzip", packed(zlib.compress(JSON))),
    ],
)
async def test_encoded_bodies_arrive_decoded(coding: str, body: bytes) -> None:
    """The receiver gets what the sender encoded."""
    async with serving() as server:
        reply = await server.ask(post(f"Content-Encoding: {coding}", body=body))
        request = await server.received()
    assert (reply.status, request.body, request.defect) == (200, JSON, None)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"not gzip"),
        ("gzip", packed(JSON)[:-4]),
        ("gzip", packed(JSON) + b"more"),
        ("gzip", packed(b"") * 40),
        ("deflate", zlib.compress(JSON) + b"more"),
        ("deflate", b"\xff\xff\xff"),
        ("gzip, gzip", packed(b"not gzip")),
    ],
)
async def test_broken_encodings_are_recorded_as_400(coding: str, body: bytes) -> None:
    """A body that is not what its encoding says is kept as it came, with the reason."""
    async with serving() as server:
        reply = await server.ask(post(f"Content-Encoding: {coding}", body=body))
        request = await server.received()
    assert (reply.status, request.body) == (400, body)
    assert request.defect is not None
    assert "Content-Encoding" in request.defect.message


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "\xe9", "gzip, gzip, gzip, gzip", "a" * 500])
async def test_unknown_or_too_many_encodings_are_recorded_as_415(coding: str) -> None:
    """An encoding that cannot be undone is named, with those that can."""
    async with serving() as server:
        reply = await server.ask(post(f"Content-Encoding: {coding}", body=b"abc"))
        request = await server.received()
    assert (reply.status, request.body) == (415, b"abc")
    assert request.defect is not None
    assert "gzip" in request.defect.expected
    assert len(request.defect.actual) <= 201


@pytest.mark.parametrize(
    "body",
    [packed(b"0" * 50_000_000), packed(packed(b"0" * 50_000_000)), packed(b"0" * 1001)],
)
async def test_bombs_stop_at_the_limit(body: bytes) -> None:
    """A small body that decodes into a huge one is a 413, and only its beginning is kept."""
    codings = "gzip, gzip" if gzip.decompress(body)[:2] == b"\x1f\x8b" else "gzip"
    async with serving(limits=SMALL) as server:
        reply = await server.ask(post(f"Content-Encoding: {codings}", body=body[:100_000]))
        request = await server.received()
    assert reply.status == 413
    assert len(request.body) <= SMALL.kept


async def test_bomb_does_not_fill_the_memory() -> None:
    """Decoding allocates in the order of the limit, not of what the bomb holds."""
    bomb = packed(b"0" * 100_000_000)
    async with serving(limits=Limits(body=1_000_000)) as server:
        client = await server.client()
        tracemalloc.start()
        try:
            reply = await client.ask(post("Content-Encoding: gzip", body=bomb))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert reply.status == 413
    assert peak < 10_000_000


@pytest.mark.parametrize("size", [999, 1000])
async def test_bodies_up_to_the_limit_pass(size: int) -> None:
    """The limit itself is allowed, plain and encoded."""
    async with serving(limits=SMALL) as server:
        plain = await server.ask(post(body=b"x" * size))
        encoded = await server.ask(post("Content-Encoding: gzip", body=packed(b"x" * size)))
    assert (plain.status, encoded.status) == (200, 200)


@pytest.mark.parametrize(
    "sent",
    [
        post(body=b"x" * 1001),
        post("Content-Encoding: identity", body=b"x" * 1001),
        head(CHUNKED) + b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n",
        head("Content-Length: 99999999") + b"x",
    ],
)
async def test_bodies_over_the_limit_are_recorded_as_413(sent: bytes) -> None:
    """Whether a body announces its length or not, one byte too much is a 413 that says what is allowed."""
    async with serving(limits=SMALL) as server:
        reply = await server.ask(sent)
        request = await server.received()
    assert reply.status == 413
    assert len(request.body) <= SMALL.kept
    assert request.defect is not None
    assert "1000 bytes" in request.defect.expected


async def test_unread_body_ends_the_connection() -> None:
    """Where the rest of a body is never read, the answer says that the connection ends, and it does."""
    async with serving(limits=SMALL) as server:
        client = await server.client()
        reply = await client.ask(head("Content-Length: 99999999") + b"x")
        assert (reply.headers["connection"], await client.rest()) == ("close", b"")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json", "text/plain", "text/json", ""],
)
async def test_json_types_are_accepted(content_type: str) -> None:
    """What may announce JSON passes, an empty type included."""
    async with serving() as server:
        reply = await server.ask(post(f"Content-Type: {content_type}"))
    assert reply.status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "json",
        "+json",
        "\xff",
    ],
)
async def test_other_types_are_recorded_as_415_with_their_body(content_type: str) -> None:
    """A wrong content type costs an answer, not the record of what came."""
    async with serving() as server:
        reply = await server.ask(post(f"Content-Type: {content_type}", body=JSON))
        request = await server.received()
    assert (reply.status, request.body) == (415, JSON)
    assert request.defect is not None
    request.defect.actual.encode()


async def test_read_body_serves_control_handlers() -> None:
    """A control handler gets decoded bodies from the same function, with the same limits."""

    async def handle(request: web.Request) -> web.Response:
        body, defect = await read_body(request, SMALL)
        return web.Response(status=defect.status if defect else 200, body=body)

    control = web.Application()
    control.router.add_post("/v1/batch", handle)
    async with serving(control=control) as server:
        good = await server.ask(post("Content-Encoding: gzip", body=packed(JSON), target="/v1/batch"))
        plain = await server.ask(post(body=JSON, target="/v1/batch"))
        broken = await server.ask(post("Content-Encoding: gzip", body=JSON, target="/v1/batch"))
    assert [(good.status, good.body), (plain.status, plain.body), broken.status] == [(200, JSON), (200, JSON), 400]
