"""Hostile and broken requests of every sort: recorded or counted, answered with a fitting 4xx, never a 5xx."""

from __future__ import annotations

import asyncio
import gzip
from urllib.parse import quote

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from harness.adapters.server.requests import Limits
from tests.adapters.front_serving import head, post
from tests.server.serving import Served, served, track

CONFIG = {
    "destinations": {"crm": {"kind": "event", "calls": ["track", "identify"]}, "ads": {"kind": "list"}},
    "journeys": {
        "j": {
            "name": "J",
            "entry": {"event": "Order Completed"},
            "steps": [{"send_to_destinations": {"name": "S", "to": ["crm", "ads"]}}],
        }
    },
}
LIMITS = Limits(body=100_000, body_seconds=5.0, linger_seconds=0.2)
JSON = "Content-Type: application/json"
GZIP = "Content-Encoding: gzip"


class Case(Struct, frozen=True, kw_only=True):
    """Bytes to send, and the statuses that fit."""

    sent: bytes
    fits: tuple[int, ...]


def _every_place(name: str, fits: int, *fields: str, body: bytes) -> dict[str, Case]:
    """The same bad request to a destination, a list, an unknown one, an unknown run and a source."""
    places = {
        "event": ("/destinations/crm", fits),
        "list": ("/destinations/ads", fits),
        "unknown destination": ("/destinations/nobody", 404),
        "unknown run": ("/runs/nowhere/destinations/crm", 410),
        "source": ("/v1/track", fits),
        "batch": ("/v1/batch", fits),
        "source of an unknown run": ("/runs/nowhere/v1/batch", 410),
    }
    return {
        f"{name}, {place}": Case(sent=post(*fields, body=body, target=target), fits=(status,))
        for place, (target, status) in places.items()
    }


CASES: dict[str, Case] = {
    **_every_place("empty", 400, JSON, body=b""),
    **_every_place("cut off", 400, JSON, body=b'{"type": "tra'),
    **_every_place("not UTF-8", 400, JSON, body=b'{"type": "\xff\xfe"}'),
    **_every_place("NUL", 400, JSON, body=b"\0\0\0"),
    **_every_place("nested", 400, JSON, body=b'{"x":' * 5_000 + b"1" + b"}" * 5_000),
    **_every_place("not closed", 400, JSON, body=b"[" * 50_000),
    **_every_place("scalar", 400, JSON, body=b"5"),
    **_every_place("surrogate", 400, JSON, body=b'{"type": "\\ud800"}'),
    **_every_place("over the limit", 413, JSON, body=b" " * 100_001),
    **_every_place("bomb", 413, JSON, GZIP, body=gzip.compress(b"0" * 10_000_000)),
    **_every_place("broken gzip", 400, JSON, GZIP, body=b"\x1f\x8b\x08 no"),
    **_every_place("cut gzip", 400, JSON, GZIP, body=gzip.compress(b"{}")[:-5]),
    **_every_place("unknown encoding", 415, JSON, "Content-Encoding: br", body=b"{}"),
    "wrong content type": Case(sent=post("Content-Type: text/xml", body=b"<a/>"), fits=(415,)),
    "wrong method": Case(sent=head(target="/destinations/crm", method="GET"), fits=(405,)),
    "no name": Case(sent=post(JSON, target="/destinations"), fits=(404,)),
    "odd name": Case(sent=post(JSON, target="/destinations/%00%ff%ed%a0%80"), fits=(404,)),
    "odd run": Case(sent=post(JSON, target="/runs/%00%ff/destinations/crm"), fits=(410,)),
    "array of scalars": Case(sent=post(JSON, body=b"[1, null, {}]"), fits=(400,)),
    "broken chunk": Case(sent=head(JSON, "Transfer-Encoding: chunked") + b"zz\r\n{}\r\n0\r\n\r\n", fits=(400,)),
    "oversized header": Case(sent=post(JSON, "X: " + "x" * 20_000), fits=(400, 431)),
    "oversized line": Case(sent=post(JSON, target="/destinations/" + "x" * 20_000), fits=(400, 414, 431)),
    "NUL in a header": Case(sent=post(JSON, "X: a\0b"), fits=(400,)),
    "no HTTP": Case(sent=b"\x16\x03\x01\x02\x00 hello\r\n\r\n", fits=(400,)),
}


def _kept(it: Served) -> int:
    """All that the server recorded, counted or listed."""
    run, server = it.server.open_run("default"), it.server
    taken = len(run.sources.calls) + run.sources.refused.total()
    return len(run.ledger.deliveries()) + server.refusals.count + server.runs.lost_count + taken


