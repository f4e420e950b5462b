"""Judges captured deliveries as they are read: what is kept grows with users and steps, not with deliveries."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from harness.core.captures.captured import SILENT, Captured, Defaults, agent_header
from harness.core.captures.places import Place
from harness.core.captures.receivers import Receivers
from harness.core.captures.seen import Seen, Stray
from harness.core.captures.short_way import ShortWay
from harness.core.checking import Checker
from harness.core.contract import Contract
from harness.core.declarations import Declarations
from harness.core.delivery import Arrival, Delivery, Severity, Violation
from harness.core.destinations.destination import SOURCE, Destination
from harness.core.judging import Histories
from harness.core.reception import found_violations
from harness.core.rules.catalogue import PRECEDENCE
from harness.core.rules.rule import History

Word: TypeAlias = Literal["passed", "failed", "errored"]


class Located(Struct, frozen=True, kw_only=True):
    """A violation, and where the capture tells of the deliveries that prove it."""

    violation: Violation
    places: tuple[Place, ...]
    """One for each delivery, in order; at least one."""
    nth: tuple[int, ...]
    """For each of them, how many deliveries stand on the same line before it."""

    @property
    def place(self) -> Place:
        """Where the delivery stands that broke the rule."""
        return self.places[-1]


class CaptureVerdict(Struct, frozen=True, kw_only=True):
    """What a capture shows under one contract."""

    contract: str
    deliveries: int
    payloads: int
    to_sources: int
    """Payloads that went to sources, of which only how they were sent again is judged."""
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


class JudgeState(Struct, frozen=True, kw_only=True):
    """What a judge has seen; it can be pickled."""

    seen: Seen
    folds: Mapping[str, Mapping[str, History]]
    """By run and rule."""
    begun: Mapping[str, int]
    """By run, the number of its first delivery that holds payloads."""


class CaptureJudge:
    """Judges deliveries one after the other, by one contract."""

    def __init__(
        self,
        contract: Contract,
        declarations: Declarations,
        defaults: Defaults = SILENT,
        *,
        shown: int | None = None,
    ) -> None:
        """Keep the first `shown` violations and strays, or all; count all. `defaults` hold for lines that are taken."""
        self._checker = Checker(contract, declarations)
        self._short_way = ShortWay(self._checker, defaults)
        self._seen = Seen(shown=shown)
        self._histories: dict[str, Histories] = {}
        self._receivers = Receivers()
        self._begun: dict[str, int] = {}
        """By run, the number of its first delivery that holds payloads."""
        self.number = 0
        """The number of the last delivery."""

    def leap(self, number: int) -> None:
        """Let the next delivery be the one after `number`, where others judge those in between."""
        self.number = number
        self._seen.places.leap()

    def take(self, texts: Iterator[bytes], file: str, line: int) -> int:
        """Judge the next of the lines `texts`, from `line` on, as far as each tells of a plainly right delivery.

        How many these are. Where it stops before their end, the line that it leaves alone is gone from `texts` too.
        """
        number = self.number + 1
        lines, payloads = self._short_way.take(texts, number)
        if lines:
            self.number += lines
            seen = self._seen
            seen.deliveries += lines
            seen.payloads += payloads
            seen.places.add(number, file, line, lines)
        return lines

    def see(self, captured: Captured, file: str, line: int) -> None:
        """Judge what a line of a capture tells of."""
        seen, unpacked = self._seen, captured.unpacked
        self.number = number = self.number + 1
        seen.deliveries += 1
        seen.places.add(number, file, line)
        if captured.unexpected:
            seen.stray(captured, number)
            return
        seen.payloads += len(unpacked.payloads)
        if captured.kind == SOURCE:
            seen.to_sources += len(unpacked.payloads)
        destination = self._receivers.of(captured)
        found = found_violations(unpacked, destination, self._checker, number, captured.size, exact=captured.exact)
        if found:
            seen.add(found)
        if unpacked.payloads or not captured.accepted:
            calls = unpacked.calls or (None,) * len(unpacked.payloads)
            history = self._history(captured.run)
            history.see(_delivery(captured, destination, number), destination, calls)
            if not found:
                self._short_way.learn(captured, destination, history)

    def _history(self, run: str) -> Histories:
        history = self._histories.get(run)
        if history is None:
            history = self._histories[run] = Histories(self._checker)
            self._begun.setdefault(run, self.number)
        return history

    def state(self) -> JudgeState:
        """All that was seen so far, for another judge to take over."""
        folds = {run: history.folds for run, history in self._histories.items()}
        return JudgeState(seen=self._seen, folds=folds, begun=self._begun)

    def merge(self, state: JudgeState) -> None:
        """Take over what another judge saw of the same capture."""
        self._seen.merge(state.seen)
        for run, folds in state.folds.items():
            begun = state.begun[run]
            self._begun[run] = min(begun, self._begun.get(run, begun))
            self._history(run).merge(folds)

    def verdict(self) -> CaptureVerdict:
        """The verdict on all that was seen so far."""
        seen = self._seen
        found: dict[tuple[str, Severity], list[int]] = {}
        late = _counted(self._historical(), found)
        if seen.shown is None:
            violations = sorted([*seen.kept, *late], key=_order)
        else:
            first = heapq.nsmallest(seen.shown, late, key=_order)
            violations = heapq.nsmallest(seen.shown, [*seen.kept, *first], key=_order)
        return CaptureVerdict(
            contract=self._checker.contract.id,
            deliveries=seen.deliveries,
            payloads=seen.payloads,
            to_sources=seen.to_sources,
            unexpected=seen.unexpected,
            strays=tuple(seen.strays),
            violations=tuple(self._located(violation) for violation in violations),
            counts=_summed(seen.counts, found),
        )

    def _historical(self) -> Iterator[Violation]:
        """The breaches that only the history shows."""
        for run in sorted(self._histories, key=self._begun.__getitem__):
            yield from self._histories[run].violations()

    def _located(self, violation: Violation) -> Located:
        places = self._seen.places
        return Located(
            violation=violation,
            places=tuple(places.of(number) for number in violation.deliveries),
            nth=tuple(places.nth(number) for number in violation.deliveries),
        )


def _counted(violations: Iterable[Violation], found: dict[tuple[str, Severity], list[int]]) -> Iterator[Violation]:
    """`violations`; of each rule and severity, `found` gets how many there were, and the first delivery of one."""
    for violation in violations:
        number = violation.deliveries[-1]
        count = found.setdefault((violation.rule, violation.severity), [0, number])
        count[0] += 1
        count[1] = min(count[1], number)
        yield violation


def _summed(
    counts: Counter[tuple[str, Severity]], found: Mapping[tuple[str, Severity], list[int]]
) -> Counter[tuple[str, Severity]]:
    """Both together, whoever judged what in the same order: those of histories last, by first delivery."""
    summed = counts.copy()
    for counted in sorted(found, key=lambda counted: (found[counted][1], PRECEDENCE[counted[0]], counted[1])):
        summed[counted] += found[counted][0]
    return summed


def _delivery(captured: Captured, destination: Destination, number: int) -> Delivery:
    arrival = Arrival(
        destination=destination.name,
        method="POST",
        path="",
        headers=agent_header(captured.agent),
        body=b"",
        received_at=captured.received_at,
        arrived_at=captured.arrived_at or captured.received_at,
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


def _order(violation: Violation) -> tuple[object, ...]:
    """By place; what breaks one rule at one place is told apart by words, so that the order is always the same."""
    payload = -1 if violation.payload is None else violation.payload
    words = (violation.message, violation.expected, violation.actual, violation.severity)
    place = (violation.deliveries[-1], payload, PRECEDENCE[violation.rule], violation.path)
    return (*place, *words, violation.deliveries)
