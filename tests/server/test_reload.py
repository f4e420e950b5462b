"""A configuration that is replaced while the server runs."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from harness.adapters.config_files import read_config
from harness.adapters.yaml_files import parse_document
from harness.core.contract import Contract
from harness.core.scenario.setup import Setup
from tests.adapters.front_serving import PATIENCE
from tests.server.serving import CONTROL, Served, served, track
from tests.server.test_serve_command import serving

BEFORE: dict[str, Any] = {
    "destinations": {"crm": {"kind": "event", "replies": [503, 502, 200]}, "ads": {"kind": "list"}},
}
JOURNEYS = {
    "j": {
        "name": "J",
        "entry": {"event": "Order Completed"},
        "steps": [{"send_to_destinations": {"name": "S", "to": ["crm"]}}],
    }
}


def _read(config: Mapping[str, Any]) -> tuple[Setup, Contract]:
    return read_config(parse_document(json.dumps(config), "config"), Path())


async def _reload(it: Served, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    setup, contract = _read(after)
    await it.server.reload(it.server.open_run("default"), _read(before)[0], setup, contract)


async def test_what_stays_as_it_is_written_goes_on_where_it_was() -> None:
    """The second attempt at a message gets the second reply, and members stay, though another destination changed."""
    after = {"destinations": {**BEFORE["destinations"], "new": {"kind": "event", "replies": 201}}}
    async with served(BEFORE) as it:
        await it.send({"list": "k", "add": [{"userId": "u1"}]}, "/destinations/ads")
        statuses = [(await it.send(track())).status]
        await _reload(it, BEFORE, after)
        statuses += [(await it.send(track())).status, (await it.send(track(), "/destinations/new")).status]
        found = await it.get("/runs/default/deliveries")
        members = await it.get("/runs/default/destinations/ads/members")
    assert statuses == [503, 502, 201]
    assert [each["number"] for each in found["deliveries"]] == [1, 2, 3, 4]
    assert members["lists"] == {"k": [{"userId": "u1"}]}


async def test_what_is_written_otherwise_answers_so_from_now_on() -> None:
    """Attempts at messages are still known; what is no longer written is no longer there."""
    async with served(BEFORE) as it:
        await it.send(track())
        await _reload(it, BEFORE, {"destinations": {"crm": {"kind": "event", "replies": [500, 418, 200]}}})
        again = await it.send(track())
        gone = await it.send({}, "/destinations/ads")
        attempt = (await it.get("/runs/default/deliveries/2"))["attempt"]
    assert (again.status, gone.status, attempt) == (418, 404, 2)


async def test_what_the_control_api_altered_or_added_stays() -> None:
    """A destination that a test patched, or set up besides, is left alone while its lines stay the same."""
    after = {"destinations": {**BEFORE["destinations"], "ads": {"kind": "list", "replies": 500}}}
    async with served(BEFORE) as it:
        await it.ask("PATCH", f"{CONTROL}/runs/default/destinations/crm", {"replies": 299})
        await it.ask("PUT", f"{CONTROL}/runs/default/destinations/own", {"kind": "event", "replies": 298})
        await _reload(it, BEFORE, after)
        statuses = [(await it.send(track(), f"/destinations/{name}")).status for name in ("crm", "own")]
    assert statuses == [299, 298]


async def test_a_journey_goes_on_where_only_answers_change() -> None:
    """A user whose payload is to be sent again gets there, since the space is not started anew."""
    before = {**BEFORE, "journeys": JOURNEYS}
    crm = {"kind": "event", "replies": 200}
    after = {**before, "destinations": {**BEFORE["destinations"], "crm": crm}}
    async with served(before) as it:
        await it.ask(
            "POST", "/v1/track", {"userId": "u1", "event": "Order Completed"}, headers={"Authorization": "Basic dzo="}
        )
        await it.get("/runs/default/deliveries?count=1&wait=10s")
        await _reload(it, before, after)
        await it.put("/runs/default/clock", {"advance": "1h"})
        found = await it.get("/runs/default/deliveries?count=2&wait=10s")
    assert [(each["attempt"], each["reply"]["status"]) for each in found["deliveries"]] == [(1, 503), (2, 200)]


async def test_a_request_in_flight_is_answered_by_what_it_came_to() -> None:
    """Its body comes in after the change; it is recorded, and answered as is now written."""
    async with served(BEFORE) as it, it.connection() as client:
        body = json.dumps(track()).encode()
        start = f"POST /destinations/crm HTTP/1.1\r\nHost: t\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        client.send(start + body[:20])
        await it.get("/runs/default")
        await _reload(it, BEFORE, {"destinations": {"crm": {"kind": "event", "replies": 207}}})
        assert (await client.ask(body[20:])).status == 207
        assert (await it.get("/runs/default"))["deliveries"] == 1


async def _until(told: asyncio.StreamReader, event: str) -> str:
    """The log's message of the next `event`."""
    async with asyncio.timeout(3 * PATIENCE):
        while True:
            line = await told.readline()
            assert line, f"no {event}"
            if line.startswith(b"{") and (found := json.loads(line))["event"] == event:
                return str(found["message"])


