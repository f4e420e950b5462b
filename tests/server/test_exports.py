"""Exports, imports, searches and pages of deliveries over the control API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.adapters.ledgers import Ledgers, MemoryLedgers
from harness.adapters.sqlite_ledger.ledgers import SqliteLedgers
from harness.core.ledger_urls import InSqlite
from tests.server.serving import CONTROL, KEY, Served, served, track

CONFIG = {"destinations": {"crm": {"kind": "event", "replies": [503, {"latency": "1ms"}]}, "ads": {"kind": "list"}}}
LINES = {"content-type": "application/x-ndjson"}
RUN = CONTROL + "/runs/default"


@pytest.fixture(params=["memory", "sqlite"])
def ledgers(request: pytest.FixtureRequest, tmp_path: Path) -> Ledgers:
    """Ledgers of each kind: what can be asked of one can be asked of the other."""
    return MemoryLedgers() if request.param == "memory" else SqliteLedgers(InSqlite(path=str(tmp_path / "ledger.db")))


async def filled(it: Served) -> None:
    """Something of every sort."""
    await it.send(track("a"))
    await it.send(track("b", event="Audience Exited"))
    await it.send({"list": KEY, "add": [{"userId": "zoë", "email": "zoe@example.com"}]}, "/destinations/ads")
    await it.ask("POST", "/destinations/crm", data=b"\xff", headers={"content-type": "application/json"})
    await it.send({}, "/destinations/nobody")
    escaped = rb'{"type": "track", "event": "Caf\u00c9"}'
    await it.ask("POST", "/destinations/crm", data=escaped, headers={"content-type": "application/json"})


async def numbers(it: Served, query: str) -> list[int]:
    """The numbers on the page that a query asks for."""
    return [each["number"] for each in (await it.get(f"/runs/default/deliveries?{query}"))["deliveries"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=audience exited", [2]),
        ("search=ZO%C3%8B", [3]),
        ("search=caf%C3%A9", [6]),
        ("search=no such text", []),
        ("search=track&destination=crm", [1, 2, 6]),
        ("before=3", [1, 2]),
        ("after=2&before=5", [3, 4]),
        ("order=newest", [6, 5, 4, 3, 2, 1]),
        ("order=newest&limit=2", [6, 5]),
        ("order=newest&limit=2&before=5", [4, 3]),
        ("order=newest&limit=2&destination=crm", [6, 4]),
        ("order=oldest&limit=2&after=4", [5, 6]),
        ("limit=3", [1, 2, 3]),
    ],
)
async def test_deliveries_are_searched_and_paged(ledgers: Ledgers, query: str, found: list[int]) -> None:
    """Text is found in whatever case and however it was escaped; pages go up or down."""
    async with served(CONFIG, ledgers=ledgers) as it:
        await filled(it)
        assert await numbers(it, query) == found


async def test_pages_lead_to_the_next(ledgers: Ledgers) -> None:
    """`next` is the `after`, or downwards the `before`, of the next page, and `total` counts all."""
    async with served(CONFIG, ledgers=ledgers) as it:
        await filled(it)
        up = await it.get("/runs/default/deliveries?limit=4")
        down = await it.get("/runs/default/deliveries?limit=4&order=newest")
        rest = await it.get(f"/runs/default/deliveries?limit=4&order=newest&before={down['next']}")
    assert [(each["total"], each["next"]) for each in (up, down, rest)] == [(6, 4), (6, 3), (2, None)]


@pytest.mark.parametrize(("query", "wrong"), [("search=", "it is empty"), ("order=newst", "did you mean 'newest'?")])
async def test_a_wrong_query_is_explained(query: str, wrong: str) -> None:
    """A parameter that makes no sense is a 400 with a remedy."""
    async with served(CONFIG) as it:
        refused = await it.ask("GET", f"{RUN}/deliveries?{query}")
    assert (refused.status, wrong in refused.json["detail"]) == (400, True)


async def test_an_export_can_be_imported_and_is_then_the_same(ledgers: Ledgers) -> None:
    """Lines are the records that are listed; imported to an empty run, they are exported alike."""
    async with served(CONFIG, ledgers=ledgers) as it:
        await filled(it)
        listed = (await it.get("/runs/default/deliveries"))["deliveries"]
        exported = await it.ask("GET", RUN + "/export")
        members = await it.get("/runs/default/destinations/ads/members")
        await it.ask("POST", RUN + "/reset")
        imported = await it.ask("POST", RUN + "/import", data=exported.body, headers=LINES)
        again = await it.ask("GET", RUN + "/export")
        after = await it.get("/runs/default/destinations/ads/members")
        tried = (await it.send(track("a"))).status
    assert [json.loads(line) for line in exported.body.splitlines()] == listed
    assert (imported.json, again.body, after, tried) == ({"imported": 6}, exported.body, members, 200)


async def test_an_archive_tells_of_every_delivery(ledgers: Ledgers) -> None:
    """HAR has an entry for each, with what was sent and answered, where it went."""
    async with served(CONFIG, ledgers=ledgers) as it:
        await filled(it)
        log: dict[str, Any] = (await it.ask("GET", RUN + "/export.har")).json["log"]
        url = it.server.url
    assert (log["version"], log["creator"]["name"]) == ("1.2", "journey-harness")
    entries = log["entries"]
    assert [entry["response"]["status"] for entry in entries] == [503, 503, 200, 400, 404, 503]
    assert entries[0]["request"]["url"] == f"{url}/destinations/crm"
    assert json.loads(entries[0]["request"]["postData"]["text"]) == track("a")
    assert (entries[3]["request"]["postData"]["encoding"], entries[3]["request"]["bodySize"]) == ("base64", 1)


async def test_an_empty_run_is_exported_as_nothing(ledgers: Ledgers) -> None:
    """No line, and an archive without entries."""
    async with served(CONFIG, ledgers=ledgers) as it:
        lines, archive = await it.ask("GET", RUN + "/export"), await it.ask("GET", RUN + "/export.har")
    assert (lines.status, lines.body, archive.json["log"]["entries"]) == (200, b"", [])


async def test_a_wrong_line_ends_an_import(ledgers: Ledgers) -> None:
    """What stands before it is imported, and the problem names the line."""
    async with served(CONFIG, ledgers=ledgers) as it:
        await filled(it)
        exported = (await it.ask("GET", RUN + "/export")).body
        first = exported.splitlines()[0]
        refused = await it.ask("POST", RUN + "/import", data=first + b'\n\n{"type": "track"}\n' + first, headers=LINES)
        packed = await it.ask("POST", RUN + "/import", data=first, headers={**LINES, "content-encoding": "gzip"})
        count = (await it.get("/runs/default"))["deliveries"]
    assert (refused.status, packed.status, count) == (400, 415, 7)
    assert "line 3: this is no delivery record" in str(refused.json)
    assert "the 1 deliveries before it are imported" in str(refused.json)


async def test_exports_mask_what_a_destination_demands(ledgers: Ledgers) -> None:
    """The header in which a destination demands its key has stars in both exports, whatever its name is."""
    demand = {"auth": {"header": "X-Door", "value": "sesame"}}
    async with served({"destinations": {"crm": {"kind": "event", **demand}}}, ledgers=ledgers) as it:
        answer = await it.ask("POST", "/destinations/crm", track("a"), headers={"X-Door": "sesame"})
        assert answer.status == 200
        for form in ("export", "export.har"):
            exported = await it.ask("GET", f"{RUN}/{form}")
            assert b"x-door" in exported.body
            assert b"sesame" not in exported.body
