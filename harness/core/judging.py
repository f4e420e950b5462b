"""Judges a whole ledger: the breaches of single payloads, and those that only the history shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from harness.core.calls import is_list_entry
from harness.core.checking import Checker
from harness.core.delivery import Delivery, Payload, Violation
from harness.core.destinations.bodies import parse
from harness.core.destinations.destination import SOURCE, Destination
from harness.core.destinations.kinds import KINDS
from harness.core.destinations.webhooks import WEBHOOK
from harness.core.rules.catalogue import PRECEDENCE, RULES
from harness.core.rules.entries import ONCE_PER_ENTRY
from harness.core.rules.following import Likeness, follows, likeness
from harness.core.rules.messages import Messages
from harness.core.rules.retrying import RETRY_SAME_MESSAGE, retried_otherwise
from harness.core.rules.rule import Follow, History
from harness.core.rules.sighting import sight

_MOST = 10_000
"""Likenesses that are kept; payloads of further keys are looked at one by one."""


class Histories:
    """The folds of all history rules that a contract turns on."""

    def __init__(self, checker: Checker) -> None:
        """Start a fold for each."""
        self._checker = checker
        contract = checker.contract
        # Rules that look at the same thing share a fold, which stands under the first of them.
        begun = {rule.history: rule.id for rule in reversed(list(RULES.values())) if rule.id in contract.severities}
        self._folds: dict[str, History] = {
            rule_id: begin(contract.parameters) for begin, rule_id in reversed(begun.items()) if begin is not None
        }
        self._messages = next((fold for fold in self._folds.values() if isinstance(fold, Messages)), None)
        self._following: dict[Likeness, tuple[Follow, ...]] = {}
        self._latest = 0

    def see(
        self, delivery: Delivery, destination: Destination, calls: tuple[Payload | None, ...] | None = None
    ) -> None:
        """Take all payloads of `delivery` into account.

        `calls` are those that its list entries came in as; where they are not given, its body is read for them.
        """
        if destination.kind == WEBHOOK:
            return  # whom a body in a form of its own is about, nobody knows
        if not delivery.payloads and not delivery.accepted and self._messages is not None:
            self._messages.miss(destination.name)
        calls = calls or calls_of(delivery)
        quick = delivery.number > self._latest and destination.kind != SOURCE
        self._latest = max(self._latest, delivery.number)
        received_at, headers = delivery.arrival.received_at, delivery.arrival.headers
        for index, payload in enumerate(delivery.payloads):
            call = calls[index] if calls else None
            like = likeness(payload, destination.name) if call is None else None
            following = self._following.get(like) if quick and like is not None else None
            if following is None:
                self._look_at(payload, call, destination, delivery, index, like)
            else:
                for follow in following:
                    follow(payload, delivery.number, index, received_at, delivery.reply, headers)

    def _look_at(
        self,
        payload: Payload,
        call: Payload | None,
        destination: Destination,
        delivery: Delivery,
        index: int,
        like: Likeness | None,
    ) -> None:
        declarations, parameters = self._checker.declarations, self._checker.contract.parameters
        sighting = sight(payload, call, destination, declarations, parameters, delivery, index)
        if destination.kind == SOURCE:
            if self._messages is not None:
                self._messages.see(sighting)
            return
        for fold in self._folds.values():
            fold.see(sighting)
        if like is not None and like not in self._following and len(self._following) < _MOST:
            self._following[like] = follows(self._folds.values(), sighting)

    def following(self, like: Likeness) -> tuple[Follow, ...] | None:
        """What takes payloads that are like earlier ones into account; None where there was none like them.

        Whoever uses it gives each payload a greater number than any before.
        """
        return self._following.get(like)

    @property
    def folds(self) -> Mapping[str, History]:
        """The fold of each rule; these can be pickled, while other parts of this cannot."""
        return self._folds

    def merge(self, folds: Mapping[str, History]) -> None:
        """Take into account all that the `folds` of other histories saw, in whatever order it was."""
        for rule_id, fold in self._folds.items():
            fold.merge(folds[rule_id])

    def violations(self, *, settled: bool = False) -> Iterator[Violation]:
        """The breaches in all that was seen, each with the contract's severity where that is milder.

        `settled` says that the sender had nothing left to send, so that what did not come again never would.
        """
        severities = self._checker.contract.severities
        for violation in self._found(settled):
            if violation.rule in severities:
                milder = "warning" in (violation.severity, severities[violation.rule])
                yield replace(violation, severity="warning" if milder else "error")

    def _found(self, settled: bool) -> Iterator[Violation]:
        """The breaches, each by one rule: what came under another id in place of a retry is reported as that."""
        messages, severities = self._messages, self._checker.contract.severities
        abandoned = list(messages.abandoned(settled=settled)) if messages is not None else []
        given_up = {number: each.destination for each in abandoned for number in each.attempts}
        told: set[int] = set()
        for fold in self._folds.values():
            changed = RETRY_SAME_MESSAGE in severities
            for violation in fold.violations(retries=changed) if isinstance(fold, Messages) else fold.violations():
                instead = violation.rule == ONCE_PER_ENTRY.id and violation.deliveries[0] in given_up
                if instead and RETRY_SAME_MESSAGE in severities:
                    told.update(violation.deliveries)
                    yield retried_otherwise(violation, given_up[violation.deliveries[0]])
                else:
                    yield violation
        yield from (each.violation for each in abandoned if told.isdisjoint(each.attempts))


def calls_of(delivery: Delivery) -> tuple[Payload | None, ...] | None:
    """The calls that the list entries of `delivery` came in as, read again from its body."""
    if delivery.kind != "list" or not any(is_list_entry(payload) for payload in delivery.payloads):
        return None
    return parse(delivery.arrival.body, KINDS["list"].unpack).calls


class Judgement(Struct, frozen=True, kw_only=True):
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

    def breaking(self, rule: str) -> frozenset[int]:
        """The numbers of all deliveries that prove a breach of `rule`, by themselves or together with others."""
        return frozenset(n for found in self.violations if found.rule == rule for n in found.deliveries)


def judge(
    deliveries: Iterable[Delivery],
    destinations: Mapping[str, Destination],
    checker: Checker,
    *,
    settled: bool = False,
) -> Judgement:
    """The judgement of `deliveries`, whose payloads were checked when they came.

    `settled` says that their sender has nothing left to send.
    """
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
    violations.extend(histories.violations(settled=settled))
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
