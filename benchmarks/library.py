"""The unmodified client library of Segment through outages and resets: nothing that it was given is lost or doubled."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from segment.analytics.client import Client

CHECKOUT = Path(__file__).resolve().parent.parent
CONFIG = """\
version: 1
destinations:
  shop:
    kind: source
    retries: analytics-python
    replies:
      outage: {{from: 3s, until: 5s, every: 10s, reply: 503}}
      chance: {{share: 0.05, seed: {seed}, per: arrival, reply: reset}}
"""
_BATCH = 100


def deliver(events: int, seed: int) -> bool:
    """Whether each of so many events was accepted once, and the library retried as its profile says; printed too."""
    with TemporaryDirectory(prefix="harness-library-") as folder:
        config = Path(folder, "shop.yaml")
        config.write_text(CONFIG.format(seed=seed), "utf-8")
        ledger = f"sqlite:{folder}/ledger.db"
        command = [sys.executable, "-m", "harness", "serve", "--port", "0", "--json", "--config", str(config)]
        pipe = subprocess.PIPE
        with subprocess.Popen([*command, "--ledger", ledger], stdout=pipe, text=True, cwd=CHECKOUT) as process:
            try:
                assert process.stdout is not None
                url = json.loads(process.stdout.readline())["url"].rstrip("/")
                begun = time.perf_counter()
                given = _send(url, events)
                seconds = time.perf_counter() - begun
                return _judged(url, given, seconds)
            finally:
                process.terminate()


def _send(url: str, events: int) -> set[str]:
    """Give the library so many events, and wait until it has none left; the message ids that it made up for them."""
    client = Client("shop", host=url, max_queue_size=events, upload_size=_BATCH, timeout=10)
    given = set()
    for number in range(events):
        taken, message = client.track(f"u{number}", "Order Completed", {"number": number})
        assert taken, "the library's queue is full"
        given.add(message["messageId"])
    client.flush()
    client.join()
    return given


def _judged(url: str, given: set[str], seconds: float) -> bool:
    accepted: Counter[str] = Counter()
    replies: Counter[str] = Counter()
    for record in _records(url):
        reply = record["reply"]
        replies[str(reply.get("status", reply.get("fault")))] += 1
        if 200 <= reply.get("status", 0) < 300:
            accepted.update(call["messageId"] for call in record["payloads"])
    lost, doubled = given - accepted.keys(), [each for each, count in accepted.items() if count > 1]
    with urllib.request.urlopen(f"{url}/_harness/v1/runs/default/verdict") as answer:  # noqa: S310  # a server of ours
        verdict: dict[str, Any] = json.load(answer)
    print(f"{len(given)} events in {seconds:.0f} s, batches answered: {dict(replies)}")
    print(f"  never accepted: {len(lost)}; accepted twice: {len(doubled)}; the verdict: {verdict['verdict']}")
    for violation in verdict["violations"][:3]:
        print(f"  {violation['rule']}: {violation['message']}: {violation['actual']}")
    return not lost and not doubled and verdict["verdict"] == "passed" and {"503", "reset"} <= replies.keys()


def _records(url: str) -> Iterator[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/_harness/v1/runs/default/export") as answer:  # noqa: S310  # a server of ours
        for line in answer:
            yield json.loads(line)
