"""Which faulty senders each scenario tells from a right one: the kill table, and what it leaves open."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum

from msgspec import Struct


class Sign(StrEnum):
    """What one scenario made of one mutant; the value stands in the table."""

    RULE = "r"
    """The mutant broke the rule that it is named for."""
    EXPECTATION = "e"
    """An expectation was unmet, where no rule knows the mutant's fault."""
    MISSED = "."
    """Its traffic was another than right, and nothing noticed."""
    SAME = "-"
    """Its traffic was right: the scenario gives the fault no occasion."""

    @property
    def caught(self) -> bool:
        """Whether the scenario caught the mutant."""
        return self in (Sign.RULE, Sign.EXPECTATION)


class Mutant(Struct, frozen=True, kw_only=True):
    """A faulty sender."""

    name: str
    sentence: str
    """What it does wrong."""
    rule: str | None
    """The rule that must catch it; None where an expectation must."""

    @property
    def catcher(self) -> str:
        """What must catch it, for people."""
        return self.rule or "an expectation"


class Column(Struct, frozen=True, kw_only=True):
    """What one scenario made of all mutants."""

    file: str
    line: int
    title: str
    signs: Sequence[Sign]
    """One for each mutant, in their order."""

    @property
    def caught(self) -> int:
        """How many mutants it caught."""
        return sum(sign.caught for sign in self.signs)

    @property
    def idle(self) -> bool:
        """Whether no fault ever showed in it, so that it could catch none."""
        return all(sign is Sign.SAME for sign in self.signs)


class Kills(Struct, frozen=True, kw_only=True):
    """The table of mutants and scenarios."""

    mutants: Sequence[Mutant]
    columns: Sequence[Column]
    rules: Collection[str]
    """The rules that the contracts of the scenarios turn on."""

    def row(self, index: int) -> list[Sign]:
        """What the scenarios made of the mutant at `index`."""
        return [column.signs[index] for column in self.columns]

    @property
    def slipped(self) -> list[Mutant]:
        """The mutants that nothing caught."""
        return [each for i, each in enumerate(self.mutants) if not any(sign.caught for sign in self.row(i))]

    @property
    def unexercised(self) -> list[str]:
        """The rules that caught no mutant."""
        caught = {each.rule for i, each in enumerate(self.mutants) if Sign.RULE in self.row(i)}
        return [rule for rule in self.rules if rule not in caught]

    @property
    def blind(self) -> list[Column]:
        """The scenarios that caught none of the mutants that showed in them."""
        return [column for column in self.columns if not column.caught and not column.idle]

    @property
    def percent(self) -> float:
        """How many of a hundred mutants were caught."""
        return 100 * (1 - len(self.slipped) / len(self.mutants))
