"""What a scenario file says, as typed values."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.adapters.scenario_files import load_scenarios
from harness.core.instants import DAY, HOUR, SECOND
from harness.core.scenario.model import Advance, Amount, Client, Deliver, Received, Settle
from harness.engage.faults import FAULTS
from tests.core.scenario.writing import read, sample

MINIMAL = "version: 1\nscenario: S\ndestinations: {crm: {kind: event}}\n"


def test_each_row_of_a_table_is_a_scenario() -> None:
    """A row has an id of its number and first short value, which stands behind the name."""
    scenarios = read(f"{MINIMAL}do: []\nexamples: [{{n: 1, of: x}}, {{n: {'y' * 41}}}, {{n: [1]}}]")
    assert [scenario.row for scenario in scenarios] == ["1-1", "2", "3"]
    assert scenarios[0].title == "S [1-1]"


def test_a_column_wins_over_a_variable() -> None:
    """Where a column and a variable have one name, the row's value is used."""
    scenarios = read(
        "version: 1\nscenario: 'With ${n}'\nvars: {n: none}\nexamples: [{n: one}, {m: two}]\n"
        "destinations: {crm: {kind: event}}\ndo: []"
    )
    assert [scenario.name for scenario in scenarios] == ["With one", "With none"]


def test_what_is_left_out_has_its_default() -> None:
    """A scenario without more plays on the simulated space, takes track calls, and demands what the contract does."""
    scenario = sample()
    assert (scenario.system.name, scenario.system.fault, scenario.system.seed) == ("engage", None, 0)
    assert scenario.expect_violations is None
    assert read(f"{MINIMAL}do: []")[0].destinations["crm"].calls == ("track",)


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("3", Amount(at_least=3, at_most=3)),
        ("0", Amount(at_least=0, at_most=0)),
        ("{at_least: 2}", Amount(at_least=2)),
        ("{at_most: 2}", Amount(at_most=2)),
    ],
)
def test_a_count_is_a_number_or_bounds(written: str, amount: Amount) -> None:
    """A plain number is exact, and bounds leave open what they do not name."""
    (expectation,) = sample(f"do: []\nexpect: [received: {{to: crm, count: {written}}}]").expectations
    assert isinstance(expectation, Received)
    assert expectation.count == amount


def test_without_a_count_something_must_come() -> None:
    """`received` alone demands at least one message."""
    (expectation,) = sample("do: []\nexpect: [received: {to: crm}]").expectations
    assert isinstance(expectation, Received)
    assert expectation.count == Amount(at_least=1)


def test_durations_have_units() -> None:
    """Actions take durations in any unit, and defaults where none is written."""
    actions = "[{advance: 1.5h}, {settle: {within: 2s}}, {settle: }, {client: {python: 'a.py:f'}}]"
    advance, settle, plain, client = sample(f"do: {actions}").actions
    assert isinstance(advance, Advance)
    assert isinstance(settle, Settle)
    assert isinstance(plain, Settle)
    assert isinstance(client, Client)
    assert (advance.duration, settle.within, plain.within) == (3 * HOUR // 2, 2 * SECOND, 5 * SECOND)
    assert (client.file, client.function, client.within) == ("a.py", "f", 30 * SECOND)


def test_what_is_delivered_is_exactly_what_is_written() -> None:
    """JSON is written out, a body is sent as it stands, and header names do not depend on case."""
    json, body = sample(
        "do:\n  - deliver: {to: crm, json: {a: [1, true, null]}}\n"
        '  - deliver: {to: crm, body: "é{", headers: {Content-Type: text/plain}}'
    ).actions
    assert isinstance(json, Deliver)
    assert isinstance(body, Deliver)
    assert (json.body, json.headers) == (b'{"a":[1,true,null]}', {"content-type": "application/json"})
    assert (body.body, body.headers) == ("é{".encode(), {"content-type": "text/plain"})


def test_an_expectation_speaks_of_the_steps_of_its_name() -> None:
    """A step's name alone means all journeys, with `journey:` that one, and `journey:` alone all of its steps."""
    both = sample(
        "  welcome: {name: Welcome, steps: [send_to_destinations: {name: Bought, to: [crm]}]}\ndo: []\nexpect:\n"
        "  - received: {to: crm, step: Bought}\n  - received: {to: crm, step: Bought, journey: welcome}\n"
        "  - received: {to: crm, journey: winback}"
    )
    steps = [each.match.steps for each in both.expectations if isinstance(each, Received)]
    assert steps == [
        (("winback", "Bought"), ("welcome", "Bought")),
        (("welcome", "Bought"),),
        (("winback", "Opened email"), ("winback", "Bought")),
    ]


def test_a_fragment_adds_what_it_defines(tmp_path: Path) -> None:
    """Included names are there as if the scenario defined them, and its variables reach into the fragment."""
    (tmp_path / "people.yaml").write_text('profiles:\n  kim: {userId: "${id}"}\n', encoding="utf-8")
    file = tmp_path / "a.scenario.yaml"
    file.write_text(f"{MINIMAL}include: [people.yaml]\nvars: {{id: u9}}\ndo: []\n", encoding="utf-8")
    (scenario,) = load_scenarios(file, FAULTS)
    assert [profile.user_id for profile in scenario.profiles["kim"]] == ["u9"]


def test_exits_and_expiries_are_durations() -> None:
    """What a journey declares about leaving is read with its units."""
    scenario = sample(
        "  trial:\n    name: Trial\n    exit: {after: 7d}\n    re_entry: {after: 30d}\n"
        "    steps: [show_an_ad: {name: Ad, to: [ads], remove_after: 14d}]\ndo: []"
    )
    trial = scenario.journeys["trial"]
    assert (trial.exit_after, trial.re_entry_after) == (7 * DAY, 30 * DAY)
    assert getattr(trial.steps[0], "remove_after", None) == 14 * DAY
