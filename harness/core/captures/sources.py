"""What is wrong with the files of a capture as a whole: a page that others must follow, a file of something else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from harness.core.captures.captured import Captured

_FORMS = (
    "a call has a `type`, a batch of calls a `batch`, a list sync document a `list`, a record a `payload`, `payloads` "
    "or a `request` with a body, a page `deliveries`, a HAR `log.entries`; `harness check --help` says more"
)
_LARGEST = 10_000
"""Deliveries that the server lists at once, if asked to."""


class _Page(Struct, frozen=True, kw_only=True):
    """A page of deliveries after which there are more."""

    file: str
    held: int
    after: Any
    """The number that `next` gives."""
    total: int | None

    def followed_by(self, document: Mapping[str, Any]) -> bool:
        """Whether `document` is the next page, with nothing left out between the two."""
        listed, total = document["deliveries"], _whole(document.get("total"))
        number = _whole(listed[0].get("number")) if listed and isinstance(listed[0], dict) else None
        begins_later = number is None or not isinstance(self.after, int) or number > self.after
        return begins_later and (self.total is None or total is None or total >= self.total - self.held)

    def fault(self) -> str:
        """Why this is not the whole capture, and how to get it."""
        of = "" if self.total is None else f" of {self.total}"
        larger = f"ask for ?limit={_LARGEST}, or " if self.held < _LARGEST else ""
        return (
            f"{self.file}: this page holds {self.held}{of} deliveries, and the others were not given, so that nobody "
            f'can say whether all is right ("next": {self.after}); {larger}also give the page of '
            f"?after={self.after}, behind this one"
        )


class Sources:
    """Watches the files of a capture while their deliveries are read."""

    def __init__(self) -> None:
        """Know of no file yet."""
        self._file = ""
        self._open: _Page | None = None
        self.pages = 0
        """How many pages of deliveries there were."""
        self._faults: dict[str, list[str]] = {}
        """By file, pages that it does not follow."""
        self.formed: Counter[str] = Counter()
        """By file, how many deliveries have a known form."""
        self.formless: Counter[str] = Counter()
        """By file, how many have none."""

    def opened(self, file: str) -> None:
        """Note that what comes now stands in `file`."""
        self._file = file
        self._faults.setdefault(file, [])

    def page(self, document: Mapping[str, Any]) -> None:
        """Note a page of deliveries, as the server lists them."""
        if self._open is not None and not self._open.followed_by(document):
            self._faults[self._file].append(self._open.fault())
        self._open = None
        self.pages += 1
        if document.get("next") is not None:
            held, total = len(document["deliveries"]), _whole(document.get("total"))
            self._open = _Page(file=self._file, held=held, after=document["next"], total=total)

    def delivery(self, captured: Captured) -> None:
        """Note a delivery of the present file."""
        (self.formless if captured.formless else self.formed)[self._file] += 1

    def merge(self, formed: Mapping[str, int], formless: Mapping[str, int]) -> None:
        """Note deliveries that somebody else read, by file."""
        self.formed.update(formed)
        self.formless.update(formless)

    def faults(self) -> Iterator[str]:
        """Why these files cannot be judged, once all are read."""
        for file, faults in self._faults.items():
            yield from faults
            if self.formless[file] and not self.formed[file]:
                yield f"{file}: this is no capture: nothing in it has a known form; {_FORMS}"
        if self._open is not None:
            yield self._open.fault()


def _whole(value: Any) -> int | None:
    return value if type(value) is int else None
