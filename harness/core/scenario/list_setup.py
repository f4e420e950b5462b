"""What only a list destination is set up with, `sync` and `minimum_size`, read from an accepted document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from harness.core.documents import At, Document
from harness.core.instants import HOUR, MINUTE, Duration, parse_duration
from harness.core.lists.presets import CADENCES, MINIMUM_SIZES
from harness.core.lists.syncs import Sync, Window
from harness.core.spelling import near_miss


class ListSettings(TypedDict):
    """The fields of a list destination that no other has."""

    sync: Sync | None
    minimum_size: int


def parse_list(document: Document, at: At, written: Mapping[str, Any]) -> ListSettings:
    """The settings of the destination that is `written` at `at`; DocumentError where they are not right."""
    for key in ("sync", "minimum_size"):
        if key in written and written["kind"] != "list":
            message = f"only a list destination has `{key}`, and this is of kind {written['kind']}"
            raise document.at_key((*at, key), message, f"leave `{key}` out, or write `kind: list`")
    return ListSettings(
        sync=_sync(document, (*at, "sync"), written["sync"]) if "sync" in written else None,
        minimum_size=_size(document, (*at, "minimum_size"), written.get("minimum_size", 0)),
    )


def _size(document: Document, at: At, written: int | str) -> int:
    if isinstance(written, int):
        return written
    if written not in MINIMUM_SIZES:
        message = f"unknown minimum size {written!r}{near_miss(written, MINIMUM_SIZES)}"
        raise document.at_value(at, message, "write a number, or the name of a documented one")
    return MINIMUM_SIZES[written].members


def _sync(document: Document, at: At, written: str | Mapping[str, Any]) -> Sync:
    if isinstance(written, str):
        if written not in CADENCES:
            message = f"unknown cadence {written!r}{near_miss(written, CADENCES)}"
            raise document.at_value(at, message, "write `{every: 1h}`, or the name of a documented one")
        return CADENCES[written].sync
    first = written.get("first")
    return Sync(
        every=_positive(document, (*at, "every"), written["every"]),
        first=None if first is None else _positive(document, (*at, "first"), first),
        window=_window(document, (*at, "window"), written.get("window")),
    )


def _positive(document: Document, at: At, text: str) -> Duration:
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise document.at_value(at, str(error)) from error
    if found <= 0:
        raise document.at_value(at, "nothing is synchronised in no time", "write a duration such as 1h, or no `sync`")
    return found


def _window(document: Document, at: At, written: Mapping[str, str] | None) -> Window | None:
    if written is None:
        return None
    if written["from"] == written["to"]:
        raise document.at_value((*at, "to"), "the window has no length", "write another time, or leave `window` out")
    return Window(opens=_time(written["from"]), closes=_time(written["to"]))


def _time(text: str) -> Duration:
    hours, minutes = text.split(":")
    return int(hours) * HOUR + int(minutes) * MINUTE
