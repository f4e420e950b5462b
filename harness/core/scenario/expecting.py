"""Judges expectations: each is met, or unmet with what was expected, what was found, and what came nearest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import assert_never

from harness.core.scenario.evidence import Evidence, Message
from harness.core.scenario.expectation_words import attempts_of, described
from harness.core.scenario.member_expecting import unmet_members
from harness.core.scenario.model import (
    Amount,
    Attempts,
    Expectation,
    MembersAre,
    NothingElse,
    Received,
    RowsAre,
    Scenario,
    Undelivered,
    UnexpectedAllowed,
)
from harness.core.scenario.nearest import nearest_message, sighted
from harness.core.scenario.row_expecting import unmet_rows
from harness.core.verdict import Nearest, Unmet


def unmet_expectations(expectations: Sequence[Expectation], evidence: Evidence) -> list[Unmet]:
    """Those of `expectations` that `evidence` does not meet, in order."""
    return [unmet for each in expectations for unmet in _judge(each, expectations, evidence)]


def nothing_judged(scenario: Scenario) -> list[Unmet]:
    """Where nothing arrived: one, if `scenario` demands nothing either, and so would pass whatever it says."""
    if not scenario.expects_nothing:
        return []
    examples = [f"; if silence is right, write `received: {{to: {to}, count: 0}}`" for to in scenario.destinations]
    return [
        Unmet(
            mark=scenario.mark,
            expectation="something to judge",
            expected=f"that something is sent, or an expectation under `expect:`{''.join(examples[:1])}",
            actual="nothing was judged: nothing arrived and the scenario expects nothing",
        )
    ]


def _judge(expectation: Expectation, all_of_them: Sequence[Expectation], evidence: Evidence) -> Iterator[Unmet]:
    match expectation:
        case Received():
            yield from received_unmet(expectation, evidence)
        case Undelivered():
            yield from _undelivered_unmet(expectation, evidence)
        case Attempts():
            yield from _attempts_unmet(expectation, evidence)
        case MembersAre():
            yield from unmet_members(expectation, evidence)
        case RowsAre():
            yield from unmet_rows(expectation, evidence)
        case NothingElse():
            yield from _surplus(expectation, all_of_them, evidence)
        case UnexpectedAllowed():
            pass
        case _:
            assert_never(expectation)


def received_unmet(expectation: Received, evidence: Evidence) -> Iterator[Unmet]:
    """One for each destination that accepted another number of messages than expected."""
    yield from _count_unmet(
        expectation, "received", "accepted", evidence, lambda message: message.accepted, expectation.count
    )


def _undelivered_unmet(expectation: Undelivered, evidence: Evidence) -> Iterator[Unmet]:
    yield from _count_unmet(
        expectation, "undelivered", "never accepted", evidence, lambda message: not message.accepted, expectation.count
    )


def _count_unmet(
    expectation: Received | Undelivered,
    name: str,
    verb: str,
    evidence: Evidence,
    counts: Callable[[Message], bool],
    amount: Amount,
) -> Iterator[Unmet]:
    for destination in expectation.match.to:
        found = [m for m in evidence.matching(expectation.match, destination) if counts(m)]
        if not amount.admits(len(found)):
            nearest = nearest_message(expectation.match, destination, evidence, found)
            yield Unmet(
                mark=expectation.mark,
                expectation=name,
                expected=f"{amount} {_messages(amount)} {verb} by {destination}{described(expectation.match)}",
                actual=str(len(found)) if nearest else f"{len(found)}, and nothing else came there",
                nearest=nearest,
            )


def _messages(amount: Amount) -> str:
    return "message" if str(amount).endswith(" 1") or str(amount) == "1" else "messages"


def _attempts_unmet(expectation: Attempts, evidence: Evidence) -> Iterator[Unmet]:
    for destination in expectation.match.to:
        messages = evidence.matching(expectation.match, destination)
        if expectation.each is not None:
            yield from _each_unmet(expectation, expectation.each, destination, messages, evidence)
        if expectation.total is not None:
            yield from _total_unmet(expectation, expectation.total, destination, messages)


def _each_unmet(
    expectation: Attempts, each: Amount, destination: str, messages: Sequence[Message], evidence: Evidence
) -> Iterator[Unmet]:
    expected = f"{_tries(each)} for each message to {destination}{described(expectation.match)}"
    wrong = [message for message in messages if not each.admits(len(message.sightings))]
    if wrong:
        actual = f"{len(wrong)} of {len(messages)} messages {_tried([len(message.sightings) for message in wrong])}"
        nearest = sighted(wrong[0], f"it took {attempts_of(wrong[0])}")
        yield _attempts_wrong(expectation, expected, actual, nearest)
    elif not messages and not each.admits(0):
        nearest_other = nearest_message(expectation.match, destination, evidence, [])
        yield _attempts_wrong(expectation, expected, "there is no such message", nearest_other)


def _tried(numbers: Sequence[int]) -> str:
    """How often messages were tried, of which each was tried one of `numbers` times."""
    fewest, most = min(numbers), max(numbers)
    often = f"{fewest} to {most} times" if fewest != most else "once" if most == 1 else f"{most} times"
    if len(numbers) == 1:
        return f"was tried {often}"
    return f"were tried {often}{' each' if fewest == most else ''}"


def _total_unmet(
    expectation: Attempts, amount: Amount, destination: str, messages: Sequence[Message]
) -> Iterator[Unmet]:
    total = sum(len(message.sightings) for message in messages)
    if not amount.admits(total):
        expected = f"{_tries(amount)} in all at {destination}{described(expectation.match)}"
        last = [sighted(message, f"the last message; it took {attempts_of(message)}") for message in messages[-1:]]
        yield _attempts_wrong(expectation, expected, str(total), last[0] if last else None)


def _attempts_wrong(expectation: Attempts, expected: str, actual: str, nearest: Nearest | None) -> Unmet:
    return Unmet(mark=expectation.mark, expectation="attempts", expected=expected, actual=actual, nearest=nearest)


def _tries(amount: Amount) -> str:
    return f"{amount} {_messages(amount).replace('message', 'attempt')}"


def _surplus(expectation: NothingElse, all_of_them: Sequence[Expectation], evidence: Evidence) -> Iterator[Unmet]:
    """The messages that no other expectation speaks of."""
    surplus = [m for m in evidence.messages if not any(_speaks_of(each, m, evidence) for each in all_of_them)]
    if surplus:
        places = Counter(message.destination for message in surplus)
        yield Unmet(
            mark=expectation.mark,
            expectation="nothing_else",
            expected="no message that no other expectation speaks of",
            actual=f"{len(surplus)} more: {', '.join(f'{count} at {name}' for name, count in sorted(places.items()))}",
            nearest=sighted(surplus[0], "no expectation speaks of it"),
        )


def _speaks_of(expectation: Expectation, message: Message, evidence: Evidence) -> bool:
    match expectation:
        case Received() | Undelivered() | Attempts():
            return evidence.covers(expectation.match, message)
        case MembersAre():
            step = evidence.step(evidence.key(message.payload))
            lists = None if expectation.on is None else (*expectation.on, *expectation.not_on)
            return message.destination == expectation.of and (lists is None or step in lists)
        case RowsAre():
            return message.destination == expectation.of
        case NothingElse() | UnexpectedAllowed():
            return False
        case _:
            assert_never(expectation)
