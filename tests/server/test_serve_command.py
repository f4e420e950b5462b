"""`harness serve`, as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.adapters.front_serving import PATIENCE, connected, post
from tests.server.endpoints import endpoint

COMMAND = (sys.executable, "-m", "harness", "serve", "--port", "0")


@asynccontextmanager
async def serving(*options: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A process that serves, and its URL from the first line that it prints."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--json", *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(6 * PATIENCE):
            ready = json.loads(await process.stdout.readline())
            assert ready["type"] == "ready"
            yield process, ready["url"]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ended(*options: str) -> tuple[int | None, str, str]:
    """Exit code, standard output and standard error of a serve that does not come up."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(6 * PATIENCE):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_told_to_stop_it_answers_what_is_in_flight_and_exits_0(number: signal.Signals, tmp_path: Path) -> None:
    """A delivery whose endpoint takes its time, and a request that waits for more, are answered before the end."""
    asked, release = asyncio.Event(), asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.Response:
        asked.set()
        await release.wait()
        return web.Response(status=202)

    config = tmp_path / "server.yaml"
    async with endpoint(answer) as upstream:
        config.write_text(f"destinations: {{slow: {{kind: event, url: '{upstream}'}}}}")
        async with (
            serving("--config", str(config)) as (process, url),
            connected(url) as slow,
            connected(url) as waiting,
        ):
            waiting.send(b"GET /_harness/v1/runs/default/deliveries?count=9&wait=60s HTTP/1.1\r\nHost: t\r\n\r\n")
            slow.send(post("Content-Type: application/json", target="/destinations/slow"))
            await asyncio.wait_for(asked.wait(), PATIENCE)
            process.send_signal(number)
            told = await waiting.reply()
            release.set()
            answered = await slow.reply()
            code = await process.wait()
    assert (told.status, answered.status, code) == (200, 202, 0)


async def test_the_first_curl_works_without_a_configuration() -> None:
    """There are an event destination and a list to begin with, and people are told where."""
    async with serving() as (process, url):
        async with aiohttp.ClientSession() as client:
            for name in ("events", "list"):
                async with client.post(f"{url}/destinations/{name}", json={}) as response:
                    assert response.status in (200, 400)
        process.terminate()
        assert process.stderr is not None
        told = (await process.stderr.read()).decode()
    assert f"{url}/destinations/events" in told
    assert "Ctrl+C" in told


async def test_the_warm_up_runs_after_the_ready_line_and_its_failure_is_told(tmp_path: Path) -> None:
    """What explains refusals is loaded once the server is ready; an installation in which that fails does not go on."""
    text = "import sys\nsys.modules['harness.core.schemas.attribution'] = None\n"
    (tmp_path / "sitecustomize.py").write_text(text)
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--json", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    async with asyncio.timeout(6 * PATIENCE):
        out, err = await process.communicate()
    assert json.loads(out)["type"] == "ready"
    assert (process.returncode, b"attribution" in err) == (3, True)


async def test_a_port_in_use_is_one_clear_line_and_exit_2() -> None:
    """The line names the address and what to do; there is no traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, out, err = await ended("--port", port)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert f"127.0.0.1:{port}" in err
    assert "--port" in err


BAD: dict[str, tuple[str, str]] = {
    "an unknown key": (
        "version: 1\ndestinatons: {}\n",
        ":2:1: unknown key 'destinatons'; did you mean 'destinations'?",
    ),
    "an unknown contract": ("version: 1\ncontract: engage-journey\n", ":2:11: unknown contract"),
    "an unknown receiver": (
        """destinations: {crm: {kind: event}}
journeys:
  j:
    name: J
    steps:
      - send_to_destinations: {name: S, to: [crmm]}
""",
        ":6:46: unknown destination 'crmm'; did you mean 'crm'?",
    ),
    "no YAML": ("version: [\n", ":"),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_bad_configuration_is_an_error_with_its_place_and_exit_2(case: str, tmp_path: Path) -> None:
    """File, line and column, the fault, and the nearest name; nothing is served."""
    text, told = BAD[case]
    config = tmp_path / "server.yaml"
    config.write_text(text)
    code, out, err = await ended("--config", str(config), "--json")
    assert (code, out) == (2, "")
    assert f"{config}{told}" in err


async def test_a_configuration_that_is_not_there_is_exit_2(tmp_path: Path) -> None:
    """The path is named."""
    code, _, err = await ended("--config", str(tmp_path / "none.yaml"))
    assert code == 2
    assert "none.yaml" in err


async def test_the_example_configuration_plays_its_journey(checkout: Path) -> None:
    """An order that a source tracks reaches the event destination, and the list after its next sync."""
    order = {"userId": "u1", "event": "Order Completed", "properties": {"total": 42.5}}
    async with (
        serving("--config", os.fspath(checkout / "docs/examples/server.yaml")) as (process, url),
        aiohttp.ClientSession(url) as client,
    ):
        await _ask(client, "POST", "/v1/track", order)
        first = await _ask(client, "GET", "/_harness/v1/runs/default/deliveries?destination=braze&count=1&wait=20s")
        await _ask(client, "PUT", "/_harness/v1/runs/default/clock", {"advance": "1d"})
        second = await _ask(client, "GET", "/_harness/v1/runs/default/deliveries?destination=ads&count=1&wait=20s")
        verdict = await _ask(client, "GET", "/_harness/v1/runs/default/verdict")
        process.terminate()
        code = await process.wait()
    assert first["deliveries"][0]["payloads"][0]["event"] == "Audience Entered"
    assert second["deliveries"][0]["payloads"][0]["action"] == "add"
    assert (verdict["verdict"], code) == ("passed", 0)


async def _ask(client: aiohttp.ClientSession, method: str, path: str, body: Any = None) -> Any:
    async with client.request(method, path, json=body) as response:
        assert response.status == 200
        return await response.json()


async def test_what_happens_is_logged_as_json_where_that_is_asked_for() -> None:
    """Standard output keeps its one line; standard error has the log besides the words for people."""
    async with serving("--log", "json", "--runs-expire-after", "1h") as (process, url):
        async with aiohttp.ClientSession(url) as client:
            run = await _ask(client, "PUT", "/_harness/v1/runs/r", {})
        process.terminate()
        assert process.stderr is not None
        told = (await process.stderr.read()).decode()
    events = [json.loads(line)["event"] for line in told.splitlines() if line.startswith("{")]
    assert run["expires_after"] == "1h"
    assert events == ["started", "run-set-up", "run-opened", "run-set-up", "stopped"]
