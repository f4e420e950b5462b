"""The limits of a server, as `harness serve --limit` writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from harness.adapters.server.requests import Limits
from harness.cli.exits import UsageFault
from harness.core.instants import SECOND, parse_duration
from harness.core.spelling import near_miss

_UNITS: Final = {"": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_SIZE: Final = re.compile(r"([1-9][0-9]{0,11})(|[KMG]iB)", re.ASCII)


def read_limits(written: Iterable[str]) -> Limits:
    """The usual limits, but for those that are written as NAME=VALUE; UsageFault says what is wrong with one."""
    limits, seen = Limits(), set[str]()
    for text in written:
        name, _, value = text.partition("=")
        if name not in LIMITS:
            raise UsageFault(f"--limit: unknown limit {name[:80]!r}{near_miss(name[:80], LIMITS)}; {_KNOWN}")
        if name in seen:
            raise UsageFault(f"--limit: {name} is given twice; leave one out")
        seen.add(name)
        try:
            limits = replace(limits, **LIMITS[name](value))
        except ValueError as error:
            raise UsageFault(f"--limit {name}: {error}") from None
    return limits


def _size(text: str) -> int:
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:80]!r} is no size; write bytes, or a unit such as 64KiB or 20MiB")
    return int(found[1]) * _UNITS[found[2]]


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text, re.ASCII):
        raise ValueError(f"{text[:80]!r} is no number of header fields; write one from 1 to 999999")
    return int(text)


def _seconds(text: str) -> float:
    seconds = parse_duration(text) / SECOND
    if seconds <= 0:
        raise ValueError(f"{text[:80]!r} leaves no time; write a duration such as 30s")
    return seconds


LIMITS: Final[Mapping[str, Callable[[str], Mapping[str, Any]]]] = {
    "body": lambda text: {"body": _size(text), "kept": min(Limits().kept, _size(text))},
    "header": lambda text: {"line": _size(text), "field": _size(text)},
    "headers": lambda text: {"fields": _count(text)},
    "body-time": lambda text: {"body_seconds": _seconds(text)},
}
"""What each name sets."""
_KNOWN: Final = f"known: {', '.join(LIMITS)}"
