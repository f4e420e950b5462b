"""Which line of which file a delivery stands on, without a note for every delivery."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a capture tells of a delivery."""

    file: str
    line: int
    addressed: bool = True
    """Whether it says to which destination it went."""


class Places:
    """The places of deliveries, by number; consecutive deliveries on consecutive lines share one note."""

    def __init__(self) -> None:
        """Know none yet."""
        self._numbers: list[int] = []
        self._places: list[tuple[Place, int]] = []
        """Where each stretch begins, and how many lines each of its deliveries is further than the one before."""

    def add(self, number: int, place: Place) -> None:
        """Note that delivery `number`, one more than the last, stands at `place`."""
        if self._places:
            begin, pace = self._places[-1]
            steps = number - self._numbers[-1]
            if (begin.file, begin.addressed) == (place.file, place.addressed):
                if steps == 1 and pace == 0:
                    self._places[-1] = (begin, place.line - begin.line)
                    return
                if place.line == begin.line + steps * pace:
                    return
        self._numbers.append(number)
        self._places.append((place, 0))

    def of(self, number: int) -> Place:
        """Where delivery `number` stands."""
        index = bisect_right(self._numbers, number) - 1
        begin, pace = self._places[index]
        line = begin.line + (number - self._numbers[index]) * pace
        return Place(file=begin.file, line=line, addressed=begin.addressed)
