"""Behaviours and demands, set up and changed over the control API while the server runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from harness.adapters.config_files import load_config
from harness.core.authentication import Bearer, Signing
from harness.core.documents import DocumentError
from tests.server.serving import CONTROL, Served, served, track
from tests.server.test_stream import streaming

HERE = "/runs/default/destinations/crm"
PLAN = {
    "chance": {"share": 0.25, "seed": 3},
    "rules": [{"when": {"user": "u9"}, "reply": ["reset", 200]}],
    "status": 202,
}


async def records(it: Served) -> list[dict[str, Any]]:
    """All deliveries."""
    found: list[dict[str, Any]] = (await it.get("/runs/default/deliveries"))["deliveries"]
    return found


@pytest.mark.parametrize("replies", [200, "hang", [503, "reset", 200], PLAN, [{"latency": "1s"}, 200]])
async def test_what_was_written_is_shown_and_can_be_written_again(replies: Any) -> None:
    """A destination's state is what sets up the same destination."""
    async with served() as it:
        shown = await it.put(HERE, {"kind": "event", "replies": replies})
        assert shown["replies"] == replies
        again = await it.put(HERE, {name: value for name, value in shown.items() if name != "path"})
        assert again == shown


async def test_a_new_behaviour_begins_anew() -> None:
    """A sequence per arrival and a bucket start again; attempts at a message stay counted."""
    limited = {"rate_limit": {"requests": 1, "per": "1h"}, "sequence": [201, 202], "per": "arrival"}
    async with served({"destinations": {"crm": {"kind": "event", "replies": limited}}}) as it:
        first = [(await it.send(track())).status for _ in range(2)]
        await it.put(HERE, {"kind": "event", "replies": {**limited, "sequence": [203, 204]}})
        then = (await it.send(track())).status
        attempts = [record["attempt"] for record in await records(it)]
    assert (first, then, attempts) == ([201, 429], 203, [1, 2, 3])


async def test_a_wrong_behaviour_is_a_400_that_says_where(capsys: pytest.CaptureFixture[str]) -> None:
    """The place within the body, and the nearest name."""
    async with served() as it:
        answer = await it.ask("PUT", CONTROL + HERE, {"kind": "event", "replies": {"sequence": [200, "hnag"]}})
    assert answer.status == 400
    assert "'hnag' is not a reply; did you mean 'hang'?" in answer.json["detail"]


async def test_credentials_are_demanded_and_never_shown() -> None:
    """401, 403 and 200, with the challenge; state and records show stars, also for what a record kept from before."""
    auth = {"header": "X-Door", "value": "sesame"}
    async with served({"destinations": {"crm": {"kind": "event", "auth": auth}}}) as it:
        answers = [await it.ask("POST", "/destinations/crm", track(), headers=h) for h in _doors("", "open", "sesame")]
        state = await it.ask("GET", CONTROL + "/runs/default")
        await it.put(HERE, {"kind": "event", "auth": {"bearer": "else"}})
        listed = await it.ask("GET", CONTROL + "/runs/default/deliveries")
        one = await it.ask("GET", CONTROL + "/runs/default/deliveries/3")
    assert [answer.status for answer in answers] == [401, 403, 200]
    assert "X-Door" in answers[0].headers["www-authenticate"]
    assert state.json["destinations"]["crm"]["auth"] == {"header": "X-Door", "value": "***"}
    assert one.json["request"]["headers"]["x-door"] == "***"
    assert not any(b"sesame" in answer.body for answer in (*answers, state, listed, one))
    assert [record["reply"]["status"] for record in listed.json["deliveries"]] == [401, 403, 200]


def _doors(*values: str) -> list[dict[str, str]]:
    return [{"X-Door": value} if value else {} for value in values]


