"""The audiences that were created at a list destination: a fold over its accepted deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from harness.core.delivery import Delivery, Reply, Respond
from harness.core.destinations.bodies import parse
from harness.core.destinations.lists import external_id, unpack_members
from harness.core.instants import Instant, isoformat


class Audience(NamedTuple):
    """An audience, as it was first created."""

    name: str
    external_id: str
    at: Instant
    """By the run's clock."""
    delivery: int

    def record(self) -> dict[str, object]:
        """It as JSON."""
        return {
            "name": self.name,
            "external_id": self.external_id,
            "created_at": isoformat(self.at),
            "delivery": self.delivery,
        }


class Audiences:
    """The audiences of a destination, by external id, in the order of their creation."""

    def __init__(self) -> None:
        self._known: dict[str, Audience] = {}

    def take(self, delivery: Delivery) -> None:
        """Bring the audiences up to date with a delivery that was accepted."""
        if delivery.payloads:
            return
        name = parse(delivery.arrival.body, unpack_members).creates
        identifier = None if name is None else _answered(name, delivery.reply)
        if name is not None and identifier is not None:
            self._known.setdefault(
                identifier, Audience(name, identifier, delivery.arrival.received_at, delivery.number)
            )

    def by_id(self) -> Mapping[str, Audience]:
        """All of them."""
        return self._known


def _answered(name: str, reply: Reply) -> str | None:
    """The external id that the sender was given; None where it was given none, and so created nothing."""
    if not isinstance(reply, Respond) or reply.text is not None:
        return None
    body = reply.body
    if body is None:  # an endpoint that somebody develops gave it, or it is told of by a record
        return external_id(name)
    given = body.get("externalId") if isinstance(body, Mapping) else None
    return given if isinstance(given, str) and given else None
