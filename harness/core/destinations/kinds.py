"""The kinds of destination: a table that another kind can join."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from harness.core.delivery import Respond
from harness.core.destinations.bodies import Unpacked
from harness.core.destinations.destination import SOURCE, WAREHOUSE
from harness.core.destinations.events import unpack_calls
from harness.core.destinations.lists import unpack_members
from harness.core.destinations.sources import unpack_sent
from harness.core.destinations.warehouses import unpack_warehouse_calls
from harness.core.destinations.webhooks import WEBHOOK, unpack_bodies
from harness.core.tables import open_table


class Kind(Struct, frozen=True, kw_only=True):
    """What tells one kind of destination from another."""

    name: str
    unpack: Callable[[Any], Unpacked]
    """The payloads in a JSON document."""
    acknowledge: Callable[[Respond, int], Mapping[str, Any]]
    """The JSON that goes with a reply to so many payloads."""


def _acknowledge_calls(reply: Respond, payloads: int) -> Mapping[str, Any]:
    return {"success": reply.status < 300}


def _acknowledge_members(reply: Respond, payloads: int) -> Mapping[str, Any]:
    return {"success": reply.status < 300, "received": payloads}


_ALL = (
    Kind(name="event", unpack=unpack_calls, acknowledge=_acknowledge_calls),
    Kind(name="list", unpack=unpack_members, acknowledge=_acknowledge_members),
    Kind(name=WAREHOUSE, unpack=unpack_warehouse_calls, acknowledge=_acknowledge_calls),
    Kind(name=SOURCE, unpack=unpack_sent, acknowledge=_acknowledge_calls),
    Kind(name=WEBHOOK, unpack=unpack_bodies, acknowledge=_acknowledge_calls),
)
KINDS: Mapping[str, Kind] = open_table("destination kind", _ALL, lambda kind: kind.name)
