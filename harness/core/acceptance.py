"""The short way for payloads that are plainly right: one more schema, made of what each rule calls plainly right.

Most payloads differ from an earlier one in nothing that a rule looks at but their user and message. Once enough
payloads of one destination, type and key were found right rule by rule, a schema is compiled that says what was right
about the last of them; whatever it accepts needs no second look. It accepts nothing that a rule would accuse, and
decides nothing else: what it does not accept is looked at rule by rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TypeAlias

from harness.core.contract import LIST_ENTRY, Contract
from harness.core.delivery import Payload
from harness.core.destinations.destination import Destination
from harness.core.rules.rule import Rule
from harness.core.rules.sighting import Sighting
from harness.core.schemas import Schema

Likeness: TypeAlias = tuple[str, str, str]
"""Destination, payload type and key."""

_MOST = 1000
"""Compiled schemas that are kept; payloads of further keys go the long way."""
_WORTH = 12
"""Payloads that take about as long, rule by rule, as the compiling of a schema; few runs see so many alike."""


class Acceptance:
    """Compiled schemas by likeness."""

    def __init__(self, contract: Contract, rules: Iterable[Rule]) -> None:
        """Accept nothing yet."""
        self._contract = contract
        self._rules = tuple(rules)
        self._accepting: dict[Likeness, Schema | None] = {}
        self._found_right: Counter[Likeness] = Counter()
        self._destinations: dict[tuple[str, str], Destination] = {}
        """Those that what is accepted was learnt at, by name and kind: one of the same name may be set up anew."""

    def accepts(self, payload: Payload, destination: Destination) -> bool:
        """Whether `payload` is plainly right at `destination`."""
        try:
            schema = self._accepting[likeness(payload, destination)]
            return (
                schema is not None
                and self._destinations[destination.name, destination.kind] is destination
                and schema.accepts(payload)
            )
        except (KeyError, TypeError, ValueError):
            return False

    def acceptor(self, payload: Payload, destination: Destination) -> Schema | None:
        """The schema of payloads like `payload` that are plainly right at `destination`, once that was learnt."""
        try:
            known = self._accepting.get(likeness(payload, destination))
        except (KeyError, TypeError):
            return None
        return known if self._destinations.get((destination.name, destination.kind)) is destination else None

    def learn(self, sighting: Sighting) -> None:
        """Accept what is like the payload of `sighting`, which was found right."""
        destination = sighting.destination
        try:
            like = likeness(sighting.payload, destination)
            hash(like)  # a key that is no text may not be one to look up
        except (KeyError, TypeError):
            return
        place = (destination.name, destination.kind)
        if self._destinations.setdefault(place, destination) is not destination:
            self._forget(destination)
        if like in self._accepting or len(self._accepting) >= _MOST:
            return
        self._found_right[like] += 1
        if self._found_right[like] >= _WORTH:
            del self._found_right[like]
            self._accepting[like] = self._compiled(sighting, like)

    def _forget(self, destination: Destination) -> None:
        """Forget what was learnt at another destination of that name."""
        self._destinations[destination.name, destination.kind] = destination
        for known in (self._accepting, self._found_right):
            for like in [like for like in known if like[0] == destination.name]:
                del known[like]

    def _compiled(self, sighting: Sighting, like: Likeness) -> Schema | None:
        schema = self._contract.schema_for(like[1], exits=sighting.exits)
        parts = [rule.plainly_right(sighting) if rule.plainly_right else None for rule in self._rules]
        if schema is None or None in parts:
            return None
        return schema.narrowed(part for part in parts if part)


def likeness(payload: Payload, destination: Destination) -> Likeness:
    """What a payload has in common with others; KeyError or TypeError where it has no key that is written plainly."""
    if "type" not in payload:
        return destination.name, LIST_ENTRY, payload["list"]
    return destination.name, payload["type"], payload["context"]["personas"]["computation_key"]
