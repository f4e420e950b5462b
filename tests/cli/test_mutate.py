"""`harness mutate`: which faulty senders scenarios catch."""

from __future__ import annotations

import json

from harness.engage.faults import FAULTS
from tests.cli.running import Command

HEAD = """\
version: 1
scenario: New subscribers reach the CRM
profiles: {alex: {userId: u1, email: alex@example.com}}
destinations: {crm: {kind: event, calls: [identify]}}
journeys: {winback: {name: Win-back, steps: [{send_to_destinations: {name: New subscribers, to: [crm]}}]}}
do: [{enter: {journey: winback, step: New subscribers, profiles: alex}}]
"""
RIGHT = f"{HEAD}expect: [{{received: {{to: crm, count: 1}}}}]\n"
BREACH = f"{HEAD}system: {{engage: {{fault: boolean-membership}}}}\nexpect_violations: [membership-value]\n"


def signs(report: dict[str, list[dict[str, list[str]]]]) -> dict[str, list[str]]:
    """What the scenarios made of each mutant."""
    return {str(mutant["name"]): mutant["signs"] for mutant in report["mutants"]}


def test_each_fault_is_played_with_each_scenario(harness: Command) -> None:
    """A rule catches its own fault without any expectation, and a fault without occasion is told apart from that."""
    harness.write("a/right.scenario.yaml", RIGHT)
    harness.write("a/without.scenario.yaml", HEAD)
    done = harness("mutate", "--json", "--threshold", "0", "a")
    found = signs(done.json)
    assert done.code == 0
    assert found.keys() == FAULTS.keys()
    assert found["boolean-membership"] == ["rule", "rule"]
    assert found["list-remove"] == ["same", "same"]
    assert found["key-changes-per-user"] == ["missed", "missed"]


def test_a_rule_that_only_warns_catches_by_its_warning(harness: Command) -> None:
    """A fault whose rule is a warning in the contract counts as caught where the rule warns."""
    harness.write("a.scenario.yaml", f"contract: segment-spec\n{RIGHT}")
    found = signs(harness("mutate", "--json", "--threshold", "0", "a.scenario.yaml").json)
    assert found["snippet-left-in-place"] == ["rule"]


def test_an_expectation_does_not_help_a_rule(harness: Command) -> None:
    """A fault of which a rule speaks is that rule's to catch, even where an expectation would notice it too."""
    file = harness.write("a.scenario.yaml", RIGHT.replace("1}", "1, where: {messageId: m}}"))
    nearest = harness("run", "--json", file).json["scenarios"][0]["unmet"][0]["nearest"]
    harness.write(
        "a.scenario.yaml", RIGHT.replace("1}", f"1, where: {{messageId: {nearest['payload']['messageId']}}}}}")
    )
    found = signs(harness("mutate", "--json", "--threshold", "0", file).json)
    assert found["message-id-reused"] == ["missed"]


def test_too_few_caught_fail_the_command(harness: Command) -> None:
    """Below the threshold, which is 100 unless said, the exit code is 1."""
    harness.write("right.scenario.yaml", RIGHT)
    assert harness("mutate", "right.scenario.yaml").code == 1
    done = harness("mutate", "right.scenario.yaml", "--threshold", "10")
    assert (done.code, done.out) == (0, "")
    assert "NOT CAUGHT  list-remove, by list-append-only: " in done.err


def test_scenarios_about_breaches_are_left_out(harness: Command) -> None:
    """A scenario with a fault of its own has no right sender to compare with."""
    harness.write("a/breach.scenario.yaml", BREACH)
    done = harness("mutate", "a")
    assert (done.code, done.out) == (2, "")
    assert "no scenario is left to play" in done.err


def test_a_scenario_must_pass_without_a_fault(harness: Command) -> None:
    """Where the right sender fails, its findings are printed, and no table."""
    harness.write("wrong.scenario.yaml", RIGHT.replace("count: 1", "count: 2"))
    done = harness("mutate", "wrong.scenario.yaml")
    assert done.code == 1
    assert "FAILED  wrong.scenario.yaml:2" in done.err
    assert "mutant" not in done.err.splitlines()[0]


def test_a_scenario_that_cannot_be_played_is_an_error(harness: Command) -> None:
    """A client that fails is no fault that was caught."""
    harness.write("sender.py", "def send(host, write_key):\n    raise RuntimeError('no')\n")
    harness.write("client.scenario.yaml", HEAD.replace("do: [", 'do: [{client: {python: "sender.py:send"}}, '))
    assert harness("mutate", "client.scenario.yaml").code == 3


def test_where_all_are_skipped_nothing_was_played(harness: Command) -> None:
    """A package that is missing leaves the scenario out."""
    harness.write("skipped.scenario.yaml", RIGHT + "requires: [no_such_package_at_all]\n")
    assert harness("mutate", "skipped.scenario.yaml").code == 2


def test_the_faults_are_listed(harness: Command) -> None:
    """`--list` names each fault with what must catch it and what it does, for people or for machines."""
    done = harness("mutate", "--list")
    assert [line.split()[0] for line in done.out.splitlines()] == list(FAULTS)
    assert all(fault.sentence in done.out and (fault.rule or "an expectation") in done.out for fault in FAULTS.values())
    assert [each["name"] for each in json.loads(harness("mutate", "--list", "--json").out)] == list(FAULTS)


def test_without_a_path_there_is_nothing_to_do(harness: Command) -> None:
    """Neither scenarios nor `--list` is a mistake of usage."""
    assert harness("mutate").code == 2
