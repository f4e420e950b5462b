"""The player: whatever happens in a scenario, it returns a verdict that says so, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from harness.core.profiles import Profile
from harness.core.systems import SystemFailed
from harness.core.verdict import Verdict
from tests.runner.players import ENTER, ENTER_LINE, PARTS, System, always, playing, written
from tests.server.endpoints import endpoint
from tests.server.serving import KEY, SPACE

SILENCE = "expect:\n  - received: {to: crm, count: 0}\n"


async def _play(folder: Path, text: str, system: System | None = None, parts: str = PARTS) -> Verdict:
    async with playing(system) as player:
        return await player.play(written(folder, text, parts))


def _of(error: Exception) -> System:
    class Failing(System):
        async def enter(self, journey: str, step: str, profile: Profile) -> None:
            raise error

    return Failing()


async def test_a_scenario_whose_expectations_hold_passes(tmp_path: Path) -> None:
    """The simulated space sends, the server records, and the verdict is on what was recorded."""
    verdict = await _play(tmp_path, ENTER + "expect:\n  - received: {to: crm, count: 1}\n  - nothing_else: true\n")
    assert (verdict.word, verdict.judgement and verdict.judgement.deliveries) == ("passed", 1)


async def test_a_system_that_does_not_settle_is_errored(tmp_path: Path) -> None:
    """The words say how long was waited, and where the wait stands in the file."""

    class Restless(System):
        async def settle(self) -> None:
            await asyncio.Event().wait()

    verdict = await _play(tmp_path, "do:\n  - settle: {within: 20ms}\n", Restless())
    assert verdict.word == "errored"
    assert f"test.scenario.yaml:{ENTER_LINE}:5: settle: " in verdict.failures[0]
    assert "within 20ms" in verdict.failures[0]


@pytest.mark.parametrize(
    ("error", "words"), [(SystemFailed("it is out of order"), "it is out of order"), (KeyError("x"), "KeyError: 'x'")]
)
async def test_a_system_that_fails_is_errored_at_the_action(tmp_path: Path, error: Exception, words: str) -> None:
    """File, line and column of the action, what was done, and the system's words or the exception's type."""
    verdict = await _play(tmp_path, ENTER, _of(error))
    assert verdict.word == "errored"
    assert verdict.failures == (f"{tmp_path}/test.scenario.yaml:{ENTER_LINE}:5: enter: {words}",)


async def test_a_system_that_cannot_be_set_up_is_errored_at_the_scenario(tmp_path: Path) -> None:
    """A journey that cannot be published fails the scenario as a whole."""

    class Refusing(System):
        async def publish(self, journey: Any, destinations: Any) -> Mapping[str, str]:
            raise SystemFailed("no journeys today")

    verdict = await _play(tmp_path, ENTER, Refusing())
    assert verdict.failures == (f"{verdict.mark}: set-up: no journeys today",)


async def test_an_errored_verdict_carries_what_was_recorded_until_then(tmp_path: Path) -> None:
    """Deliveries and violations so far are kept for reports; expectations are not held against half a play."""

    class Breaking(System):
        async def enter(self, journey: str, step: str, profile: Profile) -> None:
            async with aiohttp.ClientSession() as client, client.post(self.addresses["crm"].url, json={"type": "x"}):
                raise SystemFailed("it broke off")

    verdict = await _play(tmp_path, ENTER + "expect:\n  - received: {to: crm, count: 1}\n", Breaking())
    assert (verdict.word, verdict.unmet) == ("errored", ())
    assert verdict.judgement is not None
    assert (verdict.judgement.deliveries, verdict.violations[0].deliveries, list(verdict.evidence)) == (1, (1,), [1])


async def test_a_system_is_stopped_and_its_run_closed_when_playing_fails(tmp_path: Path) -> None:
    """Nothing of a scenario outlives it."""
    system = _of(SystemFailed("no"))
    async with playing(system) as player:
        await player.play(written(tmp_path, ENTER))
        runs = [run.name for run in player.server.runs]
    assert (system.stopped, runs) == (1, ["default"])


async def test_a_play_that_is_interrupted_stops_its_system_and_closes_its_run(tmp_path: Path) -> None:
    """Ctrl+C ends the play, not the tidying up."""
    entered = asyncio.Event()

    class Slow(System):
        async def enter(self, journey: str, step: str, profile: Profile) -> None:
            entered.set()
            await asyncio.Event().wait()

    system = Slow()
    async with playing(system) as player:
        play = asyncio.create_task(player.play(written(tmp_path, ENTER)))
        await entered.wait()
        play.cancel()
        with pytest.raises(asyncio.CancelledError):
            await play
        runs = [run.name for run in player.server.runs]
    assert (system.stopped, runs) == (1, ["default"])


async def test_a_system_that_cannot_stop_is_errored(tmp_path: Path) -> None:
    """What goes wrong at the very end is told too, and the run is closed all the same."""

    class Stubborn(System):
        async def stop(self) -> None:
            raise SystemFailed("it will not stop")

    async with playing(Stubborn()) as player:
        verdict = await player.play(written(tmp_path, ENTER))
        runs = [run.name for run in player.server.runs]
    assert (verdict.word, runs) == ("errored", ["default"])
    assert "it will not stop" in verdict.failures[0]


async def test_a_package_that_is_not_there_skips_the_scenario(tmp_path: Path) -> None:
    """`requires` names what is needed, and the verdict what is missing."""
    verdict = await _play(tmp_path, "requires: [no_such_package.part]\n" + ENTER)
    assert verdict.word == "skipped"
    assert "no_such_package.part" in verdict.failures[0]


class Straying(System):
    """Sends to a destination that does not exist."""

    async def enter(self, journey: str, step: str, profile: Profile) -> None:
        """Send it."""
        url = self.addresses["crm"].url.replace("/crm", "/crmm")
        async with aiohttp.ClientSession() as client, client.post(url, json={"type": "track"}) as response:
            assert response.status == 404


@pytest.mark.parametrize(("expect", "word"), [("", "failed"), ("expect:\n  - unexpected: allowed\n", "passed")])
async def test_an_unexpected_delivery_fails_unless_it_is_allowed(tmp_path: Path, expect: str, word: str) -> None:
    """A sender that sends where nobody looks is caught, or known."""
    verdict = await _play(tmp_path, ENTER + expect, Straying())
    assert verdict.word == word


class Late(System):
    """Sends a moment after it says that it is done."""

    def __init__(self, after: asyncio.Event) -> None:
        super().__init__()
        self._after = after
        self._task: asyncio.Task[None] | None = None

    async def enter(self, journey: str, step: str, profile: Profile) -> None:
        """Plan it."""
        self._task = asyncio.create_task(self._send())

    async def _send(self) -> None:
        await self._after.wait()
        personas = {
            "computation_class": "audience",
            "computation_id": "aud_23WNzkzsTS3ydnKz5H71SEhMxls",
            "computation_key": (key := KEY.replace("win_back__new_subscribed_users", "j__s")),
            "namespace": SPACE,
            "space_id": SPACE,
        }
        call = {
            "type": "track",
            "messageId": "m",
            "userId": "u1",
            "event": "Audience Entered",
            "properties": {key: "true"},
            "context": {"personas": personas, "traits": {"email": "alex@example.com"}},
        }
        async with aiohttp.ClientSession() as client, client.post(self.addresses["crm"].url, json=call):
            pass

    async def settle(self) -> None:
        """Let go of what is planned only now, so that the play has to wait for it."""
        asyncio.get_running_loop().call_later(0.02, self._after.set)


async def test_received_within_waits_for_what_comes_late(tmp_path: Path) -> None:
    """An expectation with `within` is judged when it is met, or its time is over."""
    expect = "expect:\n  - received: {to: crm, count: 1, within: 20s}\n"
    verdict = await _play(tmp_path, ENTER + expect, Late(asyncio.Event()))
    assert verdict.word == "passed", verdict


async def test_received_within_gives_up_when_its_time_is_over(tmp_path: Path) -> None:
    """What has not come by then is unmet."""
    verdict = await _play(tmp_path, ENTER + "expect:\n  - received: {to: crm, within: 10ms}\n", System())
    assert [(unmet.expectation, unmet.actual[:1]) for unmet in verdict.unmet] == [("received", "0")]


async def test_an_endpoint_that_nobody_serves_is_errored(tmp_path: Path) -> None:
    """A destination's own URL is under test: where nobody answers, nothing can be judged."""

    async def gone(request: Any) -> Any:
        raise AssertionError("it is not there any more")

    async with endpoint(gone) as url:
        pass
    parts = PARTS.replace("{kind: event}", f"{{kind: event, url: '{url}'}}")
    verdict = await _play(tmp_path, ENTER, parts=parts)
    assert verdict.word == "errored"
    assert f"crm: {url} cannot be reached" in verdict.failures[0]


