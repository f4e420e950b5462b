"""The ledger of a run: every delivery, in order, append-only; and what can be asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.core.calls import call_email
from harness.core.delivery import Delivery, Payload


class Ledger(Protocol):
    """Where a run's deliveries are kept."""

    def append(self, delivery: Delivery) -> None:
        """Keep `delivery`, the next in number."""
        ...

    def deliveries(self, after: int = 0) -> Sequence[Delivery]:
        """The deliveries with a number greater than `after`, in order."""
        ...

    def clear(self) -> None:
        """Forget all deliveries."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which deliveries are asked for; a field left out asks for all."""

    destination: str | None = None
    rule: str | None = None
    """Those that break this rule."""
    type: str | None = None
    """Those with a call of this type."""
    event: str | None = None
    user: str | None = None
    """Those about a user with this `userId`, `anonymousId` or email."""
    key: str | None = None
    """Those about this step key."""
    status: int | None = None
    accepted: bool | None = None
    unexpected: bool | None = None

    def admits(self, delivery: Delivery) -> bool:
        """Whether `delivery` is asked for."""
        return (
            self.destination in (None, delivery.destination)
            and self.accepted in (None, delivery.accepted)
            and self.unexpected in (None, delivery.unexpected)
            and self.status in (None, getattr(delivery.reply, "status", 0))
            and (self.rule is None or any(v.rule == self.rule for v in delivery.violations))
            and self._admits_payloads(delivery.payloads)
        )

    def _admits_payloads(self, payloads: Sequence[Payload]) -> bool:
        if self.type is self.event is self.user is self.key is None:
            return True
        return any(self._admits_payload(payload) for payload in payloads)

    def _admits_payload(self, payload: Payload) -> bool:
        return (
            self.type in (None, payload.get("type"))
            and self.event in (None, payload.get("event"))
            and (self.user is None or self.user in users_of(payload))
            and (self.key is None or self.key in _keys_of(payload))
        )


def users_of(payload: Payload) -> set[Any]:
    """The identifiers of the payload's user: `userId`, `anonymousId` and email, where they are strings."""
    user = payload.get("user")
    holder = user if isinstance(user, dict) else payload
    named = {holder.get("userId"), holder.get("anonymousId")} if _hashable(holder) else set()
    email = holder.get("email") if holder is user else call_email(payload)
    return {name for name in (*named, email) if isinstance(name, str)}


def _hashable(holder: Payload) -> bool:
    return all(isinstance(holder.get(name), str | None) for name in ("userId", "anonymousId"))


def _keys_of(payload: Payload) -> Iterator[str]:
    if isinstance(payload.get("list"), str):
        yield payload["list"]
    for place in ("properties", "traits"):
        said = payload.get(place)
        if isinstance(said, dict):
            yield from said


def filtered(deliveries: Iterable[Delivery], asked: Filter) -> Iterator[Delivery]:
    """Those of `deliveries` that are asked for."""
    return (delivery for delivery in deliveries if asked.admits(delivery))
