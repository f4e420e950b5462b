"""The verdict of a run over the control API, and what nothing could read."""

from __future__ import annotations

import pytest

from tests.server.serving import CONTROL, served, track

CONFIG = {"destinations": {"crm": {"kind": "event"}}}
REFUSED = {
    "an oversized header": b"POST /destinations/crm HTTP/1.1\r\nHost: t\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
    "too many headers": b"POST /destinations/crm HTTP/1.1\r\nHost: t\r\n" + b"X: 1\r\n" * 500 + b"\r\n",
    "no HTTP at all": b"hello there\r\n\r\n",
    "two lengths": b"POST /destinations/crm HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    "a NUL in a header": b"POST /destinations/crm HTTP/1.1\r\nHost: t\r\nX: a\0b\r\n\r\n",
}


async def test_good_deliveries_pass() -> None:
    """A run in which all is right says so, and counts it."""
    async with served(CONFIG) as it:
        await it.send(track("a"))
        await it.send([track("b"), track("c")])
        verdict = await it.get("/runs/default/verdict")
    assert (verdict["verdict"], verdict["violations"], verdict["failures"]) == ("passed", [], [])
    assert verdict["counts"] == {
        "deliveries": 2,
        "payloads": 3,
        "accepted": 2,
        "unexpected": 0,
        "missed": 0,
        "dropped": 0,
    }


async def test_a_breach_in_one_payload_fails_the_run() -> None:
    """The verdict lists the violation with its rule and the delivery that proves it."""
    async with served(CONFIG) as it:
        await it.send(track(event="Audience Exited"))
        verdict = await it.get("/runs/default/verdict")
    assert verdict["verdict"] == "failed"
    assert [(each["rule"], each["deliveries"]) for each in verdict["violations"]] == [("entry-only", [1])]


async def test_a_breach_that_only_the_history_shows_fails_the_run() -> None:
    """Two messages for one entry are each right and together wrong."""
    async with served(CONFIG) as it:
        await it.send(track("a"))
        await it.send(track("a", messageId="another"))
        verdict = await it.get("/runs/default/verdict")
    assert [(each["rule"], each["deliveries"]) for each in verdict["violations"]] == [("once-per-entry", [1, 2])]


@pytest.mark.parametrize("case", REFUSED)
async def test_what_nothing_could_read_is_counted_listed_and_fails_the_run(case: str) -> None:
    """A request that HTTP refuses may have been a delivery, so no run passes with it."""
    async with served(CONFIG) as it:
        reply = await it.raw(REFUSED[case])
        refused = await it.get("/refused")
        verdict = await it.get("/runs/default/verdict")
    assert 400 <= reply.status < 500
    assert (refused["count"], refused["refused"][0]["status"]) == (1, reply.status)
    assert refused["refused"][0]["reason"]
    assert (verdict["verdict"], verdict["counts"]["missed"]) == ("failed", 1)


async def test_what_was_refused_before_a_run_is_not_held_against_it() -> None:
    """A run answers for the time since it was opened."""
    async with served(CONFIG) as it:
        await it.raw(b"hello\r\n\r\n")
        await it.put("/runs/later", CONFIG)
        verdicts = [(await it.get(f"/runs/{run}/verdict"))["verdict"] for run in ("default", "later")]
        await it.raw(b"hello again\r\n\r\n")
        later = await it.get("/runs/later/verdict")
    assert (verdicts, later["verdict"]) == (["failed", "passed"], "failed")


async def test_what_was_refused_can_be_forgotten() -> None:
    """After that, counting starts at nothing, for every run."""
    async with served(CONFIG) as it:
        await it.raw(b"hello\r\n\r\n")
        await it.put("/runs/later", CONFIG)
        forgotten = await it.ask("DELETE", f"{CONTROL}/refused")
        clean = await it.get("/runs/default/verdict")
        await it.raw(b"hello\r\n\r\n")
        dirty = [(await it.get(f"/runs/{run}/verdict"))["counts"]["missed"] for run in ("default", "later")]
    assert (forgotten.status, clean["verdict"], dirty) == (204, "passed", [1, 1])


async def test_a_verdict_that_fails_by_strays_alone_says_so() -> None:
    """`failures` names what does not exist, how often it came, and the nearest destination."""
    async with served(CONFIG) as it:
        for path in ("/destinations/cmr", "/destinations/cmr", "/destinations/"):
            await it.send(track(), to=path)
        verdict = await it.get("/runs/default/verdict")
    assert (verdict["verdict"], verdict["violations"]) == ("failed", [])
    remedy = "correct the sender's URL, or declare the destination"
    assert verdict["failures"] == [
        f"unexpected: 2 to 'cmr', which the run does not have; did you mean 'crm'?; {remedy}",
        f"unexpected: 1 to no destination: the path has no name; known: crm; {remedy}",
    ]


async def test_of_many_strays_a_verdict_names_the_first() -> None:
    """The list stays short, and says where the rest is."""
    async with served(CONFIG) as it:
        for number in range(8):
            await it.send(track(), to=f"/destinations/stray{number}")
        verdict = await it.get("/runs/default/verdict")
    assert len(verdict["failures"]) == 6
    assert "3 other names" in verdict["failures"][-1]


async def test_a_verdict_that_fails_by_missed_requests_says_so() -> None:
    """`failures` says where to look for what may have been a delivery."""
    async with served(CONFIG) as it:
        await it.raw(b"hello\r\n\r\n")
        verdict = await it.get("/runs/default/verdict")
    assert [each for each in verdict["failures"] if each.startswith("missed: 1 ") and "/refused" in each]


@pytest.mark.parametrize("path", ["/destinations/crm", "/destinations/"])
async def test_a_request_by_a_browser_fails_the_run_with_a_reason(path: str) -> None:
    """A GET is recorded and wrong, and both the answer and the verdict say why."""
    async with served(CONFIG) as it:
        answer = await it.ask("GET", path)
        verdict = await it.get("/runs/default/verdict")
    assert (answer.headers["allow"], verdict["verdict"]) == ("POST, PUT, PATCH", "failed")
    assert verdict["violations"] or verdict["failures"]
    if answer.status == 405:
        assert answer.json["error"] == "a destination does not take this method; send POST, PUT, PATCH"
