"""One payload in its delivery, with everything that a rule may want to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from harness.core.calls import DELETE, is_list_entry, personas, subject
from harness.core.declarations import Declarations, DeclaredStep
from harness.core.delivery import OK, Delivery, Payload, RawHeaders, Reply, accepts
from harness.core.destinations.destination import Destination
from harness.core.instants import Instant, instant_of
from harness.core.membership import is_membership, key_of, prefixed


class Sighting(Struct, frozen=True, kw_only=True):
    """A payload as rules see it."""

    payload: Payload
    call: Payload | None
    """The call: the payload itself, or the call that a list entry came in as; None where it came in no call."""
    key: str | None
    """The step key that it is about."""
    candidates: tuple[DeclaredStep, ...]
    """The declared steps that may own the key: several where their names make the same slugs."""
    destination: Destination
    declarations: Declarations
    parameters: Mapping[str, Any]
    """The contract's parameters."""
    number: int = 0
    """The delivery's number."""
    index: int = 0
    """The payload's place in its delivery."""
    received_at: Instant = 0
    accepted: bool = True
    headers: RawHeaders = ()
    """Those of the request that it came in."""
    reply: Reply = OK
    """What its delivery was answered."""
    arrived_at: Instant = 0
    """When it came by the wall clock."""

    @property
    def step(self) -> DeclaredStep | None:
        """The declared step that owns the key, where there is just one."""
        return self.candidates[0] if len(self.candidates) == 1 else None

    @property
    def exits(self) -> bool:
        """Whether the payload's users may ever be taken out again."""
        return self.parameters.get("exits") == "always" or any(step.exits for step in self.candidates)

    @property
    def member_name(self) -> str | None:
        """The property or trait that tells of membership: the key, or as the parameter `property_name` allows."""
        said = subject(self.call) if self.call is not None else {}
        if self.key in said or self.parameters.get("property_name") != "any":
            return self.key
        names = [name for name, value in said.items() if is_membership(value)]
        return names[0] if len(names) == 1 else self.key

    @property
    def computation_id(self) -> str | None:
        """`context.personas.computation_id`, where there is one."""
        value = personas(self.call).get("computation_id") if self.call is not None else None
        return value if isinstance(value, str) and value else None

    @property
    def timestamp(self) -> Instant | None:
        """The call's `timestamp`; None where it has none that can be read."""
        return instant_of(self.call.get("timestamp")) if self.call is not None else None

    @property
    def at(self) -> tuple[int, int]:
        """Where it stands among all payloads of the run."""
        return self.number, self.index

    def again(
        self, payload: Payload, number: int, index: int, received_at: Instant, reply: Reply, headers: RawHeaders
    ) -> Sighting:
        """Another payload of the same destination, type, key and computation id, as rules see it."""
        return Sighting(
            payload=payload,
            call=None if self.call is None else payload,
            key=self.key,
            candidates=self.candidates,
            destination=self.destination,
            declarations=self.declarations,
            parameters=self.parameters,
            number=number,
            index=index,
            received_at=received_at,
            accepted=accepts(reply, index),
            headers=headers,
            reply=reply,
        )


def proof(*places: tuple[int, int]) -> tuple[int, ...]:
    """The numbers of the deliveries at `places`, each once; the last is the one with the offending payload."""
    *before, last = (number for number, _ in places)
    return (*dict.fromkeys(number for number in before if number != last), last)


def sight(
    payload: Payload,
    call: Payload | None,
    destination: Destination,
    declarations: Declarations,
    parameters: Mapping[str, Any],
    delivery: Delivery | None = None,
    index: int = 0,
) -> Sighting:
    """`payload` as rules see it; `call` is what a list entry came in as, and None for a call itself."""
    key: str | None
    if is_list_entry(payload):
        named = payload["list"]
        key = named if isinstance(named, str) else None
    else:
        call = payload
        key = (key_of(call) or _declared_key(call, declarations)) if call.get("type") != DELETE else None
    return Sighting(
        payload=payload,
        call=call,
        key=key,
        candidates=declarations.candidates(key) if key is not None else (),
        destination=destination,
        declarations=declarations,
        parameters=parameters,
        number=delivery.number if delivery else 0,
        index=index,
        received_at=delivery.arrival.received_at if delivery else 0,
        accepted=delivery.accepts(index) if delivery else True,
        headers=delivery.arrival.headers if delivery else (),
        reply=delivery.reply if delivery else OK,
        arrived_at=delivery.arrival.arrived_at if delivery else 0,
    )


def _declared_key(call: Payload, declarations: Declarations) -> str | None:
    """Of several journey keys in a call that does not say which is its own: the only one of a declared step."""
    declared = [name for name in prefixed(call) if declarations.candidates(name)]
    return declared[0] if len(declared) == 1 else None