@pytest.mark.parametrize(
    ("demand", "shown"),
    [
        ({"auth": {"bearer": "secret"}}, {"auth": {"bearer": "***"}}),
        (
            {"auth": {"basic": {"user": "u", "password": "secret"}}},
            {"auth": {"basic": {"user": "u", "password": "***"}}},
        ),
        ({"signature": {"secret": "secret"}}, {"signature": {"secret": "***", "scope": "first_item"}}),
    ],
)
async def test_stars_are_no_secret(demand: dict[str, Any], shown: dict[str, Any]) -> None:
    """What is shown of a secret is refused where a secret is to be written, lest it become one unnoticed."""
    async with served() as it:
        state = await it.put(HERE, {"kind": "event", **demand})
        assert {name: state[name] for name in shown} == shown
        answer = await it.ask("PUT", CONTROL + HERE, {"kind": "event", **shown})
    assert answer.status == 400
    assert "stands for a secret that is not shown" in answer.json["detail"]


async def test_a_wrong_signature_fails_the_verdict() -> None:
    """The rule is on where a secret is set."""
    async with served({"destinations": {"crm": {"kind": "event", "signature": {"secret": "s"}}}}) as it:
        assert (await it.send(track())).status == 200
        verdict = await it.get("/runs/default/verdict")
    assert [violation["rule"] for violation in verdict["violations"]] == ["signature"]


CONFIG = """version: 1
destinations:
  crm:
    kind: event
    auth: {bearer: "${env.TOKEN}"}
    signature: {secret: "x${env.TOKEN}"}
    replies: {body: "${payload.userId}"}
"""


def test_a_configuration_takes_secrets_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in the file is no secret; templates stay what they are."""
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("TOKEN", "from outside")
    setup, _ = load_config(tmp_path / "config.yaml")
    crm = setup.destinations["crm"]
    assert (crm.auth, crm.signature) == (Bearer(token="from outside"), Signing(secret="xfrom outside"))
    monkeypatch.delenv("TOKEN")
    with pytest.raises(DocumentError, match="the environment has no variable 'TOKEN'"):
        load_config(tmp_path / "config.yaml")


def test_a_configuration_knows_no_other_variables(tmp_path: Path) -> None:
    """The error says what there is."""
    (tmp_path / "config.yaml").write_text(CONFIG.replace("env.TOKEN", "tokn"), encoding="utf-8")
    with pytest.raises(DocumentError, match=r"unknown variable 'tokn'(?s:.*)a configuration knows `env\.NAME` alone"):
        load_config(tmp_path / "config.yaml")


async def test_what_comes_over_http_never_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may set up a destination may not look around on the machine."""
    monkeypatch.setenv("TOKEN", "from outside")
    async with served() as it:
        answer = await it.ask("PUT", CONTROL + HERE, {"kind": "event", "integration": "${env.TOKEN}"})
    assert answer.json["integration"] == "${env.TOKEN}"


async def test_a_stream_shows_no_secret_either() -> None:
    """The same stars stand in the events of a run's deliveries."""
    auth = {"header": "X-Door", "value": "sesame"}
    async with served({"destinations": {"crm": {"kind": "event", "auth": auth}}}) as it:
        await it.ask("POST", "/destinations/crm", track(), headers={"X-Door": "sesame"})
        async with streaming(it) as events:
            record = orjson.loads((await events.event())["data"])
    assert record["request"]["headers"]["x-door"] == "***"


async def test_a_patch_changes_the_behaviour_alone() -> None:
    """What a destination demands stays, its secret included, and so does what it counted."""
    auth = {"header": "X-Door", "value": "sesame"}
    async with served({"destinations": {"crm": {"kind": "event", "auth": auth}}}) as it:
        changed = await it.ask("PATCH", CONTROL + HERE, {"replies": {"status": 503, "latency": "1ms"}})
        answers = [await it.ask("POST", "/destinations/crm", track(), headers=h) for h in _doors("", "sesame")]
    assert changed.json["replies"] == {"status": 503, "latency": "1ms"}
    assert [answer.status for answer in answers] == [401, 503]