@pytest.mark.parametrize("name", CASES)
async def test_bad_input_is_kept_once_and_answered_with_a_fitting_4xx(name: str) -> None:
    """Whatever is wrong with a request, it is recorded, refused or lost exactly once, and its sender is told."""
    case = CASES[name]
    async with served(CONFIG, limits=LIMITS) as it:
        reply = await it.raw(case.sent)
        kept = _kept(it)
        listed = [
            await it.get(path) for path in ("/runs/default/deliveries", "/runs/default/verdict", "/lost", "/refused")
        ]
    assert reply.status in case.fits
    assert kept == 1
    assert len(listed) == 4


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
telling = st.sampled_from(
    "type userId anonymousId event properties traits context personas computation_key list add remove user email "
    "messageId timestamp integrations batch writeKey audienceName externalId destinations kind replies journeys".split()
)
values = json_values | st.sampled_from(["track", "identify", "Order Completed", "event", "delete", "true", track()])
documents = st.dictionaries(telling, values | st.dictionaries(telling, values, max_size=3), max_size=6)
bodies = st.one_of(
    st.binary(max_size=60),
    st.one_of(json_values, documents, st.lists(documents, max_size=3)).map(orjson.dumps),
)
targets = st.sampled_from(
    "/destinations/crm /destinations/ads /destinations/nobody /destinations /runs/x/destinations/crm /v1/track "
    "/v1/identify /v1/batch /v1/import /runs/x/v1/batch".split()
)
control = st.sampled_from(
    "/runs/default /runs/other /runs/default/destinations/crm /runs/default/clock /runs/default/reset /runs /refused "
    "/lost /runs/default/verdict /runs/default/deliveries /runs/default/deliveries/1 "
    "/runs/default/destinations/ads/members /runs/default/deliveries?wait=5 "
    "/runs/default/deliveries?status=%ff&limit=-1 /runs/default/deliveries?settled=0s&count=%00 "
    "/runs?after=%ff&limit=0 "
    "/runs/default/deliveries/stream /runs/default/deliveries/stream?after=9&status=%c3%28 "
    "/runs/default/destinations/%ed%a0%80".split()
).map(lambda path: f"/_harness/v1{path}")
anywhere = st.text("/%?#&=.:{}[]abruns destinations0é", max_size=20).map(
    lambda tail: "/" + quote(tail, safe="/%?&=.:[]")
)
fields = st.lists(
    st.sampled_from(
        [JSON, GZIP, "Content-Type: text/xml", "Content-Encoding: deflate", "Authorization: Basic eDo=", "Cookie: a",
         "Origin: http://evil.example", "Last-Event-ID: \xff:1", "Last-Event-ID: ab.1:2", "Accept: \xff",
         "Authorization: Basic \xff", "Content-Type: \xe9; charset=\x80", "Content-Encoding: gzip, gzip, identity"]
    ),
    max_size=2,
)  # fmt: skip
FUZZ = settings(
    max_examples=80, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@FUZZ
@given(target=targets, body=bodies, headers=fields, method=st.sampled_from(["POST", "PUT", "PATCH"]))
def test_anything_to_destinations_and_sources_is_answered_below_500_and_kept(
    target: str, body: bytes, headers: list[str], method: str
) -> None:
    """No body, header or path makes the server fail, or forget that something came."""
    asyncio.run(_send_and_look(post(*headers, body=body, target=target, method=method), target))


async def _send_and_look(sent: bytes, target: str) -> None:
    async with served(CONFIG, limits=LIMITS) as it:
        reply = await it.raw(sent)
        for path in ("/runs/default/deliveries", "/runs/default/verdict", "/runs/default", "/lost"):
            await it.get(path)
        kept = _kept(it)
        failures = it.server.open_run("default").failures
    assert reply.status < 500 or reply.status == 501
    assert failures == []
    assert kept == 1 or "/v1/" in target  # a batch holds any number of calls


@FUZZ
@given(
    target=control | anywhere,
    body=bodies,
    headers=fields,
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"]),
)
def test_anything_to_the_control_api_is_answered_below_500(
    target: str, body: bytes, headers: list[str], method: str
) -> None:
    """The control API answers nonsense with a 4xx, and goes on."""
    asyncio.run(_control(post(*headers, body=body, target=target, method=method)))


async def _control(sent: bytes) -> None:
    async with served(CONFIG, limits=LIMITS) as it:
        reply = await it.raw(sent)
        alive = await it.ask("GET", "/_harness/healthz")
    assert (reply.status < 500, alive.status) == (True, 200)


WHOLE = [
    post(JSON, body=b'{"destinations": {"crm": {"kind": "event"}}}', target="/_harness/v1/runs/r", method="PUT"),
    post(JSON, body=b'{"replies": [503, 200]}', target="/_harness/v1/runs/default/destinations/crm", method="PATCH"),
    post(JSON, body=b'{"advance": "1h"}', target="/_harness/v1/runs/default/clock", method="PUT"),
    head("Last-Event-ID: ab.1:2", target="/_harness/v1/runs/default/deliveries/stream?status=200", method="GET"),
    head(target="/_harness/v1/runs/default/deliveries?count=1&wait=0s&after=0", method="GET"),
    head("Accept: text/html", target="/_harness/metrics", method="GET"),
    head(target="/_harness/docs", method="GET"),
]
changes = st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=3), st.integers(0, 3)), min_size=1, max_size=4)


@FUZZ
@given(whole=st.sampled_from(WHOLE), changes=changes)
def test_any_bytes_to_the_control_api_are_survived(whole: bytes, changes: list[tuple[int, bytes, int]]) -> None:
    """A request with some of its bytes replaced, taken out or put in is answered below 500, or not at all."""
    sent = bytearray(whole)
    for place, new, old in changes:
        at = place % (len(sent) + 1)
        sent[at : at + old] = new
    asyncio.run(_survive(bytes(sent)))


async def _survive(sent: bytes) -> None:
    async with served(CONFIG, limits=LIMITS) as it:
        async with it.connection() as client:
            client.send(sent)
            client.writer.write_eof()
            first = await client.reader.read(16)
        alive = await it.ask("GET", "/_harness/healthz")
    assert not first or (first.startswith(b"HTTP/1.") and first[9:10] in b"234")
    assert alive.status == 200
