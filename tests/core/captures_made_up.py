"""Lines of captures, made up by Hypothesis: right and bent traffic, in every form in which a line can tell of it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from harness.core.captures.captured import Captured, Defaults
from harness.core.captures.judging import CaptureJudge, CaptureVerdict
from harness.core.captures.reading import read_lines
from harness.core.captures.records import read_captured
from harness.core.captures.sources import Sources
from harness.core.rules.examples import KEY, identify, track
from harness.core.rules.key_histories import OTHER_SPACE
from tests.core.rules.traffic import DOCUMENTS, JSON, calls

SILENT = Defaults()
USERS = st.sampled_from(["u1", "u2", "u3"])
MESSAGES = st.sampled_from(["m1", "m2", "m3", "m4", None])
TIMES = st.sampled_from([None, "2026-01-05T09:00:00Z", "2026-03-05T09:00:00Z", "noon"])


def nested(levels: int) -> Any:
    """Arrays within each other."""
    return json.loads("[" * levels + "]" * levels)


def _right(
    make: Any, user: str, message: str | None, time: str | None, email: str | None, space: dict[str, str]
) -> dict[str, Any]:
    context = {**track()["context"], "personas": {**track()["context"]["personas"], **space}}
    if email:
        context["traits"] = {"email": email}
    call: dict[str, Any] = make(userId=user, messageId=message, timestamp=time, context=context)
    return call


SPACES = st.sampled_from([{}, {}, {"space_id": OTHER_SPACE, "namespace": OTHER_SPACE}])
RIGHT = st.builds(
    _right, st.sampled_from([track, identify]), USERS, MESSAGES, TIMES, st.sampled_from([None, "a@b.c"]), SPACES
)
LISTS = st.builds(lambda users: {"list": KEY, "add": [{"userId": user} for user in users]}, st.lists(USERS, max_size=3))
SENT = st.one_of(RIGHT, RIGHT, LISTS, calls(), DOCUMENTS, st.lists(RIGHT, max_size=2), st.lists(calls(), max_size=2))
"""What is sent: mostly right."""
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "destination": st.sampled_from(["crm", "crm", "mail", None, 5]),
        "kind": st.sampled_from(["event", "list", None, "odd"]),
        "run": st.sampled_from(["", "r", None, 0]),
        "received_at": st.sampled_from(["2026-01-05T09:00:00Z", "2026-02-05T09:00:00+02:00", None, "noon", 5]),
        "reply": st.sampled_from(
            [None, {"status": 200}, {"status": 200.0}, {"status": 207, "items": [200]}, {"fault": "x"}]
            + [{"status": status} for status in (202, 302, 400, 429, 503, 99)]
        ),
        "unexpected": st.sampled_from([True, False]),
        "number": st.sampled_from([7, "7"]),
        "request": st.sampled_from([None, {"url": "http://h/destinations/crm"}, {"body_base64": "e30="}]),
        "deliveries": st.sampled_from([5, [{"destination": "crm", "payload": track()}]]),
        "type": st.just("track"),
        "more": st.sampled_from([nested(245), nested(300)]),
    },
)
"""What else a record says, right and wrong."""


def _told(form: str, sent: Any, said: dict[str, Any]) -> Any:
    match form:
        case "bare":
            return sent
        case "payload":
            return {"destination": "crm", **said, "payload": sent}
        case "payloads":
            return {"destination": "crm", **said, "payloads": sent if isinstance(sent, list) else [sent]}
        case _:
            return {"destination": "crm", **said, "request": {"method": "POST", "body": json.dumps(sent)}}


RECORDS = st.builds(
    _told, st.sampled_from(["bare", "payload", "payloads", "body"]), SENT, st.just({}) | st.just({}) | MEMBERS
)
WRITTEN = (RECORDS | JSON).map(lambda record: json.dumps(record).encode() + b"\n")
COPIES = [
    b"[]",
    b"1e999",
    b"9" * 400,
    b'"\xc3\xa9"',
    b'"\xff"',
    b'"\\ud800"',
    b"01",
    b"[" * 1010 + b"]" * 1010,
    b"[5,]",
]
"""What an export may hold beside the body, right and wrong."""


def _exported(body: str, copy: bytes) -> bytes:
    record = {"destination": "crm", "request": {"headers": {"user-agent": "a/1"}, "body": body}, "payloads": 5}
    return json.dumps(record).encode().replace(b"5}", copy + b"}") + b"\n"


def _bent(text: bytes, place: int, byte: int) -> bytes:
    """`text` with another byte at `place`; one line as before."""
    place %= len(text) - 1
    return text[:place] + bytes([byte]) + text[place + 1 :]


EXPORTS = st.builds(_exported, RIGHT.map(json.dumps), st.sampled_from(COPIES))
BENT = st.builds(
    _bent, WRITTEN | EXPORTS, st.integers(0, 3000), st.integers(0, 255).filter(lambda byte: byte not in b"\r\n")
)
LINES = (
    WRITTEN
    | EXPORTS
    | BENT
    | st.sampled_from([b"\n", b"  \n", b"oops\n", b'{"type": "track"\n', b'["a", 5]\n', b"\xff\n"])
)
"""Lines of a capture."""


def usual(defaults: Defaults = SILENT) -> list[bytes]:
    """Lines by which a judge gets to know what is usual in every form, so that it takes the short way."""
    records = []
    for number in range(40):
        user = {"userId": f"usual-{number}", "messageId": f"usual-{number}"}
        listed = {"list": KEY, "add": [{"userId": user["userId"]}]}
        for sent in (track(**user), identify(**user), listed):
            records += [_told(form, sent, {}) for form in ("bare", "body")]
    return [json.dumps(record).encode() + b"\n" for record in records]


def long_way(judge: CaptureJudge, lines: list[bytes], defaults: Defaults = SILENT) -> CaptureVerdict:
    """The verdict of `judge` on `lines`, every one of which is looked at in full."""
    for line, text in enumerate(lines, 1):
        for captured in captured_of(text, defaults):
            judge.see(captured, "file", line)
    return judge.verdict()


def captured_of(text: bytes, defaults: Defaults = SILENT) -> list[Captured]:
    """What a line tells of."""
    return list(read_captured(text, defaults)) if text.strip() else []


def read(judge: CaptureJudge, lines: list[bytes], defaults: Defaults = SILENT, first: int = 1) -> None:
    """Let `judge` read `lines` as `harness check` does."""
    sources = Sources()
    sources.opened("file")
    read_lines(lines, "file", first, judge, sources, defaults)
