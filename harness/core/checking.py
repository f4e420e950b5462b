"""Checks one payload against a contract: its JSON Schema first, then the rules that a schema cannot say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness.core.acceptance import Acceptance
from harness.core.calls import CALL_TYPES, DELETE, is_list_entry
from harness.core.contract import LIST_ENTRY, Contract
from harness.core.declarations import Declarations
from harness.core.delivery import Payload, Violation
from harness.core.destinations.destination import Destination
from harness.core.destinations.lists import REMOVE
from harness.core.rules.catalogue import PRECEDENCE, RULES
from harness.core.rules.sighting import Sighting, sight
from harness.core.rules.sizes import PAYLOAD_SIZE, Limits

_TYPE = "$.type"
"""Where this is wrong, the payload is none that could be judged here, and nothing else of it matters."""


class Checker:
    """Finds the breaches that a payload shows by itself, under one contract and one set of declarations."""

    def __init__(self, contract: Contract, declarations: Declarations) -> None:
        """Bind the rules that `contract` turns on."""
        self.contract = contract
        self.declarations = declarations
        on = contract.severities
        rules = [rule for rule in RULES.values() if rule.check is not None and rule.id in on]
        self._checks = tuple(rule.check for rule in rules if rule.check is not None)
        self._acceptance = Acceptance(contract, rules)
        self.limits = Limits.of(contract.parameters) if PAYLOAD_SIZE.id in on else None
        """How large what comes may be; None where the contract does not care."""

    def sight(self, payload: Payload, call: Payload | None, destination: Destination) -> Sighting:
        """`payload` as rules see it."""
        return sight(payload, call, destination, self.declarations, self.contract.parameters)

    def violations(
        self, payload: Payload, call: Payload | None, destination: Destination, index: int
    ) -> tuple[Violation, ...]:
        """The breaches of `payload`, one for each place in it.

        `call` is what a list entry came in as; None for a call itself, and for an entry of a list sync document.
        """
        if call is None and self._acceptance.accepts(payload, destination):
            return ()
        if payload.get("type") == DELETE:
            return ()
        if destination.kind == LIST_ENTRY and not is_list_entry(payload):
            return ()  # a stray call: unpacking has said so, and nothing else of it matters
        sighting = self.sight(payload, call, destination)
        found = list(self._schema_breaches(payload, sighting.exits))
        if call is not None:
            found.extend(self._breaches_of_member_call(call, sighting))
        for check in self._checks:
            found.extend(check(sighting))
        if found:
            return self._reported(found, index)
        if call is None:
            self._acceptance.learn(sighting)
        return ()

    def _breaches_of_member_call(self, call: Payload, sighting: Sighting) -> Iterable[Violation]:
        """What the call of a list entry breaks; that it removes somebody is told of the entry already."""
        told = "entry-only" if sighting.payload["action"] == REMOVE else None
        return (v for v in self._schema_breaches(call, sighting.exits) if v.rule != told)

    def _schema_breaches(self, payload: Payload, exits: bool) -> Iterable[Violation]:
        payload_type = LIST_ENTRY if is_list_entry(payload) else payload.get("type")
        schema = self.contract.schema_for(payload_type, exits=exits) if isinstance(payload_type, str) else None
        if schema is None:
            return (self._unknown_type(payload_type),)
        if schema.accepts(payload):
            return ()
        return [
            Violation(rule=b.rule, message=b.message, path=b.path, expected=b.expected, actual=b.actual)
            for b in schema.breaches(payload)
        ]

    def _unknown_type(self, payload_type: object) -> Violation:
        absent = f"{self.contract.id} has no {payload_type} calls"
        return Violation(
            rule="schema",
            message=absent if payload_type in CALL_TYPES else "it is no call: its type is unknown",
            path=_TYPE,
            expected=" or ".join(name for name in self.contract.schemas if name != LIST_ENTRY),
            actual="missing" if payload_type is None else str(payload_type)[:120],
        )

    def _reported(self, found: list[Violation], index: int) -> tuple[Violation, ...]:
        """One violation for each place: the first by precedence; with the contract's severity."""
        on = self.contract.severities
        found = sorted((v for v in found if v.rule in on), key=lambda violation: PRECEDENCE[violation.rule])
        by_path: dict[str, Violation] = {}
        for violation in [v for v in found if v.path == _TYPE] or found:
            by_path.setdefault(violation.path, violation)
        return tuple(replace(v, payload=index, severity=on[v.rule]) for v in by_path.values())
