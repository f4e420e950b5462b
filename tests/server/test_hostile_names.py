"""Hostile names and markup, on a server that keeps everything in files: no other file, and text stays text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.server.serving import CONTROL, served
from tests.server.test_hostile_traffic import files, set_up
from tests.server.test_ledgers import durable

MARKUP = "<script>alert(1)</script>"
NAMES = [
    "../x", "..", ".", "/etc/passwd", "a/../../x", "..\\x", "x\0y", "\0", "a\r\nX: y", "x" * 5_000, "x" * 300, "CON",
    "~", "$HOME", "${env.HOME}", "%2e%2e%2f", "ledger.db", "a;b", "'; DROP TABLE delivery; --", '"', MARKUP, "é\u202e",
    "\ud7ff", " ", "",
]  # fmt: skip


def asked(name: str) -> list[tuple[str, str, Any]]:
    """Requests that have the name wherever one may stand: method, path and body."""
    encoded = quote(name, safe="")
    call = {"type": "track", "messageId": name, "userId": name or "u1", "event": name, "properties": {name: name}}
    default = f"{CONTROL}/runs/default"
    return [
        ("PUT", f"{CONTROL}/runs/{encoded}", {"destinations": {"crm": {"kind": "event"}}}),
        ("PUT", f"{CONTROL}/runs/other", {"destinations": {name: {"kind": "event"}}}),
        ("PUT", f"{default}/destinations/{encoded}", {"kind": "warehouse", "url": "sqlite:"}),
        ("PUT", f"{default}/destinations/w", {"kind": "warehouse", "url": f"sqlite:{name or 'x'}"}),
        ("PUT", f"{default}/destinations/s", {"kind": "warehouse", "schema": name}),
        ("POST", "/destinations/wh", call),
        ("POST", "/destinations/ads", {"list": name, "add": [{"userId": name}]}),
        ("POST", "/destinations/w", call),
        ("POST", "/destinations/s", call),
        ("POST", f"/destinations/{encoded}", call),
        ("POST", f"/runs/{encoded}/destinations/{encoded}", call),
        ("GET", f"{CONTROL}/runs/{encoded}/verdict", None),
        ("GET", f"{default}/destinations/wh/rows?sql={encoded}", None),
        ("GET", f"{default}/deliveries?search={encoded}&destination={encoded}", None),
        ("GET", "/_harness/metrics", None),
    ]


async def test_hostile_names_make_no_file_and_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a run, a destination, a user, an event, a property, a column and a file of a warehouse."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.chdir(folder)
    async with served(ledgers=durable(folder)) as it:
        await set_up(it, folder)
        for name in NAMES:
            for method, path, body in asked(name):
                answer = await it.ask(method, path, body, allow_redirects=False)
                assert answer.status < 500, (method, path, answer.body)
        await it.get("/runs/default/verdict")  # by then, all rows are in
        assert it.server.open_run("default").troubles == []
    assert files(folder) == {"ledger.db", "warehouse.db"}
    assert files(tmp_path) == {"data"}


async def test_markup_stays_text() -> None:
    """What a sender writes comes back as JSON that no browser takes for a page, and never on the page of the API."""
    async with served({"destinations": {"crm": {"kind": "event"}}}) as it:
        await it.ask("POST", f"/destinations/{MARKUP}", {"type": "track", "event": MARKUP, MARKUP: MARKUP})
        await it.send({"type": "track", "event": MARKUP, "userId": MARKUP})
        pages = [
            await it.ask(*asked)
            for asked in [
                ("POST", f"/destinations/{MARKUP}"),
                ("GET", f"/{MARKUP}"),
                ("GET", f"{CONTROL}/runs/{MARKUP}"),
                ("PUT", f"{CONTROL}/runs/{MARKUP}"),
                ("GET", f"{CONTROL}/runs/default/deliveries?status={MARKUP}"),
                ("GET", f"{CONTROL}/runs/default/deliveries"),
                ("GET", f"{CONTROL}/runs/default/verdict"),
                ("GET", "/_harness/metrics"),
            ]
        ]
        docs = await it.ask("GET", "/_harness/docs")
    kinds = {page.headers["content-type"].partition(";")[0] for page in pages}
    assert kinds == {"application/json", "application/problem+json", "text/plain"}
    assert [json.loads(page.body) is not None for page in pages[:-1]] == [True] * (len(pages) - 1)
    assert MARKUP in pages[5].json["deliveries"][1]["payloads"][0].values()
    assert (docs.headers["content-type"].partition(";")[0], b"<script" in docs.body) == ("text/html", False)
