"""Bodies in a vendor's own form: what webhooks take, judged by a contract's own schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from harness.adapters.contract_files import load_contract
from harness.core.checking import Checker
from harness.core.contract import Contract
from harness.core.declarations import Declarations
from harness.core.delivery import Delivery, Respond
from harness.core.destinations.destination import Destination
from harness.core.judging import judge
from harness.core.reception import Past, receive
from tests.cli.running import Command
from tests.core.receiving import arrival

CONTRACT = """\
name: loyal
title: Loyal
default_version: "1"
versions:
  "1":
    extends: engage-journeys
    sources: [ours]
    bodies: {points: points.json}
"""
POINTS: dict[str, Any] = {
    "type": "object",
    "required": ["member", "points"],
    "properties": {"member": {"type": "string", "minLength": 1, "x-rule": "identity"}, "points": {"type": "integer"}},
}
RIGHT = {"member": "u1", "points": 5}
HOOK = Destination(name="loyalty", kind="webhook", body="points")


def written(folder: Path) -> str:
    """The path of the contract, in a folder of its own below `folder`."""
    (folder / "mine").mkdir()
    (folder / "mine" / "contract.yaml").write_text(CONTRACT, encoding="utf-8")
    (folder / "mine" / "points.json").write_text(json.dumps(POINTS), encoding="utf-8")
    return str(folder / "mine")


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    """A contract with one body."""
    return load_contract(written(tmp_path))


def received(contract: Contract, *bodies: Any, destination: Destination = HOOK) -> list[Delivery]:
    """The deliveries that `bodies` make at a webhook."""
    checker, past = Checker(contract, Declarations()), Past()
    return [
        receive(arrival(json.dumps(body).encode(), "loyalty"), destination, past, checker, run="r", number=number)
        for number, body in enumerate(bodies, 1)
    ]


def broken(delivery: Delivery) -> list[tuple[str, int | None, str]]:
    """Rule, payload and path of each violation."""
    return [(each.rule, each.payload, each.path) for each in delivery.violations]


def test_a_right_body_breaks_nothing(contract: Contract) -> None:
    """What the schema takes is right, though it is no call, and has a `list` and a `type` of its own."""
    first, second = received(contract, RIGHT, {**RIGHT, "list": 7, "type": "gold"})
    assert (broken(first), broken(second), first.reply, list(first.payloads)) == ([], [], Respond(status=200), [RIGHT])


def test_a_wrong_body_breaks_what_its_schema_names(contract: Contract) -> None:
    """A breach is one of `schema`, or of the rule that the schema names; each item of an array is judged."""
    (delivery,) = received(contract, [RIGHT, {"member": "", "points": "5", "type": 7}])
    assert broken(delivery) == [("identity", 1, "$.member"), ("schema", 1, "$.points")]


def test_severities_hold_for_bodies(contract: Contract) -> None:
    """A rule that is off is off for bodies, and a warning is one."""
    milder = replace(contract, severities={"schema": "warning"})
    (delivery,) = received(milder, {"member": "", "points": "5"})
    assert [(each.rule, each.severity) for each in delivery.violations] == [("schema", "warning")]


@pytest.mark.parametrize("body", [5, "text", [], [1], None])
def test_what_is_no_object_is_malformed(contract: Contract, body: Any) -> None:
    """A webhook takes JSON objects, and refuses all else."""
    (delivery,) = received(contract, body)
    assert ([each.rule for each in delivery.violations], delivery.accepted) == (["malformed-body"], False)


def test_a_body_without_a_name_is_that_of_the_destination_or_the_only_one(contract: Contract) -> None:
    """With several bodies, the destination's name decides; where none has it, that is told."""
    nameless = replace(HOOK, body=None)
    assert broken(received(contract, RIGHT, destination=nameless)[0]) == []
    several = replace(contract, bodies={**contract.bodies, "coupons": contract.bodies["points"]})
    (delivery,) = received(several, RIGHT, destination=nameless)
    assert [(each.rule, each.expected) for each in delivery.violations] == [("schema", "points, coupons")]
    assert broken(received(several, RIGHT, destination=replace(nameless, name="points"))[0]) == []


