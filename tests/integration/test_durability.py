"""Faults that a server with a durable ledger survives: it is killed under load, and its disk is full."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from benchmarks.soak import kill
from tests.server.serving import track
from tests.server.test_serve_command import serving


@pytest.mark.long
def test_nothing_that_was_answered_is_missing_after_a_kill(capsys: pytest.CaptureFixture[str]) -> None:
    """Three servers are killed under load, one after the other on one file: every answered message is in it."""
    assert kill(rounds=3, seconds=1.0, connections=16, seed=4) == 0
    said = capsys.readouterr().out
    assert said.count("round") == 4
    assert " of 0 answered" not in said


async def test_a_full_disk_is_answered_503_until_there_is_room_again(tmp_path: Path) -> None:
    """The server lives on, says what is wrong, and keeps what it refused once it can."""
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("this system cannot limit another process")
    async with (
        serving("--ledger", f"sqlite:{tmp_path}/ledger.db") as (process, url),
        aiohttp.ClientSession(raise_for_status=False) as client,
    ):

        async def send(user: str) -> int:
            call = track(user, properties={"j_o_win_back__new_subscribed_users_dje83": "true", "more": "x" * 50_000})
            async with client.post(f"{url}/destinations/events", json=call) as response:
                return response.status

        async def verdict() -> dict[str, object]:
            async with client.get(f"{url}/_harness/v1/runs/default/verdict") as response:
                return dict(await response.json())

        before = await send("a")
        free = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (200_000, free[1]))
        statuses = [await send(f"b{number}") for number in range(6)]
        meanwhile = await verdict()
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, free)
        after = await send("c")
        async with client.get(f"{url}/_harness/v1/runs/default/deliveries") as response:
            replies = [each["reply"]["status"] for each in (await response.json())["deliveries"]]
    assert (before, after) == (200, 200)
    assert statuses[-1] == 503
    assert replies == [200, *statuses, 200]
    assert meanwhile["verdict"] == "failed"
    assert "not kept: " in str(meanwhile["failures"])
