"""Actions and what they leave to judge: their order, what a system cannot do, and plays that show nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.profiles import Profile
from harness.core.verdict import Verdict
from harness.reports.text import scenario_text
from tests.runner.players import ENTER, ENTER_LINE, PARTS, System, playing, written


async def _play(folder: Path, text: str, system: System | None = None, parts: str = PARTS) -> Verdict:
    async with playing(system) as player:
        return await player.play(written(folder, text, parts))


async def test_an_action_that_the_system_cannot_do_is_errored(tmp_path: Path) -> None:
    """It is named with what the system can do instead, and the system is never asked for it."""

    class Entering(System):
        can = frozenset({"publish", "enter"})

        async def leave(self, journey: str, step: str, profile: Profile) -> None:
            raise AssertionError("nobody may ask for this")

    verdict = await _play(tmp_path, ENTER + "  - leave: {journey: j, step: S, profiles: alex}\n", Entering())
    assert verdict.word == "errored"
    words = "leave: the system under test cannot `leave`; it can: enter, publish"
    assert verdict.failures == (f"{tmp_path}/test.scenario.yaml:{ENTER_LINE + 1}:5: {words}",)


async def test_what_needs_no_system_is_done_for_one_that_can_do_nothing(tmp_path: Path) -> None:
    """A delivery is the harness's own, and is no less possible where the system cannot advance."""

    class Idle(System):
        can = frozenset({"publish"})

        async def advance(self, duration: int) -> None:
            raise AssertionError("nobody may ask for this")

    text = 'do:\n  - deliver: {to: crm, body: ""}\n  - settle: {}\nexpect_violations: [malformed-body]\n'
    verdict = await _play(tmp_path, text, Idle())
    assert (verdict.word, verdict.failures) == ("passed", ())


async def test_a_delivery_comes_behind_what_was_due_before_it(tmp_path: Path) -> None:
    """Actions take effect in the order in which they stand: `deliver` overtakes no `enter`."""
    text = ENTER + '  - deliver: {to: crm, body: "no JSON"}\n'
    async with playing() as player:
        verdict = await player.play(written(tmp_path, text))
    (violation,) = verdict.violations
    assert (violation.rule, violation.deliveries) == ("malformed-body", (2,))


@pytest.mark.parametrize("rest", ["do: []\n", ENTER, ENTER + "expect:\n  - unexpected: allowed\n"])
async def test_a_scenario_that_judges_nothing_fails(tmp_path: Path, rest: str) -> None:
    """Where nothing arrives and nothing is demanded, a pass would say nothing."""
    verdict = await _play(tmp_path, rest, System())
    assert verdict.word == "failed"
    (unmet,) = verdict.unmet
    assert (unmet.mark, unmet.expectation) == (verdict.mark, "something to judge")
    assert unmet.actual.startswith("nothing was judged: nothing arrived")
    assert "`received: {to: crm, count: 0}`" in unmet.expected


async def test_a_scenario_without_destinations_judges_nothing(tmp_path: Path) -> None:
    """Where there is no destination, none is suggested."""
    parts = "version: 1\nscenario: Nobody is there\ndestinations: {}\n"
    (unmet,) = (await _play(tmp_path, "do: []\n", System(), parts)).unmet
    assert unmet.expected == "that something is sent, or an expectation under `expect:`"


async def test_a_scenario_without_expectation_passes_where_something_came(tmp_path: Path) -> None:
    """The contract's rules judged it; its line says that nothing else did."""
    text = scenario_text(await _play(tmp_path, ENTER))
    assert text.endswith("A scenario of a test  (1 payload)  (no expectation)")
    demanding = ENTER + "expect:\n  - received: {to: crm, count: 1}\n"
    assert scenario_text(await _play(tmp_path, demanding)).endswith("(1 payload)")