async def test_a_source_whose_call_the_system_cannot_take_is_errored(tmp_path: Path) -> None:
    """The client has its answer; the scenario cannot be judged."""

    class Deaf(System):
        def ingest(self, call: Mapping[str, Any], write_key: str) -> None:
            raise SystemFailed("it hears nothing")

    (tmp_path / "code.py").write_text(
        "from urllib.request import Request, urlopen\n"
        "def send(host, write_key):\n"
        "    call = Request(f'{host}/v1/page', data=b'{\"userId\": \"u\"}')\n"
        "    urlopen(call).close()\n"
    )
    verdict = await _play(tmp_path, 'do:\n  - client: {python: "code.py:send"}\n', Deaf())
    assert verdict.word == "errored"
    assert "it hears nothing" in verdict.failures[0]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "there is no such Python file"),
        ("def other(host, write_key): ...", "it has no function 'send'"),
        ("def send(host, write_key):\n    raise OSError('no route')", "code.py:2: send failed: OSError: no route"),
    ],
)
async def test_client_code_that_fails_is_errored_at_its_action(tmp_path: Path, code: str | None, words: str) -> None:
    """Both places are named: the action, and the code."""
    if code is not None:
        (tmp_path / "code.py").write_text(code)
    verdict = await _play(tmp_path, 'do:\n  - client: {python: "code.py:send"}\n', System())
    assert verdict.word == "errored"
    assert f"test.scenario.yaml:{ENTER_LINE}:5: client: " in verdict.failures[0]
    assert words in verdict.failures[0]


