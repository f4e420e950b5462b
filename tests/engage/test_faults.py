"""Named faults: each bends the space in its one way, and in no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from harness.core.calls import call_email, personas, subject
from harness.core.instants import DAY, HOUR
from harness.core.journeys import SendStep
from harness.core.keys import parse_key
from harness.core.profiles import Profile
from harness.core.rules.catalogue import RULES
from harness.engage.faults import FAULTS
from harness.engage.pipeline import Request
from tests.engage.fault_scenes import SCENES
from tests.engage.spaces import ALEX, SAM, bodies, event, list_, play, space_of, stepped

ANON = Profile(name="anon", anonymous_id="a3")


def history(fault: str | None) -> list[Request]:
    """What a space sends when three users enter two steps and leave them again, without a declared exit."""
    space = space_of(event("crm", "track", "identify"), event("mail"), list_("ads"), fault=fault)
    everywhere = ("crm", "mail", "ads")
    space.publish(stepped(SendStep(name="Opened email", to=everywhere), SendStep(name="Bought", to=everywhere)))
    sent: list[Request] = []
    for act in (space.enter, space.leave):
        for step in ("Opened email", "Bought"):
            for profile in (ALEX, SAM, ANON):
                act("winback", step, profile)
        sent += play(space, DAY)
    return sent


def calls(requests: list[Request]) -> list[dict[str, Any]]:
    """The calls among what was sent."""
    return [document for document in bodies(requests) if "type" in document]


def documents(requests: list[Request]) -> list[dict[str, Any]]:
    """The list sync documents among what was sent."""
    return [document for document in bodies(requests) if "list" in document]


def key(call: dict[str, Any]) -> str:
    """The call's `computation_key`."""
    found: str = personas(call)["computation_key"]
    return found


def value(call: dict[str, Any]) -> Any:
    """The call's membership value."""
    return subject(call)[key(call)]


def keys_of_steps(requests: list[Request]) -> set[tuple[str, str]]:
    """The pairs of computation id and key that were sent."""
    return {(personas(call)["computation_id"], key(call)) for call in calls(requests)}


def to(requests: list[Request], destination: str) -> list[Request]:
    """Those that go to one destination."""
    return [request for request in requests if request.destination == destination]


def left(requests: list[Request]) -> dict[str, Any]:
    """The first call of the last request to the list; empty where that is no array of calls."""
    document = json.loads(to(requests, "ads")[-1].body)
    return dict(document[0]) if isinstance(document, list) else {}


def is_broken(request: Request) -> bool:
    """Whether the body is no JSON."""
    try:
        json.loads(request.body)
    except ValueError:
        return True
    return False


def each_call(says: Callable[[dict[str, Any]], bool]) -> Callable[[list[Request]], bool]:
    """A description of traffic in which `says` holds of every call."""
    return lambda requests: all(map(says, calls(requests)))


def some_call(says: Callable[[dict[str, Any]], bool]) -> Callable[[list[Request]], bool]:
    """A description of traffic in which `says` holds of some call."""
    return lambda requests: any(map(says, calls(requests)))


