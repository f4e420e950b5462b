"""`harness validate`: files are read, and nothing is run."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.cli.running import Command

SCENARIO = """\
version: 1
scenario: A scenario
destinations:
  crm: {kind: event}
journeys:
  j:
    name: Win-back
    steps:
      - send_to_destinations: {name: NAME, to: [crm]}
do:
  - settle: {}
"""
RIGHT = SCENARIO.replace("NAME", "New users")
WRONG = RIGHT.replace("to: [crm]", "to: [crn]")
CONFIG = """\
version: 1
destinations:
  crm: {kind: event}
"""


def copied_contract(harness: Command, checkout: Path) -> Path:
    """A copy of the default contract, in the folder `mine` and of that name."""
    folder = shutil.copytree(checkout / "schemas/engage-journeys", harness.folder / "mine")
    contract = folder / "contract.yaml"
    contract.write_text(contract.read_text("utf-8").replace("name: engage-journeys\n", "name: mine\n"), "utf-8")
    return folder


def test_what_is_fine_is_listed(harness: Command, checkout: Path) -> None:
    """Each kind of file is told apart by what it says."""
    copied_contract(harness, checkout)
    harness.write("a.scenario.yaml", RIGHT)
    harness.write("table.scenario.yaml", RIGHT + "examples:\n  - {x: 1}\n  - {x: 2}\n")
    harness.write("server.yaml", CONFIG)
    harness.write("people.yaml", "profiles:\n  alex: {userId: u1}\n")
    harness.write("journeys.yaml", "journeys:" + RIGHT.partition("journeys:")[2].partition("do:")[0])
    done = harness("validate", ".", "server.yaml", "people.yaml", "journeys.yaml")
    assert done.code == 0
    assert done.err.splitlines() == [
        "ok  a.scenario.yaml  (1 scenario)",
        "ok  mine/contract.yaml  (the contract mine with 2 versions)",
        "ok  table.scenario.yaml  (2 scenarios)",
        "ok  server.yaml  (a server's configuration with 1 destination)",
        "ok  people.yaml  (a fragment with profiles)",
        "ok  journeys.yaml  (declarations of 1 journey)",
        "6 of 6 files are right",
    ]


def test_all_problems_of_all_files_are_told(harness: Command) -> None:
    """One wrong file does not hide another, and what is right is said too."""
    harness.write("a.scenario.yaml", WRONG)
    harness.write("b.scenario.yaml", RIGHT + "expct: []\ntags: smoke\n")
    harness.write("c.scenario.yaml", RIGHT)
    done = harness("validate", ".")
    assert done.code == 2
    told = [line for line in done.err.splitlines() if line.startswith(("error:", "ok", "1 of"))]
    assert told == [
        "error: a.scenario.yaml:9:54: unknown destination 'crn'; did you mean 'crm'?",
        "error: b.scenario.yaml:12:1: unknown key 'expct'; did you mean 'expect'?",
        'error: b.scenario.yaml:13:7: tags must be a list, not the string "smoke"',
        "ok  c.scenario.yaml  (1 scenario)",
        "1 of 3 files are right",
    ]


def test_nothing_is_run(harness: Command) -> None:
    """A scenario whose expectation would fail is a right file all the same."""
    harness.write("a.scenario.yaml", RIGHT + "expect:\n  - received: {to: crm, count: 99}\n")
    assert harness("validate", ".").code == 0


def test_an_unspeaking_name_is_a_warning(harness: Command) -> None:
    """A step that keeps its builder's name is warned of, with the key that destinations will see; it still is right."""
    file = harness.write("a.scenario.yaml", SCENARIO.replace("NAME", "Send to destinations"))
    done = harness("validate", "--quiet", file)
    assert (done.code, done.err) == (
        0,
        """\
warning: a.scenario.yaml:9:38: 'Send to destinations' does not say who reaches the step, and destinations see no other \
name than j_o_win_back__send_to_destinations_?????
          - send_to_destinations: {name: Send to destinations, to: [crm]}
                                         ^
  help: name the step for the users in it, such as 'New subscribed users'
""",
    )


def test_names_that_are_unspeaking(harness: Command) -> None:
    """Numbers and capitals do not make such a name speak; a stated key, or more words, do."""
    for name, warned in (
        ("Step 1", True),
        ("SEND TO DESTINATION", True),
        ("Step into spring", False),
        ("Steps", False),
    ):
        file = harness.write("a.scenario.yaml", SCENARIO.replace("NAME", name))
        assert ("warning:" in harness("validate", file).err) == warned, name
    keyed = SCENARIO.replace("NAME", "Step 1, key: j_o_win_back__step_1_abcde")
    assert "warning:" not in harness("validate", harness.write("a.scenario.yaml", keyed)).err


def test_a_broken_schema_of_a_contract_is_told(harness: Command, checkout: Path) -> None:
    """Every version of a contract is built, and a schema that cannot be trusted is named once, with its place."""
    folder = copied_contract(harness, checkout)
    schema = folder / "list.schema.json"
    schema.write_text(schema.read_text("utf-8").replace('"required"', '"requird"', 1), "utf-8")
    done = harness("validate", "mine")
    assert done.code == 2
    (error,) = [line for line in done.err.splitlines() if line.startswith("error:")]
    assert error.endswith(
        "/mine/list.schema.json:6:14: unknown keyword 'requird'; did you mean 'required'?, at /requird"
    )
    assert "unknown keyword 'requird'; did you mean 'required'?" in error


def test_an_unknown_rule_of_a_contract_is_told(harness: Command, checkout: Path) -> None:
    """A rule that a contract sets but nobody knows is told with its place."""
    contract = copied_contract(harness, checkout) / "contract.yaml"
    contract.write_text(contract.read_text("utf-8").replace("  entry-only:", "  entry-onyl:"), "utf-8")
    done = harness("validate", "mine/contract.yaml")
    assert done.code == 2
    assert "unknown rule 'entry-onyl'; did you mean 'entry-only'?" in done.err


def test_a_config_names_its_contract(harness: Command) -> None:
    """A contract that a server's configuration names must be there."""
    done = harness("validate", harness.write("server.yaml", CONFIG + "contract: engage-journey\n"))
    first = "error: server.yaml:4:11: unknown contract 'engage-journey'; did you mean 'engage-journeys'?"
    assert (done.code, done.err.splitlines()[0]) == (2, first)


def test_a_file_that_is_not_ours_is_refused(harness: Command) -> None:
    """YAML that is none of our files is told so, with what ours look like."""
    done = harness("validate", harness.write("other.yaml", "name: CI\n"))
    assert (done.code, done.err.splitlines()[0]) == (2, "error: other.yaml:1:1: this is no file of ours")


def test_the_shipped_files_are_right(harness: Command, checkout: Path) -> None:
    """All scenarios and contracts that the package ships pass."""
    done = harness("validate", "--quiet", str(checkout / "scenarios"), str(checkout / "schemas"))
    assert (done.code, "error" in done.err) == (0, False)
