"""Faults in what surrounds a call: `context.personas` and `integrations`."""

from __future__ import annotations

from harness.engage.faulty import Call, Fault, Sending
from harness.engage.sources import integration_name
from harness.engage.wrong import change, set_personas


def _missing_space_id(call: Call, sending: Sending) -> None:
    set_personas(call, space_id=None)


def _missing_computation_id(call: Call, sending: Sending) -> None:
    set_personas(call, computation_id=None)


def _missing_computation_key(call: Call, sending: Sending) -> None:
    set_personas(call, computation_key=None)


def _computed_trait(call: Call, sending: Sending) -> None:
    set_personas(call, computation_class="computed_trait")


def _malformed_space(call: Call, sending: Sending) -> None:
    set_personas(call, space_id="space-1", namespace="space-1")


def _other_namespace(call: Call, sending: Sending) -> None:
    set_personas(call, namespace="spa_" + call["context"]["personas"]["space_id"][:3:-1])


def _space_of_user(call: Call, sending: Sending) -> None:
    letters = "23456789BCDFGHJKLMNPQRST"
    letter = letters[int(sending.ids.fraction("space-of-user", str(sending.recipient)) * len(letters))]
    space = call["context"]["personas"]["space_id"][:-2] + letter + "z"
    set_personas(call, space_id=space, namespace=space)


def _malformed_computation_id(call: Call, sending: Sending) -> None:
    set_personas(call, computation_id=sending.step.computation_id.replace("aud_", "segment_", 1))


def _no_context(call: Call, sending: Sending) -> None:
    call["context"].pop("personas")


def _all_true(call: Call, sending: Sending) -> None:
    call["integrations"]["All"] = True


def _not_named(call: Call, sending: Sending) -> None:
    call["integrations"].pop(integration_name(sending.address))


def _lower_case(call: Call, sending: Sending) -> None:
    name = integration_name(sending.address)
    call["integrations"][name.lower()] = call["integrations"].pop(name)


def _switched_off(call: Call, sending: Sending) -> None:
    call["integrations"][integration_name(sending.address)] = False


def _all_left_out(call: Call, sending: Sending) -> None:
    call["integrations"].pop("All")


CONTEXT_FAULTS = (
    Fault(
        name="missing-computation-id",
        sentence="`context.personas` lacks the `computation_id`.",
        rule="personas-context",
        calls=change(_missing_computation_id),
    ),
    Fault(
        name="missing-computation-key",
        sentence="`context.personas` lacks the `computation_key`.",
        rule="personas-context",
        calls=change(_missing_computation_key),
    ),
    Fault(
        name="computed-trait",
        sentence="The `computation_class` is that of a computed trait.",
        rule="personas-context",
        calls=change(_computed_trait),
    ),
    Fault(
        name="malformed-space-id",
        sentence="`namespace` and `space_id` do not begin with `spa_`.",
        rule="personas-context",
        calls=change(_malformed_space),
    ),
    Fault(
        name="integration-in-lower-case",
        sentence="`integrations` names the destination in lower case.",
        rule="integrations-routing",
        calls=change(_lower_case),
    ),
    Fault(
        name="integration-switched-off",
        sentence="`integrations` has false for the destination that the call is delivered to.",
        rule="integrations-routing",
        calls=change(_switched_off),
    ),
    Fault(
        name="all-left-out",
        sentence="`integrations` says nothing of all other destinations.",
        rule="integrations-routing",
        calls=change(_all_left_out),
    ),
    Fault(
        name="missing-space-id",
        sentence="`context.personas` lacks the `space_id`.",
        rule="personas-context",
        calls=change(_missing_space_id),
    ),
    Fault(
        name="space-id-changes-per-user",
        sentence="The id of the space is another one for each user.",
        rule="space-stable",
        calls=change(_space_of_user),
    ),
    Fault(
        name="namespace-unlike-space-id",
        sentence="`namespace` and `space_id` name two spaces.",
        rule="personas-context",
        calls=change(_other_namespace),
    ),
    Fault(
        name="malformed-computation-id",
        sentence="The `computation_id` does not begin with `aud_`.",
        rule="personas-context",
        calls=change(_malformed_computation_id),
    ),
    Fault(
        name="no-personas",
        sentence="The journey's details, `context.personas`, are left out.",
        rule="personas-context",
        calls=change(_no_context),
    ),
    Fault(
        name="all-true",
        sentence="`integrations` lets a call through to all destinations of its source.",
        rule="integrations-routing",
        calls=change(_all_true),
    ),
    Fault(
        name="destination-not-named",
        sentence="`integrations` does not name the destination that the call is delivered to.",
        rule="integrations-routing",
        calls=change(_not_named),
    ),
)
