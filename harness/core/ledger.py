"""The ledger of a run: every delivery, in order, append-only; and what can be asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from msgspec import Struct

from harness.core.calls import call_email
from harness.core.delivery import Delivery, Payload
from harness.core.keeping import Committing, Loss
from harness.core.searching import contains


class Ledger(Protocol):
    """Where a run's deliveries are kept."""

    @property
    def last(self) -> int:
        """The number of the last delivery that was ever kept, or was to be; 0 where there is none."""
        ...

    @property
    def attempts_kept(self) -> int | None:
        """Of how many messages a destination is to remember the attempts, so that memory stays flat; None: of all."""
        ...

    def append(self, delivery: Delivery) -> Committing | None:
        """Keep `delivery`, the next in number; None where it is kept at once, else what tells when it is."""
        ...

    def deliveries(self, after: int = 0) -> Sequence[Delivery]:
        """The deliveries with a number greater than `after`, in order; they may be read only as they are needed."""
        ...

    def members_of_lists(self) -> Iterable[Delivery]:
        """The accepted deliveries to list destinations, in order."""
        ...

    def unexpected(self) -> Iterable[Delivery]:
        """The deliveries for destinations that there were not, in order."""
        ...

    def losses(self) -> Sequence[Loss]:
        """What came and is kept no longer, or could not be kept."""
        ...

    def clear(self) -> None:
        """Forget all deliveries, and what was lost; numbers begin anew."""
        ...

    def close(self) -> None:
        """Forget all deliveries for good: the run is closed."""
        ...


def find(deliveries: Sequence[Delivery], number: int) -> Delivery | None:
    """The delivery of that number; None where it is not kept."""
    low, high = 0, len(deliveries)
    if high and number < deliveries[0].number + high:
        low = max(0, number - deliveries[-1].number + high - 1)  # where nothing is missing, it stands just there
        high = min(high, number - deliveries[0].number + 1)
    while low < high:
        middle = (low + high) // 2
        delivery = deliveries[middle]
        if delivery.number == number:
            return delivery
        low, high = (middle + 1, high) if delivery.number < number else (low, middle)
    return None


class Filter(Struct, frozen=True, kw_only=True):
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
    search: str | None = None
    """Those whose body has this text in it, in whatever case."""

    def admits(self, delivery: Delivery) -> bool:
        """Whether `delivery` is asked for."""
        return (
            self.destination in (None, delivery.destination)
            and self.accepted in (None, delivery.accepted)
            and self.unexpected in (None, delivery.unexpected)
            and self.status in (None, getattr(delivery.reply, "status", 0))
            and (self.rule is None or any(v.rule == self.rule for v in delivery.violations))
            and (self.search is None or contains(delivery, self.search))
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
