"""List destinations over the control API: who is on the lists, how they came there, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from harness.adapters.ledgers import MemoryLedgers
from harness.adapters.sqlite_ledger.ledgers import SqliteLedgers
from harness.core.keeping import Bounds
from harness.core.ledger_urls import InSqlite
from tests.server.serving import CONTROL, KEY, Served, served, track

HERE = "/runs/default/destinations/ads"
ADS = {"destinations": {"ads": {"kind": "list"}}}
ALEX = {"userId": "u1", "email": "alex@example.com"}
SAM = {"userId": "u2", "email": "sam@example.com"}


@pytest.fixture
async def it() -> AsyncIterator[Served]:
    """A server whose list destination `ads` took Alex and Sam, and lost Alex again."""
    async with served(ADS) as it:
        await it.send({"list": KEY, "add": [ALEX, SAM, ALEX]}, to="/destinations/ads")
        await it.send({"list": KEY, "remove": [{"userId": "u1"}]}, to="/destinations/ads")
        yield it


async def rows(it: Served, path: str, **headers: str) -> list[dict[str, str]]:
    """The rows of a CSV answer, by its heading."""
    answer = await it.ask("GET", CONTROL + HERE + path, headers=headers)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8"), answer.body
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


def told(change: dict[str, Any]) -> tuple[Any, ...]:
    """A change without its time."""
    return tuple(change[name] for name in ("list", "action", "user", "delivery", "payload"))


async def test_the_history_tells_who_was_added_and_removed_by_what(it: Served) -> None:
    """Each change has its delivery and the payload in it; a second adding changes nothing; who goes is told whole."""
    found = await it.get(f"{HERE}/members/history")
    assert [told(each) for each in found["history"]] == [
        (KEY, "add", ALEX, 1, 0),
        (KEY, "add", SAM, 1, 1),
        (KEY, "remove", ALEX, 2, 0),
    ]


async def test_the_history_has_the_times_of_the_deliveries(it: Served) -> None:
    """A change happened when its delivery was received, by the run's clock."""
    deliveries = (await it.get("/runs/default/deliveries"))["deliveries"]
    found = await it.get(f"{HERE}/members/history")
    assert [each["at"] for each in found["history"]] == [
        deliveries[each["delivery"] - 1]["received_at"] for each in found["history"]
    ]


async def test_the_history_of_one_user_can_be_asked_for(it: Served) -> None:
    """By any identifier."""
    found = await it.get(f"{HERE}/members/history?user=alex@example.com")
    assert [each["action"] for each in found["history"]] == ["add", "remove"]


async def test_the_history_of_one_list_can_be_asked_for(it: Served) -> None:
    """What happened to other lists is left out."""
    await it.send({"list": "other", "add": [ALEX]}, to="/destinations/ads")
    found = await it.get(f"{HERE}/members/history?list=other")
    assert [told(each) for each in found["history"]] == [("other", "add", ALEX, 3, 0)]


async def test_who_was_refused_is_neither_a_member_nor_in_the_history() -> None:
    """Results for each item decide who is on the list."""
    async with served(
        {
            "destinations": {
                "ads": {"kind": "list", "replies": {"items": {"rules": [{"when": {"user": "u2"}, "reply": 400}]}}}
            }
        }
    ) as it:
        await it.send({"list": KEY, "add": [ALEX, SAM]}, to="/destinations/ads")
        members = await it.get(f"{HERE}/members")
        found = await it.get(f"{HERE}/members/history")
    assert (members["lists"], [told(each) for each in found["history"]]) == (
        {KEY: [ALEX]},
        [(KEY, "add", ALEX, 1, 0)],
    )


async def test_members_can_be_shown_with_what_added_them(it: Served) -> None:
    """Each with its delivery and payload."""
    found = await it.get(f"{HERE}/members?details=true")
    ((member,),) = found["lists"].values()
    added = (await it.get("/runs/default/deliveries/1"))["received_at"]
    assert member == {"user": SAM, "added_at": added, "delivery": 1, "payload": 1}


async def test_members_as_csv_have_a_column_for_each_identifier_and_trait(it: Served) -> None:
    """External ids and traits are columns of their own, further ids of one type under `_1`."""
    kim = {"userId": "u3", "externalIds": [{"type": "phone", "id": "1"}, {"type": "phone", "id": "2"}], "plan": "pro"}
    await it.send({"list": KEY, "add": [kim]}, to="/destinations/ads")
    _, row = await rows(it, "/members?format=csv")
    del row["added_at"]
    assert row == {
        "list": KEY, "delivery": "3", "payload": "0", "userId": "u3", "email": "", "anonymousId": "",
        "external_phone": "1", "external_phone_1": "2", "plan": "pro",
    }  # fmt: skip


