"""Segment's HTTP Tracking API, as the sources of a run use it."""

from __future__ import annotations

import base64
import gzip
import io
from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from harness.core.calls import CALL_TYPES
from tests.server.serving import Answer, DeafSource, NotingSource, Served, served

BIG = "x" * 33_000


def _basic(user: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:".encode()).decode()}


async def _summary(it: Served, run: str = "default") -> dict[str, Any]:
    found: dict[str, Any] = (await it.get(f"/runs/{run}"))["calls"]
    return found


def _noting(it: Served, run: str = "default") -> NotingSource:
    source = NotingSource()
    it.server.open_run(run).sources.feeds = source
    return source


async def _send(it: Served, path: str, json: Any, **options: Any) -> Answer:
    return await it.ask("POST", path, json, **options)


@pytest.mark.parametrize("call_type", CALL_TYPES)
@pytest.mark.parametrize("prefix", ["", "/runs/other"])
async def test_each_call_type_has_a_path_in_each_run(prefix: str, call_type: str) -> None:
    """A call to its path is taken in for the run that the path names, its type from the path."""
    async with served() as it:
        await it.put("/runs/other", {})
        source = _noting(it, "other" if prefix else "default")
        answer = await _send(it, f"{prefix}/v1/{call_type}", {"userId": "u1", "event": "Seen", "writeKey": "web"})
    assert (answer.status, answer.json) == (200, {"success": True})
    assert [(key, call["type"]) for key, call in source.heard] == [("web", call_type)]


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/import", "/runs/other/v1/batch"])
async def test_a_batch_hands_each_of_its_calls_on(path: str) -> None:
    """The calls of a batch go to the system one by one, in order."""
    async with served() as it:
        await it.put("/runs/other", {})
        source = _noting(it, "other" if "other" in path else "default")
        calls = [{"type": "identify", "userId": "u1"}, {"type": "track", "userId": "u1", "event": "Seen"}]
        answer = await _send(it, path, {"batch": calls})
    assert answer.status == 200
    assert [call["type"] for _, call in source.heard] == ["identify", "track"]


@pytest.mark.parametrize(
    ("headers", "body", "key"),
    [
        (_basic("web"), {}, "web"),
        ({}, {"writeKey": "web"}, "web"),
        (_basic("web"), {"writeKey": "other"}, "web"),
        (_basic(""), {"writeKey": "web"}, "web"),
        ({"authorization": "Bearer x"}, {}, ""),
        ({"authorization": "Basic !!!"}, {}, ""),
        ({"authorization": "Basic /w=="}, {"writeKey": 5}, ""),
    ],
)
async def test_the_write_key_comes_by_basic_auth_or_in_the_body(
    headers: dict[str, str], body: dict[str, Any], key: str
) -> None:
    """Basic authentication goes first; what names no source leaves the call without one."""
    async with served() as it:
        source = _noting(it)
        await _send(it, "/v1/batch", {"batch": [{"type": "page", "userId": "u"}], **body}, headers=headers)
        summary = await _summary(it)
    assert [found for found, _ in source.heard] == [key]
    assert summary["sources"] == {key: {"page": 1}}


async def test_what_a_batch_says_for_all_is_merged_into_its_calls() -> None:
    """`context` and `integrations` are merged, the call's own word first; `sentAt` fills in."""
    batch = {
        "context": {"ip": "1.2.3.4", "locale": "en"},
        "integrations": {"All": False},
        "sentAt": "2026-01-01T00:00:00Z",
        "other": 1,
        "batch": [
            {"type": "page", "userId": "a", "context": {"locale": "de"}},
            {"type": "page", "userId": "b", "integrations": {"All": True}, "sentAt": "2026-01-02T00:00:00Z"},
        ],
    }
    async with served() as it:
        source = _noting(it)
        await _send(it, "/v1/batch", batch)
    (_, first), (_, second) = source.heard
    assert (first["context"], first["integrations"]) == ({"ip": "1.2.3.4", "locale": "de"}, {"All": False})
    assert (second["context"], second["integrations"]) == ({"ip": "1.2.3.4", "locale": "en"}, {"All": True})
    assert [first["sentAt"], second["sentAt"], "other" in first] == [batch["sentAt"], "2026-01-02T00:00:00Z", False]


REFUSED: dict[str, tuple[Any, str]] = {
    "no call": (5, "bad_request"),
    "no type": ({"userId": "u"}, "bad_request"),
    "an unknown type": ({"type": "tracks", "userId": "u"}, "bad_request"),
    "a type that is no text": ({"type": ["track"], "userId": "u"}, "bad_request"),
    "nobody": ({"type": "page"}, "no_user_anon_id"),
    "an empty user": ({"type": "page", "userId": "", "anonymousId": None}, "no_user_anon_id"),
    "a user that is an object": ({"type": "page", "userId": {}}, "no_user_anon_id"),
    "no event": ({"type": "track", "userId": "u"}, "event_not_defined"),
    "an event that is a number": ({"type": "track", "userId": "u", "event": 5}, "event_not_string"),
    "properties that are a list": ({"type": "page", "userId": "u", "properties": []}, "properties_not_object"),
    "traits that are text": ({"type": "identify", "userId": "u", "traits": "x"}, "traits_not_object"),
    "too large": ({"type": "page", "userId": "u", "properties": {"x": BIG}}, "bad_request"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_call_that_segment_would_discard_is_counted_and_goes_nowhere(case: str) -> None:
    """The batch is answered 200 all the same; the reason is Segment's, and the good call beside it is taken in."""
    call, reason = REFUSED[case]
    async with served() as it:
        source = _noting(it)
        answer = await _send(it, "/v1/batch", {"batch": [call, {"type": "page", "userId": "good"}]})
        summary = await _summary(it)
    assert (answer.status, summary["refused"]) == (200, {reason: 1})
    assert [call["userId"] for _, call in source.heard] == ["good"]


BAD: dict[str, tuple[str, bytes, dict[str, str], int]] = {
    "a call over 32 KB": ("/v1/page", orjson.dumps({"userId": "u", "properties": {"x": BIG}}), {}, 400),
    "a batch over 500 KB": ("/v1/batch", orjson.dumps({"batch": [{"x": BIG}] * 16}), {}, 400),
    "no array": ("/v1/batch", b'{"batch": {}}', {}, 400),
    "no object": ("/v1/track", b"[]", {}, 400),
    "no JSON": ("/v1/track", b"{", {}, 400),
    "nothing": ("/v1/track", b"", {}, 400),
    "not UTF-8": ("/v1/track", b'{"userId": "\xff"}', {}, 400),
    "nested": ("/v1/track", b'{"x": ' + b"[" * 500 + b"]" * 500 + b"}", {}, 400),
    "nested without end": ("/v1/batch", b"[" * 100_000, {}, 400),
    "broken gzip": ("/v1/batch", b"\x1f\x8b nothing", {"content-encoding": "gzip"}, 400),
    "an unknown encoding": ("/v1/batch", b"{}", {"content-encoding": "zstd"}, 415),
    "over all limits": ("/v1/batch", b" " * 11_000_000, {}, 413),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_request_that_cannot_be_taken_in_is_a_4xx_and_counted(case: str) -> None:
    """Large payloads and broken JSON are the two things that Segment answers 400."""
    path, body, headers, status = BAD[case]
    async with served() as it:
        source = _noting(it)
        answer = await it.ask("POST", path, data=io.BytesIO(body), headers=headers)
        summary = await _summary(it)
    assert (answer.status, source.heard) == (status, [])
    assert sum(summary["refused"].values()) >= 1


async def test_a_batch_of_too_many_calls_is_answered_200_and_not_taken() -> None:
    """So Segment does: 2,500 calls are taken, and of one more none."""
    calls = [{"type": "page", "userId": str(number)} for number in range(2501)]
    async with served() as it:
        source = _noting(it)
        most = await _send(it, "/v1/batch", {"batch": calls[:2500]})
        taken = len(source.heard)
        more = await _send(it, "/v1/batch", {"batch": calls})
        summary = await _summary(it)
    assert (most.status, more.status, taken, len(source.heard)) == (200, 200, 2500, 2500)
    assert summary["refused"] == {"bad_request": 2501}


async def test_a_message_that_comes_again_is_taken_once() -> None:
    """A client that had no answer sends the same `messageId` again, and nothing happens twice."""
    call = {"type": "page", "userId": "u", "messageId": "m1"}
    async with served() as it:
        source = _noting(it)
        answers = [await _send(it, path, body) for path, body in (("/v1/page", call), ("/v1/batch", {"batch": [call]}))]
        await _send(it, "/v1/page", {**call, "messageId": "m2"})
    assert [answer.status for answer in answers] == [200, 200]
    assert [call["messageId"] for _, call in source.heard] == ["m1", "m2"]


async def test_a_refused_message_may_be_sent_again_when_it_is_mended() -> None:
    """Only what was taken in is remembered."""
    async with served() as it:
        source = _noting(it)
        await _send(it, "/v1/track", {"userId": "u", "messageId": "m1"})
        await _send(it, "/v1/track", {"userId": "u", "messageId": "m1", "event": "Seen"})
    assert [call["event"] for _, call in source.heard] == ["Seen"]


async def test_a_gzipped_batch_is_read() -> None:
    """Client libraries compress their batches."""
    body = gzip.compress(orjson.dumps({"batch": [{"type": "page", "userId": "u"}]}))
    async with served() as it:
        source = _noting(it)
        answer = await it.ask("POST", "/v1/batch", data=body, headers={"content-encoding": "gzip"})
    assert (answer.status, len(source.heard)) == (200, 1)


@pytest.mark.parametrize("error", [None, KeyError("a fault of the space")])
async def test_a_system_that_cannot_take_a_call_costs_no_answer_and_makes_the_run_errored(
    error: Exception | None,
) -> None:
    """The client is answered, the call is kept, and the verdict says that the system failed."""
    async with served() as it:
        it.server.open_run("default").sources.feeds = DeafSource(error)
        answers = [await _send(it, "/v1/page", {"userId": user}) for user in "ab"]
        summary = await _summary(it)
        verdict = await it.get("/runs/default/verdict")
    assert [answer.status for answer in answers] == [200, 200]
    assert summary["sources"] == {"": {"page": 2}}
    assert (verdict["verdict"], len(verdict["failures"])) == ("errored", 1)
    assert "could not take a page call" in verdict["failures"][0]


async def test_the_limits_are_those_of_the_contract() -> None:
    """A contract's parameters say how much the tracking API takes at once."""
    async with served() as it:
        run = it.server.open_run("default")
        contract = run.checker.contract
        small = replace(contract, parameters={**contract.parameters, "call_bytes": 90, "source_batch_bytes": 300})
        run.configure(small, {}, run.checker.declarations)
        page, large = ({"type": "page", "userId": "u", "properties": {"x": "x" * size}} for size in (10, 90))
        answers = [
            await _send(it, path, body)
            for path, body in (
                ("/v1/page", page),
                ("/v1/page", large),
                ("/v1/batch", {"batch": [page, large]}),
                ("/v1/batch", {"batch": [page] * 5}),
            )
        ]
        taken, refused = len(run.sources.calls), run.sources.refused["bad_request"]
    assert [answer.status for answer in answers] == [200, 400, 200, 400]
    assert (taken, refused) == (2, 7)
