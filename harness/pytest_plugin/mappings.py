"""Destinations, journeys and profiles that a test writes in Python, in the form that scenario files have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from harness.adapters.crowds import make_crowd
from harness.adapters.json_files import own_schema
from harness.core.destinations.destination import Destination
from harness.core.documents import At, Document, DocumentError, Mark, validate
from harness.core.journeys import Journey
from harness.core.profiles import Profile
from harness.core.scenario.setup import parse_destinations, parse_journeys, parse_profiles

__tracebackhide__ = True  # pytest shows the line of the test that asks for what cannot be
T = TypeVar("T")


class _Marks(Mapping[At, Mark]):
    """The place of each value: not a line of a file, but the way to it, such as `journeys.winback.steps[0]`."""

    def __getitem__(self, at: At) -> Mark:
        way = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at)
        return Mark(file=way.removeprefix("."), line=1, column=1)

    def __contains__(self, at: object) -> bool:
        return True

    def __iter__(self) -> Iterator[At]:
        return iter(())

    def __len__(self) -> int:
        return 0


def journeys_in(written: object) -> dict[str, Journey]:
    """The journeys that a mapping declares as a scenario's `journeys:` does; ValueError says all that is wrong."""
    return _parsed("journeys", written, lambda document: parse_journeys(document, None))


def destination_in(name: str, written: Mapping[str, Any]) -> Destination:
    """The destination that a mapping describes as an entry of a scenario's `destinations:` does; ValueError."""
    return _parsed("destinations", {name: written}, parse_destinations)[name]


def profile_in(name: str, written: Mapping[str, Any]) -> Profile:
    """The one person whom a mapping describes as an entry of a scenario's `profiles:` does; ValueError."""
    (profile,) = _parsed("profiles", {name: written}, lambda document: parse_profiles(document, make_crowd))[name]
    return profile


def _parsed(section: str, written: object, parse: Callable[[Document], T]) -> T:
    """What `parse` makes of a document whose only section is `written`; the schema of that section goes first."""
    document = Document(data={section: written}, marks=_Marks())
    try:
        problems = validate(document, own_schema("config"))
        if not problems:
            return parse(document)
    except DocumentError as error:
        problems = [error]
    raise ValueError("\n".join(map(_told, problems)))


def _told(problem: DocumentError) -> str:
    remedy = f" ({problem.remedy})" if problem.remedy else ""
    return f"{problem.mark.file}: {problem.message.removeprefix(problem.mark.file).lstrip()}{remedy}"
