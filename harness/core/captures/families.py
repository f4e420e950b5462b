"""Which contract families a capture follows: all of it, or each of the parts that it is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from harness.core.calls import DELETE
from harness.core.captures.captured import Captured
from harness.core.captures.places import Place
from harness.core.captures.receivers import Receivers
from harness.core.captures.strands import Breaking, Strand, Tally, from_engage, strand_key
from harness.core.checking import Checker
from harness.core.contract import Contract
from harness.core.declarations import Declarations
from harness.core.delivery import Payload, Violation
from harness.core.destinations.destination import SOURCE, Destination

STRANDS = 1000
"""Destinations and keys that are told apart; the payloads of further ones are taken together."""
LOOKED_INTO = 100
"""Payloads of one destination and key that are looked into where they do not fit a contract; all are counted."""
_OTHERS = "other keys"


class Fit(Struct, frozen=True, kw_only=True):
    """How the payloads of a part fit one contract."""

    contract: str
    misfits: int
    looked_into: int
    """Payloads whose breaches were looked for, of those that do not fit."""
    breaking: tuple[Breaking, ...]
    """Those breaches, the most frequent first."""

    @property
    def breaches(self) -> int:
        """How many were found."""
        return sum(each.count for each in self.breaking)


class Part(Struct, frozen=True, kw_only=True):
    """Payloads that follow one contract, or come nearest to it."""

    payloads: int
    destinations: tuple[str, ...]
    keys: tuple[str, ...]
    """What they are about; empty where nothing says it."""
    fit: Fit
    """How they fit the contract that they follow."""
    others: tuple[Fit, ...]
    """How they fit all other contracts, the nearest first."""


Word: TypeAlias = Literal["passed", "failed", "errored"]


class Detection(Struct, frozen=True, kw_only=True):
    """What a capture follows."""

    deliveries: int
    payloads: int
    neutral: int
    """Calls that are right in every family, and so tell nothing."""
    unread: int
    """Deliveries whose body tells of no payload, though it should."""
    first_unread: Place | None
    parts: tuple[Part, ...]
    """The largest first."""

    @property
    def word(self) -> Word:
        """Passed where every payload fits the contract of its part; errored where no payload tells anything."""
        if not self.parts:
            return "errored"
        return "failed" if self.unread or any(part.fit.misfits for part in self.parts) else "passed"

    @property
    def contract(self) -> str | None:
        """The one contract that all payloads fit, if there is one."""
        whole = len(self.parts) == 1 and not self.parts[0].fit.misfits
        return self.parts[0].fit.contract if whole else None


class Detector:
    """Tries contracts on captured deliveries, payload by payload: what is kept grows with destinations and keys.

    Histories are not looked at: whether a user entered twice says nothing of the family.
    """

    def __init__(
        self, contracts: Iterable[Contract], declarations: Declarations, *, looked_into: int | None = LOOKED_INTO
    ) -> None:
        """Try `contracts`, of which the earlier goes first where several fit alike."""
        self.contracts = tuple(contracts)
        self._checkers = [Checker(contract, declarations) for contract in self.contracts]
        self._looked_into = looked_into
        self._receivers = Receivers()
        self._strands: dict[tuple[str | None, str | None, bool], Strand] = {}
        self._deliveries = self._payloads = self._neutral = self._unread = 0
        self._first_unread: Place | None = None

    def see(self, captured: Captured, file: str, line: int) -> None:
        """Try the contracts on what a line of a capture tells of."""
        self._deliveries += 1
        unpacked, place = captured.unpacked, Place(file=file, line=line)
        if captured.kind == SOURCE:
            return  # no contract judges that
        if any(violation.payload is None for violation in unpacked.violations):
            self._unread += 1
            self._first_unread = self._first_unread or place
        strays = {each.payload: each for each in unpacked.violations if each.payload is not None}
        calls = unpacked.calls or (None,) * len(unpacked.payloads)
        destination = self._receivers.of(captured)
        for index, payload in enumerate(unpacked.payloads):
            self._payloads += 1
            if payload.get("type") == DELETE:
                self._neutral += 1
                continue
            strand = self._strand(captured.destination, payload)
            strand.payloads += 1
            self._try(strand, payload, calls[index], strays.get(index), destination, place)

    def _strand(self, destination: str | None, payload: Payload) -> Strand:
        key, keyed = strand_key(payload), from_engage(payload)
        known = self._strands.get((destination, key, keyed))
        if known is None and len(self._strands) >= STRANDS:
            destination, key = None, _OTHERS if keyed else None
            known = self._strands.get((destination, key, keyed))
        if known is None:
            known = Strand(destination, key, keyed=keyed, contracts=len(self.contracts))
            self._strands[destination, key, keyed] = known
        return known

    def _try(
        self,
        strand: Strand,
        payload: Payload,
        call: Payload | None,
        stray: Violation | None,
        destination: Destination,
        place: Place,
    ) -> None:
        """Count for each contract whether `payload` fits it; `stray` is what is wrong with it under any."""
        for tally, checker in zip(strand.tallies, self._checkers, strict=True):
            if stray is None and checker.fits(payload, call, destination):
                continue
            tally.misfits += 1
            if self._looked_into is None or tally.looked_into < self._looked_into:
                found = (stray,) if stray else checker.violations(payload, call, destination, 0)
                tally.look_into(found, place, strand.key)

    def errors(self) -> int:
        """How many breaches the first contract finds in all payloads that were looked into."""
        return sum(strand.tallies[0].errors for strand in self._strands.values())

    def detection(self) -> Detection:
        """What all that was seen so far follows."""
        parts = [self._part(at, strands) for at, strands in self._divided()]
        return Detection(
            deliveries=self._deliveries,
            payloads=self._payloads,
            neutral=self._neutral,
            unread=self._unread,
            first_unread=self._first_unread,
            parts=tuple(sorted(parts, key=lambda part: -part.payloads)),
        )

    def _divided(self) -> Iterator[tuple[int, list[Strand]]]:
        """The strands by the contract that they follow: as few contracts as can be, those of most payloads first."""
        nearest = {strand: self._nearest(strand) for strand in self._strands.values()}
        while nearest:
            weights: Counter[int] = Counter()
            for strand, contracts in nearest.items():
                weights.update(dict.fromkeys(contracts, strand.payloads))
            chosen = min(weights, key=lambda at: (-weights[at], not self.contracts[at].suggested, at))
            followers = [strand for strand, contracts in nearest.items() if chosen in contracts]
            yield chosen, followers
            for strand in followers:
                del nearest[strand]

    def _nearest(self, strand: Strand) -> Sequence[int]:
        """The contracts that a strand fits best; what comes of Engage is no traffic of any source whatever."""
        eligible = [
            at for at, each in enumerate(self.contracts) if each.suggested or each.keyed or not strand.keyed
        ] or range(len(self.contracts))
        distances = {at: (strand.tallies[at].misfits, strand.tallies[at].errors) for at in eligible}
        least = min(distances.values())
        return [at for at, distance in distances.items() if distance == least]

    def _part(self, at: int, strands: Sequence[Strand]) -> Part:
        fits = [self._fit(each, strands) for each in range(len(self.contracts))]
        others = sorted(
            fits[:at] + fits[at + 1 :], key=lambda fit: (fit.misfits, sum(each.count for each in fit.breaking))
        )
        return Part(
            payloads=sum(strand.payloads for strand in strands),
            destinations=_distinct(strand.destination for strand in strands),
            keys=_distinct(strand.key for strand in strands),
            fit=fits[at],
            others=tuple(others),
        )

    def _fit(self, at: int, strands: Sequence[Strand]) -> Fit:
        together = Tally()
        for strand in strands:
            together.merge(strand.tallies[at])
        return Fit(
            contract=self.contracts[at].id,
            misfits=together.misfits,
            looked_into=together.looked_into,
            breaking=tuple(sorted(together.breaking.values(), key=lambda each: -each.count)),
        )


def _distinct(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name is not None))


class BetterFit(Struct, frozen=True, kw_only=True):
    """A contract that accuses a capture of less."""

    contract: str
    errors: int
    instead_of: int
    """The errors that the judging contract finds."""


def better_fit(
    captured: Sequence[Captured], judging: Contract, others: Iterable[Contract], declarations: Declarations
) -> BetterFit | None:
    """Of `others`, the contract that accuses these payloads of least; None where that is more than half as much.

    Where `judging` accuses of nothing, `others` are not even looked at.
    """
    instead_of = _errors(captured, judging, declarations)
    if not instead_of:
        return None
    best, least = None, instead_of // 2 + 1
    for other in others:
        if other.suggested and other.id != judging.id:
            errors = _errors(captured, other, declarations, below=least)
            if errors < least:
                best, least = other.id, errors
    return None if best is None else BetterFit(contract=best, errors=least, instead_of=instead_of)


def _errors(
    captured: Iterable[Captured], contract: Contract, declarations: Declarations, *, below: int | None = None
) -> int:
    """How many errors `contract` finds, each explained, which takes its time; if not `below` so many, some of them."""
    detector = Detector([contract], declarations, looked_into=None)
    errors = 0
    for each in captured:
        detector.see(each, "", 1)
        errors = detector.errors()
        if below is not None and errors >= below:
            break
    return errors
