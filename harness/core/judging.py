"""Judges a whole ledger: the breaches of single payloads, and those that only the history shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from harness.core.calls import is_list_entry
from harness.core.checking import Checker
from harness.core.delivery import Delivery, Payload, Severity, Violation
from harness.core.destinations.bodies import parse
from harness.core.destinations.destination import Destination
from harness.core.destinations.kinds import KINDS
from harness.core.rules.catalogue import PRECEDENCE, RULES
from harness.core.rules.rule import History
from harness.core.rules.sighting import Sighting, sight


class Histories:
    """The folds of all history rules that a contract turns on."""

    def __init__(self, checker: Checker) -> None:
        """Start a fold for each."""
        self._checker = checker
        contract = checker.contract
        self._folds: dict[str, History] = {
            rule.id: rule.history(contract.parameters)
            for rule in RULES.values()
            if rule.history is not None and rule.id in contract.severities
        }

    def see(
        self, delivery: Delivery, destination: Destination, calls: tuple[Payload | None, ...] | None = None
    ) -> None:
        """Take all payloads of `delivery` into account.

        `calls` are those that its list entries came in as; where they are not given, its body is read for them.
        """
        for sighting in self._sightings(delivery, destination, calls or calls_of(delivery)):
            for fold in self._folds.values():
                fold.see(sighting)

    def _sightings(
        self, delivery: Delivery, destination: Destination, calls: tuple[Payload | None, ...] | None
    ) -> Iterator[Sighting]:
        for index, payload in enumerate(delivery.payloads):
            yield sight(
                payload,
                calls[index] if calls else None,
                destination,
                self._checker.declarations,
                self._checker.contract.parameters,
                delivery,
                index,
            )

    def merge(self, other: Histories) -> None:
        """Take into account all that `other` saw, in whatever order it was."""
        for rule_id, fold in self._folds.items():
            fold.merge(other._folds[rule_id])

    def violations(self) -> Iterator[Violation]:
        """The breaches in all that was seen, each with the contract's severity where that is milder."""
        severities = self._checker.contract.severities
        for rule_id, fold in self._folds.items():
            for violation in fold.violations():
                severity: Severity = "warning" if "warning" in (violation.severity, severities[rule_id]) else "error"
                yield replace(violation, severity=severity)


def calls_of(delivery: Delivery) -> tuple[Payload | None, ...] | None:
    """The calls that the list entries of `delivery` came in as, read again from its body."""
    if delivery.kind != "list" or not any(is_list_entry(payload) for payload in delivery.payloads):
        return None
    return parse(delivery.arrival.body, KINDS["list"].unpack).calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a ledger shows."""

    violations: tuple[Violation, ...]
    """In the order of the deliveries that prove them."""
    deliveries: int
    payloads: int
    accepted: int
    """Deliveries that were answered 2xx."""
    unexpected: int
    """Deliveries to destinations that do not exist."""

    @property
    def errors(self) -> tuple[Violation, ...]:
        """The violations that are not mere warnings."""
        return tuple(violation for violation in self.violations if violation.severity == "error")


def judge(deliveries: Iterable[Delivery], destinations: Mapping[str, Destination], checker: Checker) -> Judgement:
    """The judgement of `deliveries`, whose payloads were checked when they came."""
    histories = Histories(checker)
    violations: list[Violation] = []
    seen = payloads = accepted = unexpected = 0
    for delivery in deliveries:
        seen, payloads = seen + 1, payloads + len(delivery.payloads)
        accepted, unexpected = accepted + delivery.accepted, unexpected + delivery.unexpected
        violations.extend(delivery.violations)
        if not delivery.unexpected:
            name = delivery.destination
            # A ledger that was opened again may hold deliveries to destinations that are no longer set up.
            destination = destinations.get(name) or Destination(name=name, kind=delivery.kind or "event")
            histories.see(delivery, destination)
    violations.extend(histories.violations())
    return Judgement(
        violations=tuple(sorted(violations, key=_order)),
        deliveries=seen,
        payloads=payloads,
        accepted=accepted,
        unexpected=unexpected,
    )


def _order(violation: Violation) -> tuple[int, int, int, str]:
    last = violation.deliveries[-1] if violation.deliveries else 0
    return last, -1 if violation.payload is None else violation.payload, PRECEDENCE[violation.rule], violation.path
