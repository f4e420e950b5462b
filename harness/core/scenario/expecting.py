"""Judges expectations: each is met, or unmet with what was expected, what was found, and what came nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import assert_never

from harness.core.scenario.evidence import Evidence, Message
from harness.core.scenario.member_expecting import unmet_members
from harness.core.scenario.model import (
    Amount,
    Attempts,
    Expectation,
    Match,
    MembersAre,
    NothingElse,
    Received,
    Undelivered,
    UnexpectedAllowed,
)
from harness.core.verdict import Nearest, Unmet

_SHOWN = 3


def unmet_expectations(expectations: Sequence[Expectation], evidence: Evidence) -> list[Unmet]:
    """Those of `expectations` that `evidence` does not meet, in order."""
    return [unmet for each in expectations for unmet in _judge(each, expectations, evidence)]


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
            yield Unmet(
                mark=expectation.mark,
                expectation=name,
                expected=f"{amount} {_messages(amount)} {verb} by {destination}{_described(expectation.match)}",
                actual=f"{len(found)}",
                nearest=_nearest(expectation.match, destination, evidence, found),
            )


def _messages(amount: Amount) -> str:
    return "message" if str(amount) == "1" else "messages"


def _described(match: Match) -> str:
    """What a match asks for, in words."""
    parts = [f"{name} {value!r}" for name in ("type", "event", "action", "key") if (value := getattr(match, name))]
    if match.steps:
        parts.append(f"step {match.steps[0][1]!r}")
    if match.profiles is not None:
        names = [profile.name for profile in match.profiles]
        parts.append(f"for {', '.join(names[:_SHOWN])}{' …' if len(names) > _SHOWN else ''}")
    parts.extend(f"{path} {value!r}" for path, value in match.where.items())
    return f", with {', '.join(parts)}" if parts else ""


def _nearest(match: Match, destination: str, evidence: Evidence, found: list[Message]) -> Nearest | None:
    """The message that differs least from what was asked for, or else the last of those that were found."""
    others = [m for m in evidence.messages if m.destination == destination and m not in found]
    if not others:
        return _sighted(found[-1], "it is one of those that were counted") if found else None
    best = min(others, key=lambda message: len(evidence.differences(match, message.payload)))
    differences = evidence.differences(match, best.payload)
    if differences:
        return _sighted(best, "; ".join(differences))
    return _sighted(best, "it was accepted" if best.accepted else f"it was never accepted ({_attempts(best)})")


def _attempts(message: Message) -> str:
    number = len(message.sightings)
    return f"{number} attempt{'s' if number > 1 else ''}"


def _sighted(message: Message, difference: str) -> Nearest:
    delivery, index = message.sightings[-1]
    return Nearest(delivery=delivery, payload=index, difference=difference)


def _attempts_unmet(expectation: Attempts, evidence: Evidence) -> Iterator[Unmet]:
    for destination in expectation.match.to:
        messages = evidence.matching(expectation.match, destination)
        yield from _total_unmet(expectation, destination, messages)
        each = expectation.each
        wrong = [m for m in messages if each is not None and not each.admits(len(m.sightings))]
        if each is not None and not messages and not each.admits(0):
            yield Unmet(
                mark=expectation.mark,
                expectation="attempts",
                expected=f"{each} for each message to {destination}{_described(expectation.match)}",
                actual="no message",
                nearest=_nearest(expectation.match, destination, evidence, []),
            )
        elif wrong:
            yield Unmet(
                mark=expectation.mark,
                expectation="attempts",
                expected=f"{each} for each message to {destination}{_described(expectation.match)}",
                actual=f"{len(wrong[0].sightings)} for one, and {len(wrong)} of {len(messages)} are wrong",
                nearest=_sighted(wrong[0], f"it was tried {len(wrong[0].sightings)} times"),
            )


def _total_unmet(expectation: Attempts, destination: str, messages: Sequence[Message]) -> Iterator[Unmet]:
    total = sum(len(message.sightings) for message in messages)
    if expectation.total is not None and not expectation.total.admits(total):
        yield Unmet(
            mark=expectation.mark,
            expectation="attempts",
            expected=f"{expectation.total} in all at {destination}{_described(expectation.match)}",
            actual=str(total),
            nearest=_sighted(messages[-1], "it was the last") if messages else None,
        )


def _surplus(expectation: NothingElse, all_of_them: Sequence[Expectation], evidence: Evidence) -> Iterator[Unmet]:
    """The messages that no other expectation speaks of."""
    surplus = [m for m in evidence.messages if not any(_speaks_of(each, m, evidence) for each in all_of_them)]
    if surplus:
        places = ", ".join(sorted({message.destination for message in surplus}))
        yield Unmet(
            mark=expectation.mark,
            expectation="nothing_else",
            expected="nothing that no other expectation speaks of",
            actual=f"{len(surplus)} more at {places}",
            nearest=_sighted(surplus[0], "no expectation speaks of it"),
        )


def _speaks_of(expectation: Expectation, message: Message, evidence: Evidence) -> bool:
    match expectation:
        case Received() | Undelivered() | Attempts():
            return evidence.covers(expectation.match, message)
        case MembersAre():
            step = evidence.step(evidence.key(message.payload))
            lists = None if expectation.on is None else (*expectation.on, *expectation.not_on)
            return message.destination == expectation.of and (lists is None or step in lists)
        case NothingElse() | UnexpectedAllowed():
            return False
        case _:
            assert_never(expectation)
