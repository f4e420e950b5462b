"""The limits of a server that can be set, by the names that configurations and options give them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from harness.adapters.server.requests import Limits
from harness.core.instants import SECOND, parse_duration

_UNITS: Final = {"": 1, "B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_SIZE: Final = re.compile(r"([1-9][0-9]{0,11}) ?(|B|KiB|MiB|GiB)", re.ASCII)
_COUNT: Final = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
_LEAST_HEADER: Final = 256
"""Bytes; a request with less in a line or field is none that anybody sends."""


def _size(text: str) -> int:
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:80]!r} is no size; write bytes, or a unit such as 64KiB or 20MiB")
    return int(found[1]) * _UNITS[found[2]]


def _header_size(text: str) -> int:
    size = _size(text)
    if size < _LEAST_HEADER:
        raise ValueError(f"{text[:80]!r} is too little for any request; write at least {_LEAST_HEADER} bytes")
    return size


def _count(text: str) -> int:
    if _COUNT.fullmatch(text) is None:
        raise ValueError(f"{text[:80]!r} is no number; write one from 1 to 999999")
    return int(text)


def _seconds(text: str) -> float:
    seconds = parse_duration(text) / SECOND
    if seconds <= 0:
        raise ValueError(f"{text[:80]!r} leaves no time; write a duration such as 30s")
    return seconds


LIMITS: Final[Mapping[str, Callable[[str], Mapping[str, Any]]]] = {
    "body": lambda text: {"body": _size(text), "kept": min(Limits().kept, _size(text))},
    "header": lambda text: {"line": _header_size(text), "field": _header_size(text)},
    "headers": lambda text: {"fields": _count(text)},
    "connections": lambda text: {"connections": _count(text)},
    "head_time": lambda text: {"head_seconds": _seconds(text)},
    "body_time": lambda text: {"body_seconds": _seconds(text)},
}
"""What each sets, by its name; ValueError says what is wrong with a value."""
