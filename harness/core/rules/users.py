"""Rules on who a payload is about and where it belongs: `identity`, `integrations-routing`, `personas-context`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from harness.core.calls import personas
from harness.core.delivery import Violation
from harness.core.destinations.destination import WAREHOUSE
from harness.core.paths import child
from harness.core.rules.examples import event, listed, track
from harness.core.rules.examples import personas as personas_example
from harness.core.rules.rule import Example, Rule
from harness.core.rules.sighting import Sighting

CALL_IDENTIFIERS = ("userId", "anonymousId")
MEMBER_IDENTIFIERS = ("userId", "email", "anonymousId", "externalIds")
_ID_LENGTHS = {"computation_id": 31, "space_id": 26, "namespace": 26}
"""Prefix and all: `aud_` and 27 characters, `spa_` and 22."""


def _check_identity(sighting: Sighting) -> Iterator[Violation]:
    is_call = sighting.call is sighting.payload
    names = CALL_IDENTIFIERS if is_call else MEMBER_IDENTIFIERS
    user = sighting.payload if is_call else sighting.payload.get("user")
    if not isinstance(user, Mapping) or any(_identifies(user.get(name)) for name in names):
        return
    yield Violation(
        rule="identity",
        message="nothing in it says which user it is about",
        path="$" if is_call else "$.user",
        expected=f"a non-empty {', '.join(names[:-1])} or {names[-1]}",
        actual=", ".join(f"{name}: {json.dumps(user[name], default=str)[:60]}" for name in names if name in user)
        or "none",
    )


def _identifies(value: Any) -> bool:
    """Whether something is said; whether it is of the right type is for the schema to say."""
    return bool(value.strip()) if isinstance(value, str) else value not in (None, [], {})


def _check_routing(sighting: Sighting) -> Iterator[Violation]:
    call = sighting.call
    if call is None or "integrations" not in call:
        return
    integrations = call["integrations"]
    if not isinstance(integrations, Mapping):
        yield _routing("`integrations` is not an object", "$.integrations", 'an object with "All": false', integrations)
        return
    closed = integrations.get("All", True) is False
    if not closed and sighting.parameters.get("routing") != "open":
        yield _routing(
            "the call is not kept from all other destinations",
            "$.integrations.All",
            "the boolean false",
            integrations.get("All", _MISSING),
        )
    name = sighting.destination.integration
    if closed or name in integrations or sighting.parameters.get("routing") != "open":
        yield from _check_named(integrations, name)
    if sighting.destination.kind == WAREHOUSE:
        yield from _check_warehouses(integrations)


_MISSING = object()


def _check_warehouses(integrations: Mapping[str, Any]) -> Iterator[Violation]:
    """A call that reached a warehouse does not keep itself from all of them."""
    said = integrations.get("Warehouses")
    if said is False or (isinstance(said, Mapping) and said.get("all") is False and not said.get("warehouseIds")):
        yield _routing(
            "the call reached a warehouse, and its `integrations` keeps it from all of them",
            "$.integrations.Warehouses",
            'an object with "all": true, or with warehouseIds',
            said,
        )


def _check_named(integrations: Mapping[str, Any], name: str | None) -> Iterator[Violation]:
    """The call names the destination that it reached."""
    if name is None or integrations.get(name) not in (None, False):
        return
    twin = next((other for other in integrations if other.lower() == name.lower() and other != name), None)
    hint = f"; {twin!r} is spelled otherwise, and names are case-sensitive" if twin else ""
    yield _routing(
        f"the call reached a destination that its `integrations` does not name{hint}",
        child("$.integrations", name),
        f"{name}: true",
        integrations.get(name, _MISSING),
    )


def _routing(message: str, path: str, expected: str, actual: Any) -> Violation:
    text = "missing" if actual is _MISSING else json.dumps(actual, default=str)
    return Violation(rule="integrations-routing", message=message, path=path, expected=expected, actual=text[:120])


def _check_personas(sighting: Sighting) -> Iterator[Violation]:
    """What the schema cannot say of `context.personas`: two ids agree, and, if asked, have their exact length."""
    details = personas(sighting.call) if sighting.call is not None else {}
    space, namespace = details.get("space_id"), details.get("namespace")
    if isinstance(space, str) and isinstance(namespace, str) and space != namespace:
        yield Violation(
            rule="personas-context",
            message="`namespace` and `space_id` name two spaces",
            path="$.context.personas.namespace",
            expected=space[:120],
            actual=namespace[:120],
        )
    if sighting.parameters.get("strict_ids"):
        yield from _check_lengths(details)


def _check_lengths(details: Mapping[str, Any]) -> Iterator[Violation]:
    for name, length in _ID_LENGTHS.items():
        value = details.get(name)
        if isinstance(value, str) and len(value) != length:
            yield Violation(
                rule="personas-context",
                message=f"`{name}` has not the length of such an id",
                path=f"$.context.personas.{name}",
                expected=f"{length} characters",
                actual=f"{len(value)} characters",
            )


def _right_identity(sighting: Sighting) -> dict[str, Any]:
    name = {"required": ["userId"], "properties": {"userId": {"type": "string", "pattern": "^[!-~]+$"}}}
    return name if sighting.call is sighting.payload else {"properties": {"user": name}}


def _right_routing(sighting: Sighting) -> dict[str, Any]:
    name = sighting.destination.integration
    named: dict[str, Any] = {} if name is None else {name: {"const": True}}
    if sighting.destination.kind == WAREHOUSE:
        named["Warehouses"] = {"type": "object", "required": ["all"], "properties": {"all": {"const": True}}}
    right = {"type": "object", "required": ["All", *named], "properties": {"All": {"const": False}, **named}}
    return {"properties": {"integrations": right}}


def _right_personas(sighting: Sighting) -> dict[str, Any] | None:
    if sighting.call is None:
        return {}
    if sighting.parameters.get("strict_ids"):
        return None
    space = {"const": personas(sighting.call).get("space_id")}
    details = {"required": ["space_id", "namespace"], "properties": {"space_id": space, "namespace": space}}
    return {"properties": {"context": {"properties": {"personas": details}}}}


IDENTITY = Rule(
    id="identity",
    sentence="A user can be identified: a call has a non-empty `userId` or `anonymousId`, a list entry any identifier.",
    source="Segment HTTP Tracking API: every call needs a userId or an anonymousId",
    remedy="Send the profile's `userId` or `anonymousId` with every call, and an identifier with every member.",
    passes=Example(deliveries=(listed("add", {"email": "u1@example.com"}),)),
    fails=Example(deliveries=(event(track(userId="")),)),
    check=_check_identity,
    plainly_right=_right_identity,
)

INTEGRATIONS_ROUTING = Rule(
    id="integrations-routing",
    sentence='`integrations`, where present, has "All": false and names the destination, where that is known, exactly.',
    source="Send Journeys data to a Destination (2024): the integrations object appears as All false and lists only "
    "some destinations; Filtering with the integrations object: names are case-sensitive",
    remedy='Send {"All": false} and, beside it, true for each destination that the journey step is connected to.',
    passes=Example(deliveries=(event(track(integrations={"All": False, "Crm": True, "Warehouses": {"all": False}})),)),
    fails=Example(deliveries=(event(track(integrations={"All": True})),)),
    check=_check_routing,
    plainly_right=_right_routing,
)

PERSONAS_CONTEXT = Rule(
    id="personas-context",
    sentence="`context.personas` is complete: the family's `computation_class`, ids with the right prefix, and a "
    "`namespace` equal to `space_id`.",
    source="Send Journeys data to a Destination (2024): the journey's details are under context.personas",
    remedy="Fill in all five fields: computation_class, computation_id, computation_key, namespace and space_id.",
    passes=Example(deliveries=(event(track()),)),
    fails=Example(deliveries=(event(track(context={"personas": personas_example(space_id=None)})),)),
    check=_check_personas,
    plainly_right=_right_personas,
)
