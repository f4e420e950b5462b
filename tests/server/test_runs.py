"""Runs: isolated from each other, reset, closed, set up over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from harness.adapters.server.runs import Run
from harness.adapters.server.server import Server
from harness.core.destinations.destination import Destination
from harness.core.scenario.setup import Setup
from harness.core.systems import SystemFailed
from tests.server.serving import CONTROL, KEY, served, track

CRM = {"destinations": {"crm": {"kind": "event", "replies": [503, 200]}, "ads": {"kind": "list"}}}


async def test_runs_with_the_same_destination_do_not_see_each_other() -> None:
    """Attempts, members, ledgers and numbers are each run's own."""
    async with served(CRM) as it:
        await it.put("/runs/other", CRM)
        first = await it.send(track(), to="/destinations/crm")
        other = await it.send(track(), to="/runs/other/destinations/crm")
        await it.send({"list": KEY, "add": [{"userId": "u1"}]}, to="/runs/other/destinations/ads")
        members = await it.get("/runs/default/destinations/ads/members")
        totals = [(await it.get(f"/runs/{run}/deliveries"))["total"] for run in ("default", "other")]
    assert (first.status, other.status) == (503, 503)
    assert (members, totals) == ({"lists": {}}, [1, 2])


async def test_reset_forgets_what_came_and_keeps_the_set_up() -> None:
    """After a reset, numbers, attempts, members, calls and what nothing could read begin anew."""
    async with served(CRM) as it:
        await it.send(track())
        await it.ask("POST", "/v1/track", {"userId": "u1", "event": "Seen"})
        await it.raw(b"nonsense\r\n\r\n")
        await it.send(track(), to="/destinations/nobody")
        state = (await it.ask("POST", f"{CONTROL}/runs/default/reset")).json
        again = await it.send(track())
        (record,) = (await it.get("/runs/default/deliveries"))["deliveries"]
        verdict = await it.get("/runs/default/verdict")
    assert (state["deliveries"], list(state["destinations"]), state["calls"]["sources"]) == (0, ["crm", "ads"], {})
    assert (again.status, record["number"], record["attempt"]) == (503, 1, 1)
    assert verdict["verdict"] == "passed"


@pytest.mark.parametrize("path", ["/runs/gone/destinations/crm", "/runs/gone/v1/track", "/runs/gone/v1/batch"])
async def test_what_comes_for_a_closed_run_is_answered_410_and_listed(path: str) -> None:
    """A run that was closed takes nothing more, and what still comes is kept where it can be seen."""
    async with served() as it:
        await it.put("/runs/gone", CRM)
        closed = await it.ask("DELETE", f"{CONTROL}/runs/gone")
        answer = await it.send(track(), to=path)
        lost = await it.get("/lost")
    assert (closed.status, answer.status, lost["count"]) == (204, 410, 1)
    assert (lost["lost"][0]["run"], lost["lost"][0]["path"]) == ("gone", path)
    assert '"u1"' in lost["lost"][0]["body"]


async def test_what_comes_for_an_unknown_run_names_the_nearest_and_fails_the_runs_there_are() -> None:
    """Nobody knows whose a request for a run that never was is, so no run passes with it."""
    async with served(CRM) as it:
        await it.put("/runs/nightly", CRM)
        answer = await it.send(track(), to="/runs/nihgtly/destinations/crm")
        verdict = await it.get("/runs/nightly/verdict")
    assert answer.status == 410
    assert "did you mean 'nightly'" in answer.json["error"]
    assert (verdict["verdict"], verdict["counts"]["missed"]) == ("failed", 1)


async def test_what_comes_late_for_a_closed_run_fails_no_other() -> None:
    """A straggler belongs to the run that is closed, and is not held against those that came after."""
    async with served(CRM) as it:
        await it.put("/runs/early", CRM)
        await it.ask("DELETE", f"{CONTROL}/runs/early")
        await it.send(track(), to="/runs/early/destinations/crm")
        verdict = await it.get("/runs/default/verdict")
    assert verdict["verdict"] == "passed"


async def test_a_closed_run_may_be_opened_again_and_is_empty() -> None:
    """Opening a run under an old name starts a new one."""
    async with served() as it:
        await it.put("/runs/again", CRM)
        await it.send(track(), to="/runs/again/destinations/crm")
        await it.ask("DELETE", f"{CONTROL}/runs/again")
        state = await it.put("/runs/again", CRM)
    assert state["deliveries"] == 0


async def test_the_default_run_cannot_be_closed() -> None:
    """There is always a default run; its ledger can be emptied instead."""
    async with served(CRM) as it:
        answer = await it.ask("DELETE", f"{CONTROL}/runs/default")
        still = await it.send(track())
    assert (answer.status, still.status) == (409, 503)
    assert "reset" in answer.json["detail"]


@pytest.mark.parametrize("name", ["a", "A.b_c-9", "x" * 100])
async def test_run_names_of_letters_digits_and_three_signs_are_taken(name: str) -> None:
    """A name that can stand in a path as it is opens a run."""
    async with served() as it:
        assert (await it.put(f"/runs/{name}", {}))["run"] == name


@pytest.mark.parametrize("name", ["x" * 101, "a b", "é", "a%00b", "a%2Fb", "{x}", "a:b", "a%0A"])
async def test_other_run_names_are_refused(name: str) -> None:
    """A name that would have to be quoted somewhere opens nothing."""
    async with served() as it:
        answer = await it.ask("PUT", f"{CONTROL}/runs/{name}", {})
        runs = [run["run"] for run in (await it.get("/runs"))["runs"]]
    assert (answer.status, runs) == (400, ["default"])


