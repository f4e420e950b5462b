"""Checks one payload against a contract: its JSON Schema first, then the rules that a schema cannot say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from msgspec.structs import replace

from harness.core.acceptance import Acceptance
from harness.core.calls import CALL_TYPES, DELETE, is_list_entry
from harness.core.contract import LIST_ENTRY, Contract
from harness.core.declarations import Declarations
from harness.core.delivery import Payload, Violation
from harness.core.destinations.destination import SOURCE, Destination
from harness.core.destinations.lists import REMOVE
from harness.core.destinations.webhooks import WEBHOOK
from harness.core.rules.catalogue import PRECEDENCE, RULES
from harness.core.rules.sighting import Sighting, sight
from harness.core.rules.sizes import PAYLOAD_SIZE, Limits
from harness.core.schemas import Schema

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

    def acceptor(self, payload: Payload, destination: Destination) -> Schema | None:
        """The schema of payloads that have the type and key of `payload` and are plainly right, once that was learnt.

        It says nothing of list entries that came in as calls.
        """
        return self._acceptance.acceptor(payload, destination)

    def violations(
        self, payload: Payload, call: Payload | None, destination: Destination, index: int
    ) -> tuple[Violation, ...]:
        """The breaches of `payload`, one for each place in it.

        `call` is what a list entry came in as; None for a call itself, and for an entry of a list sync document.
        """
        if destination.kind == SOURCE:
            return ()  # what an application reports is its own affair, and goes to no destination as it is
        if destination.kind == WEBHOOK:
            return self._body_violations(payload, destination, index)
        if self._plainly_right(payload, call, destination):
            return ()
        sighting = self.sight(payload, call, destination)
        found = [*self._schema_breaches(payload, sighting.exits), *self._rule_breaches(call, sighting)]
        if found:
            return self._reported(found, index)
        if call is None:
            self._acceptance.learn(sighting)
        return ()

    def fits(self, payload: Payload, call: Payload | None, destination: Destination) -> bool:
        """Whether `violations` would hold no error; quicker where it would, as nothing is explained."""
        if destination.kind in (SOURCE, WEBHOOK) or not self._only_errors:
            return all(each.severity != "error" for each in self.violations(payload, call, destination, 0))
        if self._plainly_right(payload, call, destination):
            return True
        sighting = self.sight(payload, call, destination)
        schema, on = self._schema_of(payload, sighting.exits), self.contract.severities
        if schema is None or not schema.accepts(payload):
            return False
        if any(each.rule in on for each in self._rule_breaches(call, sighting)):
            return False
        if call is None:
            self._acceptance.learn(sighting)
        return True

    def _body_violations(self, body: Payload, destination: Destination, index: int) -> tuple[Violation, ...]:
        """The breaches of a body in a form of its own, of which no rule on calls says anything."""
        schema, on = self.contract.body_for(destination.body, destination.name), self.contract.severities
        if schema is None:
            name = destination.body or destination.name
            known = ", ".join(self.contract.bodies) or "none: the contract has no `bodies`"
            message = f"{self.contract.id} does not say what the body {name!r} is like"
            found = [Violation(rule="schema", message=message, expected=known, actual=name)]
        else:
            found = list(_violations_of(schema, body))
        return tuple(replace(each, payload=index, severity=on[each.rule]) for each in found if each.rule in on)

    @cached_property
    def _only_errors(self) -> bool:
        """Whether all that a payload can break by itself is an error under the contract, what schemas name included."""
        on = self.contract.severities
        checked = {rule.id for rule in RULES.values() if rule.check is not None and rule.id in on}
        return all(on.get(rule) == "error" for rule in checked | self.contract.rules_of_schemas())

    def _plainly_right(self, payload: Payload, call: Payload | None, destination: Destination) -> bool:
        """Whether `payload` needs no look at all."""
        if call is None and self._acceptance.accepts(payload, destination):
            return True
        stray = destination.kind == LIST_ENTRY and not is_list_entry(payload)
        return stray or payload.get("type") == DELETE  # that a call is a stray, its unpacking has said

    def _rule_breaches(self, call: Payload | None, sighting: Sighting) -> Iterator[Violation]:
        """What a schema of the payload itself does not say."""
        if call is not None:
            yield from self._breaches_of_member_call(call, sighting)
        for check in self._checks:
            yield from check(sighting)

    def _breaches_of_member_call(self, call: Payload, sighting: Sighting) -> Iterable[Violation]:
        """What the call of a list entry breaks; that it removes somebody is told of the entry already."""
        told = "entry-only" if sighting.payload["action"] == REMOVE else None
        return (v for v in self._schema_breaches(call, sighting.exits) if v.rule != told)

    def _schema_breaches(self, payload: Payload, exits: bool) -> Iterable[Violation]:
        schema = self._schema_of(payload, exits)
        if schema is None:
            return (self._unknown_type(payload),)
        if schema.accepts(payload):
            return ()
        return _violations_of(schema, payload)

    def _schema_of(self, payload: Payload, exits: bool) -> Schema | None:
        payload_type = LIST_ENTRY if is_list_entry(payload) else payload.get("type")
        return self.contract.schema_for(payload_type, exits=exits) if isinstance(payload_type, str) else None

    def _unknown_type(self, payload: Payload) -> Violation:
        entry, call_type = is_list_entry(payload), payload.get("type")
        absent = f"{self.contract.id} has no {'list entries' if entry else f'{call_type} calls'}"
        return Violation(
            rule="schema",
            message=absent if entry or call_type in CALL_TYPES else _untyped(payload),
            path=_TYPE,
            expected=" or ".join(name for name in self.contract.schemas if name != LIST_ENTRY),
            actual="a list entry" if entry else "missing" if call_type is None else str(call_type)[:120],
        )

    def _reported(self, found: list[Violation], index: int) -> tuple[Violation, ...]:
        """One violation for each place: the first by precedence; with the contract's severity."""
        on = self.contract.severities
        found = sorted((v for v in found if v.rule in on), key=lambda violation: PRECEDENCE[violation.rule])
        by_path: dict[str, Violation] = {}
        for violation in [v for v in found if v.path == _TYPE] or found:
            by_path.setdefault(violation.path, violation)
        return tuple(replace(v, payload=index, severity=on[v.rule]) for v in by_path.values())


def _violations_of(schema: Schema, payload: Payload) -> Iterator[Violation]:
    for each in schema.breaches(payload):
        yield Violation(
            rule=each.rule, message=each.message, path=each.path, expected=each.expected, actual=each.actual
        )


def _untyped(payload: Payload) -> str:
    if isinstance(payload.get("batch"), list):
        return "it is no call, but a batch of calls, which client libraries send to a source and not to a destination"
    return "it is no call: its type is unknown"
