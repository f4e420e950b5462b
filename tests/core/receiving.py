"""How tests of the core let a destination receive something."""

from __future__ import annotations

from functools import cache

from harness.adapters.contract_files import load_contract
from harness.core.checking import Checker
from harness.core.declarations import Declarations
from harness.core.delivery import Arrival, Defect, Delivery, RawHeaders
from harness.core.destinations.destination import Destination
from harness.core.instants import Instant, parse_instant
from harness.core.reception import Past, receive, remember

CRM = Destination(name="crm")
ADS = Destination(name="ads", kind="list")
NOON: Instant = parse_instant("2026-11-21T12:00:00Z")


@cache
def checker() -> Checker:
    """A checker of the default contract, with nothing declared."""
    return Checker(load_contract("engage-journeys"), Declarations())


def arrival(body: bytes, name: str = "crm", *, headers: RawHeaders = (), defect: Defect | None = None) -> Arrival:
    """A request for the destination of that name."""
    return Arrival(
        destination=name,
        method="POST",
        path=f"/destinations/{name}",
        headers=headers,
        body=body,
        received_at=NOON,
        arrived_at=NOON,
        defect=defect,
    )


def received(body: bytes, destination: Destination = CRM, past: Past | None = None, *, number: int = 1) -> Delivery:
    """The delivery that `body` makes at `destination`."""
    request = arrival(body, destination.name)
    past = past or Past()
    delivery = receive(request, destination, past, checker(), run="default", number=number)
    remember(delivery, past)
    return delivery
