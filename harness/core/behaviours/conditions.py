"""Rules on what came: the first that fits decides."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from harness.core.behaviours.behaviour import Asked, Behaviour, Memory
from harness.core.calls import is_list_entry
from harness.core.delivery import Payload, Reply
from harness.core.jsonpaths import found
from harness.core.ledger import users_of
from harness.core.membership import key_of


class At(Struct, frozen=True, kw_only=True):
    """A place in a payload, and what must stand there."""

    path: str
    """A JSONPath."""
    equals: tuple[Any, ...] | None = None
    """One of these must be there; None: anything."""

    def holds(self, payload: Payload) -> bool:
        """Whether it is so in `payload`."""
        values = found(self.path, payload)
        if self.equals is None:
            return bool(values)
        return any(_same(value, wanted) for value in values for wanted in self.equals)


def _same(value: Any, wanted: Any) -> bool:
    """Whether two JSON values are equal; Python takes true for 1."""
    return bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool)


class Condition(Struct, frozen=True, kw_only=True):
    """What must hold of one payload in a delivery; a field that is None asks for nothing."""

    user: tuple[str, ...] | None = None
    """`userId`, `anonymousId` or email."""
    call: tuple[str, ...] | None = None
    """Call types."""
    event: tuple[str, ...] | None = None
    key: tuple[str, ...] | None = None
    """Step keys; for a list entry, keys of its list."""
    attempt: tuple[int, ...] | None = None
    """Which attempts at the message."""
    at: At | None = None

    def holds(self, asked: Asked) -> bool:
        """Whether it holds of any payload."""
        if self.attempt is not None and asked.attempt not in self.attempt:
            return False
        return any(self._fits(payload) for payload in asked.payloads)

    def _fits(self, payload: Payload) -> bool:
        return (
            (self.call is None or payload.get("type") in self.call)
            and (self.event is None or payload.get("event") in self.event)
            and (self.user is None or not users_of(payload).isdisjoint(self.user))
            and (self.key is None or _key(payload) in self.key)
            and (self.at is None or self.at.holds(payload))
        )


def _key(payload: Payload) -> Any:
    return payload["list"] if is_list_entry(payload) else key_of(payload)


class When(Struct, frozen=True, kw_only=True):
    """One rule: a condition, and what is decided where it holds."""

    condition: Condition
    reply: Behaviour


class FirstMatch(Struct, frozen=True, kw_only=True):
    """What the first rule that fits decides; where none does, what `otherwise` decides."""

    rules: tuple[When, ...]
    otherwise: Behaviour

    def decide(self, asked: Asked, memory: Memory) -> Reply:
        """That reply."""
        for rule in self.rules:
            if rule.condition.holds(asked):
                return rule.reply.decide(asked, memory)
        return self.otherwise.decide(asked, memory)
