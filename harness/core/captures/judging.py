"""Judges captured deliveries as they are read: what is kept grows with users and steps, not with deliveries."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from harness.core.calls import CALL_TYPES
from harness.core.captures.captured import Captured
from harness.core.captures.places import Place, Places
from harness.core.checking import Checker
from harness.core.contract import Contract
from harness.core.declarations import Declarations
from harness.core.delivery import Arrival, Delivery, Severity, Violation
from harness.core.destinations.destination import Destination
from harness.core.judging import Histories
from harness.core.reception import found_violations
from harness.core.rules.catalogue import PRECEDENCE

Word: TypeAlias = Literal["passed", "failed", "errored"]

_NAMELESS = "a destination"
"""What messages call a destination that the capture does not name; no destination can have this name."""
_PER_DESTINATION = frozenset({"once-per-entry", "exit-after-entry"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A violation, and where the capture tells of the deliveries that prove it."""

    violation: Violation
    places: tuple[Place, ...]
    """One for each delivery, in order; at least one."""

    @property
    def place(self) -> Place:
        """Where the delivery stands that broke the rule."""
        return self.places[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A delivery to a destination that does not exist."""

    number: int
    destination: str | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureVerdict:
    """What a capture shows under one contract."""

    contract: str
    deliveries: int
    payloads: int
    unexpected: int
    """Deliveries to destinations that do not exist."""
    strays: tuple[Stray, ...]
    """Those, or the first of them, where not all were asked for."""
    violations: tuple[Located, ...]
    """In the order of the capture; the first of them, where not all were asked for."""
    counts: Mapping[tuple[str, Severity], int]
    """How many violations of each rule there are in all, errors and warnings apart."""

    @property
    def errors(self) -> int:
        """How many violations are not mere warnings."""
        return sum(count for (_, severity), count in self.counts.items() if severity == "error")

    @property
    def word(self) -> Word:
        """Errored where there was nothing to judge."""
        if not self.deliveries:
            return "errored"
        return "failed" if self.errors or self.unexpected else "passed"


class CaptureJudge:
    """Judges deliveries one after the other, by one contract."""

    def __init__(self, contract: Contract, declarations: Declarations, *, shown: int | None = None) -> None:
        """Keep the first `shown` violations and strays, or all; count all."""
        self._checker = Checker(contract, declarations)
        self._shown = shown
        self._places = Places()
        self._histories: dict[str, Histories] = {}
        self._destinations: dict[tuple[str, str], Destination] = {}
        self._kept: list[Violation] = []
        self._strays: list[Stray] = []
        self._counts: Counter[tuple[str, Severity]] = Counter()
        self._deliveries = self._payloads = self._unexpected = 0

    def see(self, captured: Captured, file: str, line: int) -> None:
        """Judge what a line of a capture tells of."""
        self._deliveries += 1
        number = self._deliveries
        place = Place(file=file, line=line, addressed=captured.destination is not None)
        self._places.add(number, place)
        if captured.unexpected:
            self._unexpected += 1
            if self._shown is None or len(self._strays) < self._shown:
                self._strays.append(Stray(number=number, destination=captured.destination, place=place))
            return
        unpacked = captured.unpacked
        self._payloads += len(unpacked.payloads)
        destination = self._destination(captured)
        found = found_violations(unpacked, destination, self._checker, number, captured.size, exact=captured.exact)
        if found:
            self._keep(found)
        if unpacked.payloads:
            calls = unpacked.calls or (None,) * len(unpacked.payloads)
            self._history(captured.run).see(_delivery(captured, destination, number), destination, calls)

    def _destination(self, captured: Captured) -> Destination:
        """The destination as far as the capture tells: any calls may be meant for it."""
        name = captured.destination or _NAMELESS
        known = self._destinations.get((name, captured.kind))
        if known is None:
            known = Destination(name=name, kind=captured.kind, calls=CALL_TYPES)
            self._destinations[name, captured.kind] = known
        return known

    def _history(self, run: str) -> Histories:
        history = self._histories.get(run)
        if history is None:
            history = self._histories[run] = Histories(self._checker)
        return history

    def _keep(self, violations: Iterable[Violation]) -> None:
        for violation in violations:
            self._counts[violation.rule, violation.severity] += 1
            if self._shown is None or len(self._kept) < self._shown:
                self._kept.append(violation)

    def verdict(self) -> CaptureVerdict:
        """The verdict on all that was seen so far."""
        counts = self._counts.copy()
        late = _counted(self._historical(), counts)
        if self._shown is None:
            violations = sorted([*self._kept, *late], key=_order)
        else:
            first = heapq.nsmallest(self._shown, late, key=_order)
            violations = heapq.nsmallest(self._shown, [*self._kept, *first], key=_order)
        return CaptureVerdict(
            contract=self._checker.contract.id,
            deliveries=self._deliveries,
            payloads=self._payloads,
            unexpected=self._unexpected,
            strays=tuple(self._strays),
            violations=tuple(self._located(violation) for violation in violations),
            counts=counts,
        )

    def _historical(self) -> Iterator[Violation]:
        """The breaches that only the history shows."""
        for history in self._histories.values():
            for violation in history.violations():
                yield self._softened(violation)

    def _softened(self, violation: Violation) -> Violation:
        """A warning, where it is one only if two deliveries went to one destination, which nobody knows."""
        if violation.rule in _PER_DESTINATION and not self._places.of(violation.deliveries[-1]).addressed:
            return replace(violation, severity="warning")
        return violation

    def _located(self, violation: Violation) -> Located:
        return Located(violation=violation, places=tuple(self._places.of(number) for number in violation.deliveries))


def _counted(violations: Iterable[Violation], counts: Counter[tuple[str, Severity]]) -> Iterator[Violation]:
    """`violations`, counted as they are gone through."""
    for violation in violations:
        counts[violation.rule, violation.severity] += 1
        yield violation


def _delivery(captured: Captured, destination: Destination, number: int) -> Delivery:
    arrival = Arrival(
        destination=destination.name,
        method="POST",
        path="",
        headers=((b"user-agent", captured.agent.encode()),) if captured.agent else (),
        body=b"",
        received_at=captured.received_at,
        arrived_at=captured.received_at,
    )
    return Delivery(
        number=number,
        run=captured.run,
        destination=destination.name,
        kind=destination.kind,
        attempt=1,
        arrival=arrival,
        payloads=captured.unpacked.payloads,
        violations=(),
        reply=captured.reply,
    )


def _order(violation: Violation) -> tuple[int, int, int, str]:
    payload = -1 if violation.payload is None else violation.payload
    return violation.deliveries[-1], payload, PRECEDENCE[violation.rule], violation.path