async def test_members_as_csv_can_be_unformatted(it: Served) -> None:
    """A key of the user, one object of identifiers, one of traits."""
    (row,) = await rows(it, "/members?format=csv&layout=unformatted")
    assert (row["user_key"], row["external_ids"], row["traits"]) == (
        "u2",
        '{"userId":"u2","email":"sam@example.com"}',
        "{}",
    )


async def test_the_history_is_csv_too(it: Served) -> None:
    """With the action and the time of each change."""
    found = await rows(it, "/members/history?format=csv")
    assert [(row["action"], row["userId"], row["delivery"]) for row in found] == [
        ("add", "u1", "1"),
        ("add", "u2", "1"),
        ("remove", "u1", "2"),
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
async def test_no_cell_is_a_formula(start: str) -> None:
    """What a spreadsheet would evaluate gets an apostrophe before it, in headings as well; JSON has it as it came."""
    user = {"userId": f"{start}HYPERLINK(1)", f"{start}x": 1}
    async with served(ADS) as it:
        await it.send({"list": KEY, "add": [user]}, to="/destinations/ads")
        (row,) = await rows(it, "/members?format=csv")
        members = await it.get(f"{HERE}/members")
    assert (row["userId"], row[f"'{start}x"], members["lists"]) == (f"'{user['userId']}", "1", {KEY: [user]})


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("text/csv", "text/csv"),
        ("text/*", "text/csv"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("text/csv, */*", "application/json"),
        ("text/csv;q=high", "application/json"),
        ("*/*", "application/json"),
        ("image/png", "application/json"),
    ],
)
async def test_the_header_accept_chooses_csv(it: Served, accept: str, media: str) -> None:
    """Where it likes CSV better than JSON, and nothing else says which."""
    answer = await it.ask("GET", f"{CONTROL}{HERE}/members", headers={"accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == media


async def test_the_format_goes_before_the_header(it: Served) -> None:
    """Who writes it means it."""
    answer = await it.ask("GET", f"{CONTROL}{HERE}/members?format=json", headers={"accept": "text/csv"})
    assert answer.json["lists"] == {KEY: [SAM]}


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/members?format=xml", 400, "unknown format 'xml'"),
        ("/members?layout=formated", 400, "did you mean 'formatted'?"),
        ("/members?details=yes", 400, "write true or false"),
        ("/members?lists=k", 400, "did you mean 'list'?"),
        (f"/members?list={KEY}x", 404, f"did you mean '{KEY}'?"),
        ("/members/history?userid=u1", 400, "did you mean 'user'?"),
    ],
)
async def test_wrong_questions_are_told_what_is_wrong(it: Served, path: str, status: int, words: str) -> None:
    """With the nearest name."""
    answer = await it.ask("GET", CONTROL + HERE + path)
    assert (answer.status, words in answer.json["title"] + answer.json.get("detail", "")) == (status, True), answer.body


async def lists(it: Served) -> Any:
    """What is told of the list, without when it is synchronised next."""
    found = (await it.get(f"{HERE}/lists"))["lists"][KEY]
    del found["next_sync_at"]
    return found


async def test_members_are_in_effect_after_the_next_synchronisation() -> None:
    """Adding and removing alike; what the destination was told shows at once."""
    async with served({"destinations": {"ads": {"kind": "list", "sync": {"every": "1h"}}}}) as it:
        await it.send({"list": KEY, "add": [ALEX]}, to="/destinations/ads")
        seen = [(await it.get(f"{HERE}/members?in_effect=true"))["lists"]]
        await it.put("/runs/default/clock", {"advance": "1h"})
        seen.append((await it.get(f"{HERE}/members?in_effect=true"))["lists"])
        await it.send({"list": KEY, "add": [SAM], "remove": [ALEX]}, to="/destinations/ads")
        seen.append((await it.get(f"{HERE}/members?in_effect=true"))["lists"])
        told = (await it.get(f"{HERE}/members"))["lists"]
        await it.put("/runs/default/clock", {"advance": "1h"})
        seen.append((await it.get(f"{HERE}/members?in_effect=true"))["lists"])
    assert (seen, told) == ([{KEY: []}, {KEY: [ALEX]}, {KEY: [ALEX]}, {KEY: [SAM]}], {KEY: [SAM]})