def test_histories_say_nothing_of_bodies(contract: Contract) -> None:
    """A `messageId` in a body of a vendor's own means whatever the vendor says."""
    deliveries = received(contract, {**RIGHT, "messageId": "m"}, {"member": "u2", "points": 1, "messageId": "m"})
    assert judge(deliveries, {"loyalty": HOOK}, Checker(contract, Declarations())).violations == ()


def test_a_capture_of_bodies_is_checked(harness: Command) -> None:
    """Records of the kind `webhook` are judged by the contract's body, and told from calls in mixed traffic."""
    mine = written(harness.folder)
    records = [{"destination": "loyalty", "kind": "webhook", "payload": body} for body in (RIGHT, {"member": "u2"})]
    capture = harness.write("a.ndjson", records)
    found = harness("check", capture, "--contract", mine, "--json").json["violations"]
    assert [(each["rule"], each["path"], each["line"]) for each in found] == [("schema", "$.points", 2)]
    (part,) = harness("contracts", "detect", capture, "--contract", mine, "--json").json["parts"]
    assert (part["contract"], part["misfits"]) == ("loyal@1", 1)
    bare = harness.write("b.ndjson", [RIGHT | {"type": "gold"}])
    assert harness("check", bare, "--kind", "webhook", "--contract", mine).code == 0


def test_bodies_are_shown_and_compared(harness: Command) -> None:
    """`contracts show` says what a body must be, and `diff` which of two contracts has it."""
    mine = written(harness.folder)
    assert "\nA body points, as webhooks take it:\n" in harness("contracts", "show", mine).out
    assert harness("contracts", "diff", mine, "engage-journeys").out == "the body points: only in loyal@1\n"


SCENARIO = """\
version: 1
scenario: Points
contract: ./mine
destinations:
  loyalty: {kind: webhook, body: points}
  crm: {kind: event}
journeys:
  j: {name: J, steps: [{send_to_destinations: {name: S, to: [crm]}}]}
do:
  - deliver: {to: loyalty, json: {member: u1, points: 5}}
expect:
  - received: {to: loyalty, count: 1, where: {points: 5}}
"""


def test_a_scenario_delivers_bodies_beside_journeys(harness: Command) -> None:
    """A webhook stands beside other destinations, and its bodies can be expected by what is in them."""
    written(harness.folder)
    assert harness("run", harness.write("a.scenario.yaml", SCENARIO)).code == 0


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        (
            "body: points",
            "body: point",
            "5:34: loyal@1 does not say what the body 'point' is like; did you mean 'points'?",
        ),
        ("./mine", "engage-journeys", "5:34: engage-journeys@2024 does not say what the body 'points' is like"),
        ("./mine", "mine", "3:11: unknown contract 'mine'; did you mean './mine', the folder?"),
        (
            "to: [crm]",
            "to: [loyalty]",
            "8:62: a step sends calls and members, and loyalty takes bodies in a form of its own",
        ),
        ("{kind: event}", "{kind: event, body: points}", "6:22: only a webhook takes bodies in a form of their own"),
        ("body: points", "calls: [track]", "5:28: a webhook destination takes bodies, not calls"),
    ],
)
def test_what_no_webhook_can_take_is_refused(harness: Command, right: str, wrong: str, message: str) -> None:
    """Each mistake is told with its place before anything is sent."""
    written(harness.folder)
    done = harness("run", harness.write("a.scenario.yaml", SCENARIO.replace(right, wrong, 1)))
    assert done.code == 2
    assert done.err.startswith(f"error: a.scenario.yaml:{message}")
    assert "\n  help: " in done.err or "did you mean" in done.err


def test_a_server_refuses_an_unknown_body(harness: Command) -> None:
    """The same holds for a server's configuration."""
    config = "version: 1\ndestinations:\n  loyalty: {kind: webhook, body: points}\n"
    done = harness("serve", "--port", "0", "--config", harness.write("c.yaml", config))
    assert done.code == 2
    assert "c.yaml:3:34: engage-journeys@2024 does not say what the body 'points' is like" in done.err