SIGNS: dict[str, Callable[[list[Request]], bool]] = {
    "wrong-prefix": each_call(lambda call: key(call).startswith("j_x_")),
    "capitals-in-key": each_call(lambda call: key(call).startswith("j_o_Win_Back__") and value(call) == "true"),
    "short-suffix": each_call(lambda call: parse_key(key(call)) is None and len(key(call).rpartition("_")[2]) == 3),
    "long-suffix": each_call(lambda call: len(key(call).rpartition("_")[2]) == 8),
    "single-underscore": each_call(lambda call: key(call).startswith("j_o_win_back_") and "__" not in key(call)),
    "step-left-unnamed": each_call(lambda call: key(call).startswith("j_o_win_back__unnamed_step_")),
    "journey-name-only": each_call(lambda call: key(call)[:-5] == "j_o_win_back_"),
    "property-and-computation-key-disagree": each_call(
        lambda call: key(call) not in subject(call) and parse_key(key(call)) is not None
    ),
    "step-name-for-property": some_call(lambda call: subject(call).get("opened_email") == "true"),
    "key-changes-per-user": lambda requests: len(keys_of_steps(requests)) == 6,
    "key-changes-per-destination": lambda requests: (
        len(keys_of_steps(requests)) == 4 and len(keys_of_steps(to(requests, "crm"))) == 2
    ),
    "key-changes-per-call-type": lambda requests: (
        len(keys_of_steps(to(requests, "crm"))) == 4 and len(keys_of_steps(to(requests, "mail"))) == 2
    ),
    "two-steps-share-a-key": lambda requests: (
        len(keys_of_steps(requests)) == 2 and len({key(call) for call in calls(requests)}) == 1
    ),
    "exit-sent": some_call(lambda call: call.get("event") == "Audience Exited" and value(call) == "false"),
    "false-sent": some_call(lambda call: call.get("event") == "Audience Entered" and value(call) == "false"),
    "boolean-membership": each_call(lambda call: value(call) is True),
    "yes-for-membership": each_call(lambda call: value(call) == "yes"),
    "number-for-membership": each_call(lambda call: value(call) == 1 and value(call) is not True),
    "event-in-other-words": some_call(lambda call: call.get("event") == "audience_entered"),
    "empty-identifiers": each_call(lambda call: {call.get("userId"), call.get("anonymousId")} == {"", None}),
    "user-id-as-number": each_call(lambda call: call["userId"] == 7),
    "message-id-too-long": each_call(lambda call: len(call["messageId"]) > 100),
    "33-kilobytes": lambda requests: all(len(request.body) > 33 * 1024 for request in requests if calls([request])),
    "snippet-left-in-place": lambda requests: (
        {call["context"].get("library", {}).get("name") for call in calls(requests)} == {"unknown", "tool-snippet"}
        and len(calls(requests)) == 2 * len(calls(history(None)))
    ),
    "space-id-changes-per-user": lambda requests: len({personas(call)["space_id"] for call in calls(requests)}) > 1,
    "test-events-to-list": lambda requests: all(
        b'"event_emitter_id":"event_tester_' in request.body for request in to(requests, "ads")
    ),
    "wrong-user": each_call(lambda call: call["userId"] == "somebody-else"),
    "email-left-out": each_call(lambda call: call_email(call) is None),
    "missing-computation-id": each_call(lambda call: "computation_id" not in personas(call)),
    "missing-computation-key": each_call(lambda call: "computation_key" not in personas(call)),
    "computed-trait": each_call(lambda call: personas(call)["computation_class"] == "computed_trait"),
    "malformed-space-id": each_call(
        lambda call: personas(call)["space_id"] == "space-1" == personas(call)["namespace"]
    ),
    "integration-in-lower-case": each_call(lambda call: not {"Crm", "Mail"} <= call["integrations"].keys()),
    "integration-switched-off": each_call(
        lambda call: False in (call["integrations"][name] for name in ("Crm", "Mail"))
    ),
    "all-left-out": each_call(lambda call: "All" not in call["integrations"]),
    "list-removal-by-identify": lambda requests: {"type": "identify", "userId": "u1"}.items() <= left(requests).items(),
    "list-removal-by-audience-exited": lambda requests: left(requests).get("event") == "Audience Exited",
    "list-calls-without-membership": lambda requests: all(
        b'"properties":{}' in request.body for request in to(requests, "ads")
    ),
    "list-key-in-capitals": lambda requests: all(document["list"].isupper() for document in documents(requests)),
    "list-users-lost": lambda requests: [len(document["add"]) for document in documents(requests)] == [2, 2],
    "message-id-shared-by-call-types": lambda requests: (
        2 * len({call["messageId"] for call in calls(to(requests, "crm"))}) == len(to(requests, "crm"))
    ),
    "json-in-json": lambda requests: all(isinstance(json.loads(request.body), str) for request in requests),
    "empty-body": lambda requests: {request.body for request in requests} == {b""},
    "user-without-identity": lambda requests: (
        not any(call.keys() & {"userId", "anonymousId"} for call in calls(requests))
        and all(user == {} for document in documents(requests) for user in document["add"])
    ),
    "message-id-as-number": each_call(lambda call: call["messageId"] == 7),
    "timestamp-as-number": each_call(lambda call: isinstance(call["timestamp"], int)),
    "missing-space-id": each_call(lambda call: "space_id" not in personas(call) and "namespace" in personas(call)),
    "namespace-unlike-space-id": each_call(lambda call: personas(call)["namespace"] != personas(call)["space_id"]),
    "malformed-computation-id": each_call(lambda call: personas(call)["computation_id"].startswith("segment_")),
    "no-personas": each_call(lambda call: "personas" not in call["context"]),
    "all-true": each_call(lambda call: call["integrations"]["All"] is True and call["integrations"]["Crm"] is True),
    "destination-not-named": lambda requests: (
        not any(
            request.destination.title() in document["integrations"]
            for request in requests
            if request.destination != "ads"
            for document in bodies([request])
        )
    ),
    "list-remove": lambda requests: any(document["remove"] for document in documents(requests)),
    "doubled-with-new-message-id": lambda requests: len(calls(requests)) == 2 * len(calls(history(None))),
    "message-id-reused": lambda requests: len({call["messageId"] for call in calls(requests)}) == 1,
    "list-document-to-event-destination": lambda requests: (
        {request.destination for request in requests} == {"crm", "mail", "ads"} and not calls(requests)
    ),
    "unasked-call-type": lambda requests: any(document["type"] == "identify" for document in bodies(requests, "mail")),
    "broken-json": lambda requests: all(map(is_broken, requests)),
    "users-lost": lambda requests: 0 < len(calls(requests)) < len(calls(history(None))),
}
"""By fault: how its traffic can be told from right traffic."""


@pytest.mark.parametrize("name", SIGNS)
def test_a_fault_shows_in_the_traffic(name: str) -> None:
    """A space with the fault sends what the fault says, and a space without it does not."""
    assert SIGNS[name](history(name))
    assert not SIGNS[name](history(None))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_the_same_every_time(name: str) -> None:
    """A faulty space is as repeatable as a right one."""
    assert history(name) == history(name)


def test_every_fault_is_tried() -> None:
    """Here, or where time passes."""
    assert {*SIGNS, *SCENES} == set(FAULTS)


def test_every_rule_has_a_fault_that_it_must_catch() -> None:
    """No rule stands untried, and no fault names a rule that is none."""
    named = {fault.rule for fault in FAULTS.values()} - {None}
    assert named == set(RULES)


def test_a_stated_key_is_bent_too() -> None:
    """Faults in keys work on keys that the journey's maker states, even those without the usual grammar."""
    space = space_of(event("crm"), fault="capitals-in-key")
    assert space.publish(stepped(SendStep(name="A", to=("crm",), key="my_key"))) == {"A": "My_Key"}


def test_a_declared_exit_is_kept_by_a_space_that_exits_on_its_own() -> None:
    """The fault concerns journeys without exit; in others it changes nothing."""
    space = space_of(event("crm"), fault="exit-sent")
    space.publish(stepped(SendStep(name="A", to=("crm",)), exit_after=DAY))
    space.enter("winback", "A", ALEX)
    play(space, HOUR)
    space.leave("winback", "A", ALEX)
    assert len(play(space, 30 * DAY)) == 1
