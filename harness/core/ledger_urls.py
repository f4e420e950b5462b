"""Where a server's ledgers are, as `--ledger` writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import parse_qsl, unquote

from msgspec import Struct, field

from harness.core.instants import parse_duration
from harness.core.keeping import Bounds
from harness.core.spelling import near_miss

Synchronous: TypeAlias = Literal["normal", "full"]
_SIZES: Final = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
FORMS: Final = "memory:, memory:?max=N or sqlite:PATH"


class InMemory(Struct, frozen=True, kw_only=True):
    """Ledgers that last as long as the process."""

    bounds: Bounds = field(default_factory=Bounds)


class InSqlite(Struct, frozen=True, kw_only=True):
    """Ledgers in one SQLite file."""

    path: str
    bounds: Bounds = field(default_factory=Bounds)
    synchronous: Synchronous = "normal"
    """What a commit survives: `normal` the death of the process, `full` that of the machine."""


LedgerPlace: TypeAlias = InMemory | InSqlite


def parse_ledger_url(url: str) -> LedgerPlace:
    """The place that `url` writes; ValueError says what is wrong with it."""
    scheme, colon, rest = url.partition(":")
    place, _, query = rest.partition("?")
    if scheme not in ("memory", "sqlite") or not colon:
        raise ValueError(f"{url!r} is no ledger{near_miss(scheme, ['memory', 'sqlite'])}; write {FORMS}")
    if scheme == "memory":
        if place:
            raise ValueError(f"a ledger in memory has no path: {url!r}; write memory: or memory:?max=N")
        return InMemory(bounds=Bounds(**_options(query, _BOUNDS)))
    if not place:
        raise ValueError(f"{url!r} names no file; write sqlite:PATH")
    options = _options(query, {**_BOUNDS, "synchronous": _synchronous})
    synchronous = options.pop("synchronous", "normal")
    return InSqlite(path=unquote(place), bounds=Bounds(**options), synchronous=synchronous)


def _options(query: str, readers: Mapping[str, Callable[[str], Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        if name not in readers:
            raise ValueError(
                f"unknown ledger option {name[:80]!r}{near_miss(name[:80], readers)}; known: {', '.join(readers)}"
            )
        if name in found:
            raise ValueError(f"the ledger option {name} is given twice")
        try:
            found[name] = readers[name](text)
        except ValueError as error:
            raise ValueError(f"ledger option {name}: {error}") from None
    return found


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 10**12:
        raise ValueError(f"{text[:80]!r} is no number of deliveries: write a whole number from 1, such as 100000")
    return int(text)


def _bytes(text: str) -> int:
    number = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    unit = text[len(number) :].lower()
    if not number.isascii() or not number.isdigit() or unit not in ("", *_SIZES) or not 0 < int(number) < 10**15:
        raise ValueError(f"{text[:80]!r} is no size: write bytes, or a unit such as 500MB or 1GiB")
    return int(number) * _SIZES.get(unit, 1)


def _age(text: str) -> int:
    age = parse_duration(text)
    if age <= 0:
        raise ValueError(f"{text[:80]!r} keeps nothing: write a longer time, such as 7d")
    return age


def _synchronous(text: str) -> str:
    if text not in ("normal", "full"):
        raise ValueError(f"{text[:80]!r} is neither normal nor full")
    return text


_BOUNDS: Final[Mapping[str, Callable[[str], Any]]] = {"max": _count, "max_age": _age, "max_bytes": _bytes}
