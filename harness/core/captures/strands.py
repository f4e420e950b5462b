"""Payloads of one destination and one key, and how well they fit each of several contracts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from harness.core.calls import is_list_entry, personas, subject
from harness.core.captures.places import Place
from harness.core.delivery import Payload, Violation
from harness.core.membership import prefixed

_KINDS_OF_BREACHES = 20
"""Breaches that are told apart for one strand and contract; the others are counted."""


class Breaking(Struct, frozen=True, kw_only=True):
    """One way in which payloads do not fit a contract, how often it occurs, and its first example."""

    rule: str
    message: str
    expected: str
    actual: str
    count: int
    place: Place


class Tally:
    """How payloads fit one contract."""

    def __init__(self) -> None:
        """Have seen none."""
        self.misfits = 0
        """Payloads that do not fit."""
        self.looked_into = 0
        """Those of them whose breaches were looked for."""
        self.errors = 0
        """Their breaches."""
        self.breaking: dict[tuple[str, str], Breaking] = {}

    def look_into(self, violations: Iterable[Violation], place: Place, key: str | None) -> None:
        """Count the errors among `violations`, which one payload about `key` at `place` shows."""
        self.looked_into += 1
        for violation in violations:
            if violation.severity == "error":
                self.errors += 1
                message = _nameless(violation.message, key) if key else violation.message
                self._count(violation, message, place)

    def _count(self, violation: Violation, message: str, place: Place) -> None:
        known = self.breaking.get((violation.rule, message))
        if known is not None:
            self.breaking[violation.rule, message] = replace(known, count=known.count + 1)
        elif len(self.breaking) < _KINDS_OF_BREACHES:
            self.breaking[violation.rule, message] = Breaking(
                rule=violation.rule,
                message=message,
                expected=violation.expected,
                actual=violation.actual,
                count=1,
                place=place,
            )

    def merge(self, other: Tally) -> None:
        """Take over what `other` counted; of its examples only those of breaches that are new."""
        self.misfits += other.misfits
        self.looked_into += other.looked_into
        self.errors += other.errors
        for kind, theirs in other.breaking.items():
            mine = self.breaking.get(kind)
            self.breaking[kind] = replace(mine, count=mine.count + theirs.count) if mine else theirs


class Strand:
    """The payloads of one destination and one key."""

    def __init__(self, destination: str | None, key: str | None, *, keyed: bool, contracts: int) -> None:
        """Have seen none; `keyed` says that they are about a key, or a computation of Engage."""
        self.destination = destination
        self.key = key
        self.keyed = keyed
        self.payloads = 0
        self.tallies: Sequence[Tally] = [Tally() for _ in range(contracts)]


def strand_key(payload: Payload) -> str | None:
    """What tells a payload's strand from others at its destination: the key that it says it is about, if any."""
    if is_list_entry(payload):
        return str(payload["list"])
    said = (personas(payload).get("computation_key"), subject(payload).get("audience_key"), *prefixed(payload)[:1])
    return next((key for key in said if isinstance(key, str) and key), None)


def from_engage(payload: Payload) -> bool:
    """Whether a payload says that it is about the member of a list, or comes of a computation of Engage."""
    return is_list_entry(payload) or bool(personas(payload)) or strand_key(payload) is not None


def _nameless(message: str, key: str) -> str:
    """`message` without the key that it may name, so that it is the same for each; a mere word is left alone."""
    if key.isalpha():
        return message
    return re.sub(rf"(?<!\w){re.escape(key)}(?!\w)", "KEY", message)
