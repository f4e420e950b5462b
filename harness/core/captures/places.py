"""Which line of which file a delivery stands on, without a note for every delivery."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from msgspec import Struct


class Place(Struct, frozen=True, kw_only=True):
    """Where a capture tells of a delivery."""

    file: str
    line: int


class _Stretch(NamedTuple):
    """Consecutive deliveries of a file: the first, its line, and how many lines each is further than the one before."""

    number: int
    file: str
    line: int
    pace: int


class Places:
    """The places of deliveries, by number; consecutive deliveries on consecutive lines share one note."""

    def __init__(self) -> None:
        """Know none yet."""
        self._stretches: list[_Stretch] = []
        self._leapt = True

    def add(self, number: int, file: str, line: int, lines: int = 1) -> None:
        """Note that delivery `number`, one more than the last, stands there, and others on the lines that follow."""
        if not self._leapt:
            begin = self._stretches[-1]
            first, same_file, first_line, pace = begin
            if file == same_file and (lines == 1 or line - first_line == number - first):
                if number == first + 1:
                    self._stretches[-1] = begin._replace(pace=line - first_line)
                    return
                if line == first_line + (number - first) * pace:
                    return
        self._leapt = False
        self._stretches.append(_Stretch(number, file, line, int(lines > 1)))

    def leap(self) -> None:
        """Let the next delivery have any number greater than the last."""
        self._leapt = True

    def merge(self, other: Places) -> None:
        """Take over the places that `other` knows."""
        self._stretches = sorted(self._stretches + other._stretches)
        self.leap()

    def of(self, number: int) -> Place:
        """Where delivery `number` stands."""
        begin = self._stretches[bisect_right(self._stretches, number, key=lambda stretch: stretch.number) - 1]
        line = begin.line + (number - begin.number) * begin.pace
        return Place(file=begin.file, line=line)

    def nth(self, number: int) -> int:
        """How many deliveries stand on the same line before delivery `number`."""
        place, before = self.of(number), number - 1
        while before >= self._stretches[0].number and self.of(before) == place:
            before -= 1
        return number - before - 1