async def test_a_delivery_that_cannot_be_sent_is_errored_at_its_action(tmp_path: Path) -> None:
    """A header that no client can write is named, instead of half a play."""
    text = 'do:\n  - deliver: {to: crm, body: "x", headers: {x: "a\\nb"}}\n'
    verdict = await _play(tmp_path, text, System())
    assert verdict.word == "errored"
    assert f":{ENTER_LINE}:5: deliver: " in verdict.failures[0]


async def test_two_plays_at_once_do_not_see_each_other(tmp_path: Path) -> None:
    """Each has its run: what one sends astray is held against it alone."""
    async with playing() as player:
        (folder := tmp_path / "a").mkdir()
        clean = written(folder, ENTER + "expect:\n  - received: {to: crm, count: 1}\n  - nothing_else: true\n")
        text = 'do:\n  - deliver: {to: crm, body: "no JSON"}\n'
        verdicts = await asyncio.gather(*(player.play(s) for s in (clean, written(tmp_path, text), clean)))
    assert [verdict.word for verdict in verdicts] == ["passed", "failed", "passed"]


async def test_what_comes_late_for_an_earlier_run_fails_no_later_one(tmp_path: Path) -> None:
    """A straggler is listed as lost, and is not held against the scenario that happens to be played."""
    late = Late(asyncio.Event())

    class Following(System):
        async def enter(self, journey: str, step: str, profile: Profile) -> None:
            async with aiohttp.ClientSession() as client, client.post(late.addresses["crm"].url, json={}) as response:
                assert response.status == 410

    async with playing(late) as player:
        await player.play(written(tmp_path, "do:\n  - settle: {}\n"))
        later = type(player)(server=player.server, make_system=always(Following()))
        verdict = await later.play(written(tmp_path, ENTER + SILENCE))
        lost = player.server.runs.lost_count
    assert (verdict.word, lost) == ("passed", 1)


async def test_what_nothing_could_read_fails_the_scenario_that_is_played(tmp_path: Path) -> None:
    """Nobody knows whose a broken request was, so what is played meanwhile does not pass."""

    class Babbling(System):
        async def enter(self, journey: str, step: str, profile: Profile) -> None:
            port = int(self.addresses["crm"].url.split(":")[2].split("/")[0])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"hello\r\n\r\n")
            await reader.read()
            writer.close()

    verdict = await _play(tmp_path, ENTER, Babbling())
    assert (verdict.word, verdict.lost) == ("failed", 1)


async def test_a_pinned_run_is_opened_anew_for_each_scenario(tmp_path: Path) -> None:
    """Where a service knows one run only, each scenario still starts with an empty ledger."""
    async with playing() as player:
        pinned = type(player)(server=player.server, make_system=player.make_system, run_name="pinned")
        scenario = written(tmp_path, ENTER + "expect:\n  - received: {to: crm, count: 1}\n")
        words = [(await pinned.play(scenario)).word for _ in range(2)]
    assert words == ["passed", "passed"]


async def test_a_run_that_somebody_opened_is_never_played_in(tmp_path: Path) -> None:
    """Names that are taken on the server are passed over."""
    async with playing(System()) as player:
        taken = [player.server.open_run(f"s{number}") for number in range(1, 2000)]
        verdict = await player.play(written(tmp_path, ENTER + SILENCE))
    assert verdict.word == "passed"
    assert all(not run.destinations for run in taken)
