"""The section `server:` of a configuration: what holds for the whole server rather than for a run of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from harness.adapters.server.requests import Limits
from harness.core.documents import At, Document
from harness.core.instants import SECOND, parse_duration

_SIZE: Final = re.compile(r"(\d{1,12}) ?(B|KiB|MiB|GiB)")
_UNITS: Final = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_LEAST_HEADER: Final = 256
"""Bytes; a request with less in a line or field is none that anybody sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How a server is reached, and how much it takes."""

    token: str | None = None
    """What the control API demands; None: nothing."""
    tls_cert: Path | None = None
    """The PEM file of the certificate that it shows; None: it speaks plain HTTP."""
    tls_key: Path | None = None
    """That of the certificate's key, where it is another."""
    limits: Limits = field(default_factory=Limits)


def parse_server_settings(document: Document, folder: Path) -> ServerSettings:
    """What a document that its schema has accepted writes under `server:`; paths are taken from `folder`.

    Raises DocumentError where a limit is none.
    """
    written = document.data.get("server", {})
    tls = {name: folder / path for name, path in written.get("tls", {}).items()}
    return ServerSettings(
        token=written.get("token"),
        tls_cert=tls.get("cert"),
        tls_key=tls.get("key"),
        limits=_limits(document, written.get("limits", {})),
    )


def _limits(document: Document, written: Mapping[str, Any]) -> Limits:
    """The limits, those that are not written as they are by default."""
    changes: dict[str, Any] = {}
    for name, value in written.items():
        at = ("server", "limits", name)
        match name:
            case "body":
                changes["body"] = _read(document, at, _size)
            case "header":
                changes["line"] = changes["field"] = _read(document, at, _header_size)
            case "headers":
                changes["fields"] = value
            case "connections":
                changes["connections"] = value
            case _:  # head_time and body_time: the schema knows no others
                changes[f"{name.removesuffix('_time')}_seconds"] = _read(document, at, _seconds)
    return replace(Limits(), **changes)


def _read(document: Document, at: At, read: Callable[[Any], Any]) -> Any:
    """What `read` makes of the value at `at`; its ValueError becomes an error with that place."""
    value = document.data
    for part in at:
        value = value[part]
    try:
        return read(value)
    except ValueError as error:
        raise document.at_value(at, str(error)) from error


def _size(written: int | str) -> int:
    if isinstance(written, int):
        return written
    found = _SIZE.fullmatch(written)
    size = int(found[1]) * _UNITS[found[2]] if found else 0
    if size < 1:
        raise ValueError(f"{written!r} is no size; write a number of bytes, or a number and a unit such as 10 MiB")
    return size


def _header_size(written: int | str) -> int:
    size = _size(written)
    if size < _LEAST_HEADER:
        raise ValueError(f"{written!r} is too little for any request; write at least {_LEAST_HEADER} bytes")
    return size


def _seconds(written: str) -> float:
    duration = parse_duration(written)
    if duration == 0:
        raise ValueError(f"{written!r} is no time for anything; write a duration such as 30s")
    return duration / SECOND
