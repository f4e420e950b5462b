"""`docs/examples/behaviours.yaml`: one configuration plays every behaviour.

`HARNESS_GOLDENS=write` in the environment writes the expected replies anew; read what changed before you keep it.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from harness.adapters.clocks import VIRTUAL_START, VirtualClock
from harness.adapters.config_files import load_config
from harness.adapters.posting import Poster
from harness.adapters.server.server import Server
from harness.core.clock import going_by
from harness.core.instants import MINUTE, SECOND
from harness.core.records import delivery_record
from harness.core.rules.examples import KEY, track
from tests.docs.fences import CHECKOUT

CONFIG = CHECKOUT / "docs" / "examples" / "behaviours.yaml"
GOLDEN = Path(__file__).resolve().parents[1] / "goldens" / "behaviours.json"
USERS = ("u1", "u2")
JSON = {"content-type": "application/json"}
BATCH = {"list": KEY, "add": [{"userId": user} for user in USERS]}


async def played() -> dict[str, list[Any]]:
    """What each destination replies to two users, each sent twice, with six minutes between the rounds."""
    setup, contract = load_config(CONFIG)
    server = Server()
    await server.start()
    try:
        run = server.open_run("played", VirtualClock())
        await server.set_up(run, setup, contract)
        async with Poster() as poster:
            for round_at in (0, 6 * MINUTE):
                run.clock.set(VIRTUAL_START + round_at)
                for destination in setup.destinations.values():
                    url = server.destination_url(run, destination.name)
                    for body in [BATCH] if destination.kind == "list" else map(_call, USERS):
                        with going_by(run.clock, 10 * SECOND):
                            await poster.post(url, json.dumps(body).encode(), JSON)
        replies: dict[str, list[Any]] = {name: [] for name in setup.destinations}
        for delivery in run.ledger.deliveries():
            replies[delivery.destination].append(delivery_record(delivery)["reply"])
        return replies
    finally:
        await server.stop()


def _call(user: str) -> dict[str, Any]:
    return track(userId=user, messageId=f"m-{user}")


def test_one_configuration_plays_all_behaviours() -> None:
    """Each destination decides as the page on behaviours says, and always in the same way."""
    replies = asyncio.run(played())
    text = json.dumps(replies, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("HARNESS_GOLDENS") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert replies == json.loads(GOLDEN.read_text(encoding="utf-8"))
