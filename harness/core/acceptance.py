"""The short way for payloads that are plainly right: one more schema, made of what each rule calls plainly right.

Most payloads differ from an earlier one in nothing that a rule looks at but their user and message. Once a payload of
some destination, type and key was found right rule by rule, a schema is compiled that says what was right about it;
whatever it accepts needs no second look. It accepts nothing that a rule would accuse, and decides nothing else: what
it does not accept is looked at rule by rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from harness.core.contract import LIST_ENTRY, Contract
from harness.core.delivery import Payload
from harness.core.destinations.destination import Destination
from harness.core.rules.rule import Rule
from harness.core.rules.sighting import Sighting

Accepts: TypeAlias = Callable[[Any], bool]
Likeness: TypeAlias = tuple[str, str, str]
"""Destination, payload type and key."""

_MOST = 1000
"""Compiled schemas that are kept; payloads of further keys go the long way."""


class Acceptance:
    """Compiled schemas by likeness."""

    def __init__(self, contract: Contract, rules: Iterable[Rule]) -> None:
        """Accept nothing yet."""
        self._contract = contract
        self._rules = tuple(rules)
        self._accepting: dict[Likeness, Accepts | None] = {}

    def accepts(self, payload: Payload, destination: Destination) -> bool:
        """Whether `payload` is plainly right at `destination`."""
        try:
            accepts = self._accepting[likeness(payload, destination)]
            return accepts is not None and accepts(payload)
        except (KeyError, TypeError, ValueError):
            return False

    def learn(self, sighting: Sighting) -> None:
        """Accept what is like the payload of `sighting`, which was found right."""
        try:
            like = likeness(sighting.payload, sighting.destination)
        except (KeyError, TypeError):
            return
        if like not in self._accepting and len(self._accepting) < _MOST:
            self._accepting[like] = self._compiled(sighting, like)

    def _compiled(self, sighting: Sighting, like: Likeness) -> Accepts | None:
        schema = self._contract.schema_for(like[1], exits=sighting.exits)
        parts = [rule.plainly_right(sighting) if rule.plainly_right else None for rule in self._rules]
        if schema is None or None in parts:
            return None
        return schema.narrowed(part for part in parts if part).accepts


def likeness(payload: Payload, destination: Destination) -> Likeness:
    """What a payload has in common with others; KeyError or TypeError where it has no key that is written plainly."""
    if "type" not in payload:
        return destination.name, LIST_ENTRY, payload["list"]
    return destination.name, payload["type"], payload["context"]["personas"]["computation_key"]
