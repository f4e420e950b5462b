"""What a run left behind, arranged as expectations ask for it: messages with their attempts, and members of lists."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from msgspec import Struct, field

from harness.core.calls import is_list_entry
from harness.core.declarations import Declarations
from harness.core.delivery import Delivery, Payload
from harness.core.instants import Duration
from harness.core.ledger import users_of
from harness.core.lists.view import ListView
from harness.core.members import Change, Members, history, message_key
from harness.core.membership import key_of
from harness.core.scenario.model import Match
from harness.core.warehouses.results import Queries

Steps: TypeAlias = Sequence[tuple[str, str]]
"""Declared steps, each a journey's id and a step's name."""
_AT_ONCE = ListView()


class Message(Struct, kw_only=True):
    """One message at one destination, however often it was tried."""

    destination: str
    payload: Payload
    sightings: list[tuple[Delivery, int]] = field(default_factory=list)
    """Each attempt: the delivery, and the payload's place in it."""

    @property
    def accepted(self) -> bool:
        """Whether an attempt was answered 2xx."""
        return any(delivery.accepts(index) for delivery, index in self.sightings)


class Evidence:
    """A run's deliveries, as expectations see them."""

    def __init__(
        self,
        deliveries: Iterable[Delivery],
        declarations: Declarations,
        queries: Queries = MappingProxyType({}),
        lists: Mapping[str, ListView] = MappingProxyType({}),
    ) -> None:
        """Gather the attempts of each message, and fold the lists.

        `queries` are what was found in warehouses; `lists` say when what list destinations took is in effect.
        """
        self.queries = queries
        self._lists = lists
        self._changes: dict[str, list[Change]] = {}
        self.deliveries = list(deliveries)
        self._declarations = declarations
        self._messages: dict[tuple[str, Hashable], Message] = {}
        self._members: dict[str, Members] = {}
        for delivery in self.deliveries:
            self._take(delivery)

    def _take(self, delivery: Delivery) -> None:
        for index, payload in enumerate(delivery.payloads):
            message = self._messages.setdefault(
                (delivery.destination, message_key(payload)),
                Message(destination=delivery.destination, payload=payload),
            )
            message.sightings.append((delivery, index))
        if delivery.kind == "list" and delivery.accepted:
            self._members.setdefault(delivery.destination, Members()).take(delivery)

    @property
    def messages(self) -> list[Message]:
        """All messages, in the order of their first attempts."""
        return list(self._messages.values())

    def matching(self, match: Match, destination: str) -> list[Message]:
        """The messages at `destination` that `match` admits."""
        return [m for m in self.messages if m.destination == destination and not self.differences(match, m.payload)]

    def covers(self, match: Match, message: Message) -> bool:
        """Whether `match` speaks of `message`."""
        return message.destination in match.to and not self.differences(match, message.payload)

    def differences(self, match: Match, payload: Payload) -> list[str]:
        """In what `payload` is not what `match` asks for; empty where it is."""
        return [text for text in self._differences(match, payload) if text]

    def _differences(self, match: Match, payload: Payload) -> Iterator[str]:
        key = self.key(payload)
        found = {
            "type": payload.get("type"),
            "event": payload.get("event"),
            "action": payload.get("action"),
            "key": key,
        }
        for name, value in found.items():
            wanted = getattr(match, name)
            if wanted is not None:
                yield _differs(name, wanted, value)
        if match.steps is not None and self.step(key) not in match.steps:
            yield f"its key {written(key)} is not that of step {written(match.steps[0][1])}"
        if match.identifiers is not None and match.identifiers.isdisjoint(users_of(payload)):
            who = ", ".join(sorted(users_of(payload))) or "nobody"
            yield f"it is about {who}, and none of the profiles asked for"
        for path, value in match.where.items():
            yield _differs(path, value, _look_up(payload, path))

    @staticmethod
    def key(payload: Payload) -> str | None:
        """The step key that a payload is about."""
        return payload["list"] if is_list_entry(payload) else key_of(payload)

    def step(self, key: str | None) -> tuple[str, str] | None:
        """The declared step that a key belongs to, as its journey's id and its own name."""
        step = self._declarations.step_of(key) if key is not None else None
        return (step.journey.id, step.step.name) if step else None

    def members(self, destination: str, steps: Steps | None) -> list[Mapping[str, Any]]:
        """The users on the destination's lists for `steps`; on all of its lists where these are None."""
        lists = self._members.get(destination, Members()).lists()
        return [user for key, users in lists.items() if steps is None or self.step(key) in steps for user in users]

    def view(self, destination: str) -> ListView:
        """What decides when members of the destination's lists are in effect."""
        return self._lists.get(destination, _AT_ONCE)

    def changes(self, destination: str, steps: Steps | None) -> list[Change]:
        """What changed on the destination's lists for `steps`, or on all of them, in order."""
        if destination not in self._changes:
            came = (delivery for delivery in self.deliveries if delivery.destination == destination)
            self._changes[destination] = list(history(came))
        return [change for change in self._changes[destination] if steps is None or self.step(change.list) in steps]

    def lists_at(
        self, destination: str, steps: Steps | None, at: Duration | None, *, in_effect: bool
    ) -> dict[str, list[Change]]:
        """Who was on each of these lists so long after the set-up, or in the end, by what added them."""
        view = self.view(destination)
        then = view.now if at is None else view.set_up_at + at
        lists = view.members_at(self.changes(destination, steps), then, in_effect=in_effect)
        return {key: list(standing.values()) for key, standing in lists.items()}


def _differs(what: str, wanted: Any, found: Any) -> str:
    if _same(wanted, found):
        return ""
    if found is None:
        return f"it has no {what}, where {written(wanted)} is asked for"
    return f"its {what} is {written(found)}, not {written(wanted)}"


def _same(wanted: Any, found: Any) -> bool:
    # Python holds true for equal to 1, and a payload with 1 must not pass for one with true.
    return isinstance(wanted, bool) == isinstance(found, bool) and bool(wanted == found)


def written(value: Any) -> str:
    """`value` as JSON, which is how payloads have it."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _look_up(payload: Payload, path: str) -> Any:
    """The value at a dotted path, with or without `$.` before it; None where there is none, as where it is null."""
    value: Any = payload
    for name in path.removeprefix("$.").split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
