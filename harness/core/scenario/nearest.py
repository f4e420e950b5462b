"""The message that comes closest to what an expectation asks for."""

from __future__ import annotations

from collections.abc import Sequence

from harness.core.ledger import find
from harness.core.scenario.evidence import Evidence, Message
from harness.core.scenario.expectation_words import attempts_of
from harness.core.scenario.model import Match
from harness.core.verdict import Nearest


def nearest_message(match: Match, destination: str, evidence: Evidence, found: Sequence[Message]) -> Nearest | None:
    """The message that differs least from what was asked for, or else the last of those that were found."""
    others = [m for m in evidence.messages if m.destination == destination and m not in found]
    if not others:
        return sighted(found[-1], f"the last of the {len(found)}") if found else None
    best = min(others, key=lambda message: len(evidence.differences(match, message.payload)))
    differences = evidence.differences(match, best.payload)
    if differences:
        return sighted(best, "; ".join(differences))
    return sighted(best, "it was accepted" if best.accepted else f"it was never accepted, in {attempts_of(best)}")


def last_message(match: Match, destination: str, evidence: Evidence, difference: str) -> Nearest | None:
    """The last accepted message that `match` admits, of which `difference` is to be said."""
    found = [message for message in evidence.matching(match, destination) if message.accepted]
    return sighted(found[-1], difference) if found else None


def sighted(message: Message, difference: str) -> Nearest:
    """The last attempt of `message`."""
    delivery, index = message.sightings[-1]
    return Nearest(delivery=delivery, payload=index, difference=difference)


def sighted_at(evidence: Evidence, number: int, payload: int, difference: str) -> Nearest | None:
    """That payload of the delivery of that number; None where it is not kept."""
    delivery = find(evidence.deliveries, number)
    return None if delivery is None else Nearest(delivery=delivery, payload=payload, difference=difference)