async def test_the_same_set_up_twice_changes_nothing() -> None:
    """A PUT can be repeated: what came stays, and so do the attempts counted."""
    async with served(CRM) as it:
        await it.send(track())
        first, second = await it.put("/runs/default", CRM), await it.put("/runs/default", CRM)
        retry = await it.send(track())
    assert {**first, "now": ""} == {**second, "now": ""}
    assert retry.status == 200


WRONG: dict[str, tuple[Any, str]] = {
    "an unknown key": ({"destinatons": {}}, "did you mean 'destinations'"),
    "an unknown kind": ({"destinations": {"a": {"kind": "lists"}}}, "did you mean 'list'"),
    "an unknown receiver": (
        {
            "destinations": {"crm": {"kind": "event"}},
            "journeys": {"j": {"name": "J", "steps": [{"send_to_destinations": {"name": "S", "to": ["crmm"]}}]}},
        },
        "did you mean 'crm'",
    ),
    "an unknown contract": ({"contract": "engage-journey"}, "did you mean 'engage-journeys'"),
    "an unknown version": ({"contract": "engage-journeys@1999"}, "2024"),
    "a path as contract": ({"contract": "/etc/contract.yaml"}, "reads no file"),
    "a bad name": ({"destinations": {"CRM!": {"kind": "event"}}}, "a name of a-z"),
    "a bad status": ({"destinations": {"crm": {"kind": "event", "replies": 99}}}, "200 to 599"),
    "no object": ([1, 2], "object"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_wrong_set_up_is_a_400_with_the_remedy_and_leaves_the_run_as_it_was(case: str) -> None:
    """Nothing of a set-up with a fault is applied, and no run is opened by it."""
    config, remedy = WRONG[case]
    async with served(CRM) as it:
        answer = await it.ask("PUT", f"{CONTROL}/runs/default", config)
        fresh = await it.ask("PUT", f"{CONTROL}/runs/fresh", config)
        runs = (await it.get("/runs"))["runs"]
    assert (answer.status, fresh.status) == (400, 400)
    assert answer.headers["content-type"] == "application/problem+json"
    assert remedy in answer.json["detail"]
    assert [(run["run"], list(run["destinations"])) for run in runs] == [("default", ["crm", "ads"])]


async def test_a_destination_is_added_to_a_run_by_itself() -> None:
    """One destination more needs no whole set-up, and a whole one takes it out again."""
    async with served(CRM) as it:
        added = await it.put("/runs/default/destinations/extra", {"kind": "event", "replies": 418})
        answer = await it.send(track(), to="/destinations/extra")
        await it.put("/runs/default", CRM)
        gone = await it.send(track(), to="/destinations/extra")
    assert (added["path"], added["replies"], answer.status, gone.status) == ("/destinations/extra", 418, 418, 404)


async def test_what_came_for_a_destination_that_was_taken_out_is_still_judged() -> None:
    """A set-up without a destination leaves its deliveries in the ledger, with their histories."""
    async with served(CRM) as it:
        await it.send(track("a"))
        await it.send(track("a", messageId="another"))
        await it.put("/runs/default", {"destinations": {"ads": {"kind": "list"}}})
        verdict = await it.get("/runs/default/verdict")
    assert verdict["counts"]["deliveries"] == 2
    assert [violation["rule"] for violation in verdict["violations"]] == ["once-per-entry"]


async def test_the_list_of_runs_shows_what_each_holds() -> None:
    """Runs are listed with contract, destinations and counts."""
    async with served(CRM) as it:
        await it.put("/runs/other", {"contract": "engage-journeys@2023"})
        runs = (await it.get("/runs"))["runs"]
        one = await it.get("/runs/other")
        destinations = (await it.get("/runs/default/destinations"))["destinations"]
    assert [(run["run"], run["contract"]) for run in runs][1] == ("other", "engage-journeys@2023")
    assert (one["run"], destinations["crm"]["replies"]) == ("other", [503, 200])


async def test_journeys_that_no_system_can_play_are_a_400_and_change_nothing() -> None:
    """A system that refuses the journeys leaves the run as it was, and a new run unopened."""

    async def refuse(server: Server, run: Run, setup: Setup) -> Mapping[str, Destination]:
        raise SystemFailed("no journeys today")

    async with served(attach=refuse) as it:
        answers = [await it.ask("PUT", f"{CONTROL}/runs/{run}", CRM) for run in ("default", "fresh")]
        runs = (await it.get("/runs"))["runs"]
    assert [(answer.status, answer.json["detail"]) for answer in answers] == [(400, "no journeys today")] * 2
    assert [(run["run"], run["destinations"]) for run in runs] == [("default", {})]


async def test_a_fault_of_a_rule_loses_nothing_and_makes_the_run_errored(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be checked is recorded all the same, and no verdict is built on it."""

    def fail(*_: Any) -> Any:
        raise KeyError("a fault of a rule")

    async with served(CRM) as it:
        monkeypatch.setattr(it.server.open_run("default").checker, "violations", fail, raising=False)
        answer = await it.send(track())
        (record,) = (await it.get("/runs/default/deliveries"))["deliveries"]
        verdict = await it.get("/runs/default/verdict")
    assert (answer.status, record["reply"], record["request"]["body"][:1]) == (500, {"status": 500}, "{")
    assert verdict["verdict"] == "errored"
    assert "delivery 1 to crm could not be checked: KeyError" in verdict["failures"][0]