async def test_who_was_a_member_at_a_time_can_be_asked(it: Served) -> None:
    """As it was told until then."""
    at = (await it.get("/runs/default/deliveries/1"))["received_at"]
    assert (await it.get(f"{HERE}/members?at={at}"))["lists"] == {KEY: [ALEX, SAM]}


async def test_a_list_below_its_minimum_size_is_not_targetable() -> None:
    """Until enough members are in effect."""
    async with served({"destinations": {"ads": {"kind": "list", "sync": "facebook", "minimum_size": 2}}}) as it:
        await it.send({"list": KEY, "add": [ALEX, SAM]}, to="/destinations/ads")
        before = await lists(it)
        await it.put("/runs/default/clock", {"advance": "1h"})
        after = await lists(it)
    assert before == {"members": 2, "in_effect": 0, "minimum_size": 2, "targetable": False}
    assert after == {"members": 2, "in_effect": 2, "minimum_size": 2, "targetable": True}


async def test_cadence_and_minimum_size_are_changed_while_it_runs(it: Served) -> None:
    """What is in effect is asked anew then."""
    changed = await it.ask("PATCH", CONTROL + HERE, {"sync": "trade-desk", "minimum_size": "trade-desk"})
    assert (changed.json["sync"], changed.json["minimum_size"]) == ({"every": "1d"}, 1500)
    assert await lists(it) == {"members": 1, "in_effect": 0, "minimum_size": 1500, "targetable": False}


async def test_a_bounded_ledger_forgets_no_member_in_effect() -> None:
    """Whose adding was dropped is a member all the same."""
    config = {"destinations": {"ads": {"kind": "list", "sync": {"every": "1h"}}, "crm": {"kind": "event"}}}
    async with served(config, ledgers=MemoryLedgers(Bounds(max=2))) as it:
        await it.send({"list": KEY, "add": [ALEX]}, to="/destinations/ads")
        await it.put("/runs/default/clock", {"advance": "1h"})
        for user in ("u1", "u2", "u3"):
            await it.send(track(user))
        found = await it.get(f"{HERE}/members?in_effect=true")
        history = await it.get(f"{HERE}/members/history")
    assert (found["lists"], history) == ({KEY: [ALEX]}, {"complete": False, "history": []})


async def test_audiences_that_were_created_are_listed() -> None:
    """Once each, by the delivery that first created them; who was only asked for is not."""
    async with served(ADS) as it:
        made = [
            await it.send({"audienceName": name}, to="/destinations/ads") for name in ("Buyers", "Others", "Buyers")
        ]
        asked = [
            await it.send({"externalId": identifier}, to="/destinations/ads")
            for identifier in (made[0].json["externalId"], "ext_unknown")
        ]
        found = (await it.get(f"{HERE}/lists"))["audiences"]
        verdict = await it.get("/runs/default/verdict")
    assert made[0].json == made[2].json == asked[0].json
    assert [each.status for each in (*made, *asked)] == [200, 200, 200, 200, 404]
    assert [(each["name"], each["external_id"], each["delivery"]) for each in found] == [
        ("Buyers", made[0].json["externalId"], 1),
        ("Others", made[1].json["externalId"], 2),
    ]
    assert verdict["verdict"] == "passed"


async def test_audiences_survive_a_restart(tmp_path: Path) -> None:
    """With a durable ledger they are known again, and so is how often their creation was tried."""
    config = {"destinations": {"ads": {"kind": "list", "replies": [200, 200, 500]}}}
    place = InSqlite(path=str(tmp_path / "ledger.db"))
    async with served(config, ledgers=SqliteLedgers(place)) as it:
        made = [await it.send({"audienceName": "Buyers"}, to="/destinations/ads") for _ in range(2)]
    async with served(config, ledgers=SqliteLedgers(place)) as it:
        found = await it.send(made[0].json, to="/destinations/ads")
        third = await it.send({"audienceName": "Buyers"}, to="/destinations/ads")
        audiences = (await it.get(f"{HERE}/lists"))["audiences"]
    assert (found.json, third.status) == (made[0].json, 500)
    assert [(each["name"], each["delivery"]) for each in audiences] == [("Buyers", 1)]
