"""The delivery record: what the server lists has the form that its schema gives, and `check` reads it back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from harness.adapters.config_files import read_config
from harness.adapters.contract_files import load_contract
from harness.adapters.json_files import own_schema
from harness.adapters.server.requests import DEFAULT_RUN
from harness.adapters.server.server import Server
from harness.adapters.yaml_files import parse_document
from harness.core.captures.captured import Defaults
from harness.core.captures.judging import CaptureJudge
from harness.core.captures.records import read_captured
from harness.core.declarations import Declarations
from harness.core.rules.examples import KEY, identify, track

CONFIG = """
version: 1
destinations:
  crm: {kind: event, replies: [503, 200]}
  cut: {kind: event, replies: reset}
  ads: {kind: list}
"""
SYNC = {"list": KEY, "add": [{"userId": "u1"}], "remove": [{"userId": "u2"}]}
SENT = [
    ("crm", orjson.dumps(track())),
    ("crm", orjson.dumps(track())),
    ("crm", orjson.dumps(track(event="Audience Exited", userId="u2", messageId="m2"))),
    ("crm", orjson.dumps(identify())),
    ("crm", orjson.dumps([track(userId="u3", messageId="m3"), track(userId="", messageId="m4")])),
    ("crm", b"\xff\xfe"),
    ("crm", b"oops"),
    ("cut", orjson.dumps(track(messageId="m5"))),
    ("ads", orjson.dumps(SYNC)),
    ("ads", orjson.dumps(identify())),
    ("ads", b'{"audienceName": "a"}'),
    ("nobody", orjson.dumps(track())),
]


async def recorded() -> tuple[list[dict[str, Any]], list[str]]:
    """The records of deliveries of all sorts, as the control API lists them, and the rules that its verdict names."""
    server = Server()
    await server.start()
    try:
        setup, contract = read_config(parse_document(CONFIG, "test"), Path())
        await server.set_up(server.open_run(DEFAULT_RUN), setup, contract)
        async with aiohttp.ClientSession() as session:
            for destination, body in SENT:
                await _post(session, f"{server.url}/destinations/{destination}?x=1", body)
            async with session.get(f"{server.url}/_harness/v1/runs/default/deliveries") as response:
                records = (await response.json())["deliveries"]
        judgement = server.open_run(DEFAULT_RUN).judge()
        return records, sorted(violation.rule for violation in judgement.violations)
    finally:
        await server.stop()


async def _post(session: aiohttp.ClientSession, url: str, body: bytes) -> None:
    headers = {"content-type": "application/json", "authorization": "Basic eA==", "x-name": "ü"}
    try:
        async with session.post(url, data=body, headers=headers) as response:
            await response.read()
    except aiohttp.ClientConnectionError:
        pass  # the destination was told to cut the connection


@pytest.fixture(scope="module")
def made() -> tuple[list[dict[str, Any]], list[str]]:
    """What one server recorded and judged."""
    return asyncio.run(recorded())


def test_every_record_conforms_to_its_schema(made: tuple[list[dict[str, Any]], list[str]]) -> None:
    """Good, malformed, refused, cut, binary and unexpected deliveries all have the form of the delivery schema."""
    records, _ = made
    assert len(records) == len(SENT)
    assert [own_schema("delivery").breaches(record) for record in records] == [[]] * len(SENT)


@pytest.mark.parametrize(
    "change",
    [{"reply": {}}, {"kind": 1}, {"unexpected": False}, {"received_at": "2026-11-21"}, {"request": {}}, {"more": 1}],
)
def test_the_schema_refuses_other_forms(made: tuple[list[dict[str, Any]], list[str]], change: dict[str, Any]) -> None:
    """A record that is changed in one member has not the form any more."""
    assert own_schema("delivery").breaches({**made[0][0], **change})


def test_a_capture_of_a_run_is_judged_as_the_run(made: tuple[list[dict[str, Any]], list[str]]) -> None:
    """What the server's verdict accuses, `check` accuses too, from the exported records alone.

    What is left over is what a record cannot tell: which calls its destination takes.
    """
    records, rules = made
    judge = CaptureJudge(load_contract("engage-journeys"), Declarations())
    for line, record in enumerate(records, 1):
        for captured in read_captured(orjson.dumps(record), Defaults()):
            judge.see(captured, "capture", line)
    verdict = judge.verdict()
    found = sorted(located.violation.rule for located in verdict.violations)
    assert (found, verdict.unexpected) == ([rule for rule in rules if rule != "destination-kind"], 1)
    assert "destination-kind" in rules
