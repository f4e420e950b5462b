"""The kill table: what is caught, what slips through, and what no scenario tries."""

from __future__ import annotations

from harness.core.kills import Column, Kills, Mutant, Sign
from harness.reports.kills_json import kills_report
from harness.reports.kills_text import kills_text

MUTANTS = [
    Mutant(name="capitals", sentence="Capitals.", rule="key-naming"),
    Mutant(name="lost", sentence="Lost.", rule=None),
    Mutant(name="doubled", sentence="Doubled.", rule="once-per-entry"),
]


def kills(*signs: str) -> Kills:
    """A table with a column for each text of signs."""
    columns = [
        Column(file="a.scenario.yaml", line=number, title=f"Number {number}", signs=[Sign(sign) for sign in text])
        for number, text in enumerate(signs, 1)
    ]
    return Kills(mutants=MUTANTS, columns=columns, rules=("key-naming", "once-per-entry", "schema"))


TABLE = """\
mutant    caught by       12
capitals  key-naming      r-
lost      an expectation  e.
doubled   once-per-entry  ..
r the rule caught it   e an expectation did   . not caught   - the fault did not show

scenario  catches
1         2        a.scenario.yaml:1  Number 1
2         0        a.scenario.yaml:2  Number 2

NOT CAUGHT  doubled, by once-per-entry: Doubled.
CATCHES NONE  a.scenario.yaml:2  Number 2
NO SCENARIO FOR  the rule once-per-entry
NO SCENARIO FOR  the rule schema
2 of 3 mutants caught (66.67 %)"""


def test_the_table_and_what_it_leaves_open() -> None:
    """Mutants are rows, scenarios are numbered columns, and what is open stands below, each in a line."""
    assert kills_text(kills("re.", "-..")) == TABLE


def test_ten_scenarios_have_numbers_of_two_digits() -> None:
    """Numbers of columns are read from top to bottom."""
    head = kills_text(kills(*["re."] * 10)).splitlines()[:2]
    assert [line[-10:] for line in head] == ["         1", "1234567890"]


def test_a_mutant_is_caught_by_any_scenario() -> None:
    """One scenario that catches it is enough."""
    table = kills("r..", ".er")
    assert (table.slipped, table.percent, table.blind) == ([], 100, [])
    assert table.unexercised == ["schema"]


def test_where_no_fault_shows_there_is_nothing_to_catch() -> None:
    """A scenario without occasion for any fault is not blamed for catching none."""
    table = kills("---", "r--")
    assert table.blind == []
    assert "1         nothing to catch  a.scenario.yaml:1" in kills_text(table)


def test_the_report_judges_by_the_threshold() -> None:
    """For machines: the verdict, and the signs in words."""
    report = kills_report(kills("re.", "-.."), 66)
    assert (report["verdict"], report["not_caught"]) == ("passed", ["doubled"])
    assert [mutant["signs"] for mutant in report["mutants"]] == [
        ["rule", "same"],
        ["expectation", "missed"],
        ["missed", "missed"],
    ]
    assert kills_report(kills("re.", "-.."), 67)["verdict"] == "failed"