@pytest.mark.parametrize("how", ["written", "replaced", "signal"])
async def test_serve_applies_its_changed_file_and_refuses_a_bad_one(how: str, tmp_path: Path) -> None:
    """A bad file is told with its place, and the old stays; a good one is applied, and what came is there."""
    config = tmp_path / "config.yaml"
    config.write_text("destinations: {crm: {kind: event, replies: 201}}\n")

    async with (
        serving("--config", str(config), "--log", "json") as (process, url),
        aiohttp.ClientSession(url) as client,
    ):
        assert process.stderr is not None

        def change(text: str) -> None:
            there = config if how == "written" else tmp_path / "other"
            there.write_text(text)
            there.replace(config)
            if how == "signal":
                process.send_signal(signal.SIGHUP)

        async def status() -> int:
            async with client.post("/destinations/crm", json=track()) as response:
                return response.status

        await _until(process.stderr, "run-set-up")
        statuses = [await status()]
        change("destinations: {crm: {kind: event, repplies: 202}}\n")
        refused = await _until(process.stderr, "config-refused")
        statuses.append(await status())
        change("destinations: {crm: {kind: event, replies: 203}}\n")
        await _until(process.stderr, "config-applied")
        statuses.append(await status())
        async with client.get("/_harness/v1/runs/default") as response:
            run = await response.json()
    assert (statuses, run["deliveries"]) == ([201, 201, 203], 3)
    assert f"{config}:1:35: unknown key 'repplies'; did you mean 'replies'?" in refused


async def test_what_holds_for_the_server_waits_for_its_next_start(tmp_path: Path) -> None:
    """The rest of the file is applied, the limit is not yet, and the log says so."""
    config = tmp_path / "config.yaml"
    config.write_text("destinations: {crm: {kind: event, replies: 201}}\n")
    async with (
        serving("--config", str(config), "--log", "json") as (process, url),
        aiohttp.ClientSession(url) as client,
    ):
        assert process.stderr is not None
        await _until(process.stderr, "run-set-up")
        config.write_text("server: {limits: {body: 1}}\ndestinations: {crm: {kind: event, replies: 203}}\n")
        told = await _until(process.stderr, "restart-needed")
        async with client.post("/destinations/crm", json=track()) as response:
            assert response.status == 203
    assert "`server:` has changed, and holds from the next start on" in told


async def test_people_are_told_once_what_is_wrong(tmp_path: Path) -> None:
    """Without a log, too, a refusal is printed a single time."""
    config = tmp_path / "config.yaml"
    config.write_text("destinations: {crm: {kind: event}}\n")
    async with serving("--config", str(config)) as (process, _):
        assert process.stderr is not None
        config.write_text("destinatons: {}\n")
        process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(PATIENCE):
            while b"unknown key" not in (line := await process.stderr.readline()):
                assert line
        process.terminate()
        rest = await process.stderr.read()
    assert b"unknown key" not in rest
