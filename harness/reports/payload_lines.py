"""A payload as a tester reads it: a line for each member, cut where that is long, the place in question marked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from harness.core.delivery import Payload
from harness.core.paths import child

MARK = "> "
_PLAIN = "  "
_WIDTH = 110
_DULL = ("originalTimestamp", "receivedAt", "sentAt")
"""Members that tell a reader nothing which `timestamp` does not."""


def payload_lines(payload: Payload, path: str = "$") -> list[str]:
    """`payload` in lines whose first two characters mark the place that `path` (JSONPath) names or would stand in.

    What fits on one line is one line; else each member has its own, and only those on the way to `path` are unfolded.
    """
    whole = _compact(payload)
    if len(whole) <= _WIDTH:
        return [_PLAIN + whole]
    dull = [name for name in _DULL if name in payload and not _leads(child("$", name), path)]
    telling = {name: item for name, item in payload.items() if name not in dull}
    return [*_members(telling, "$", path, ""), *([f"{_PLAIN}… and {', '.join(dull)}"] if dull else ())]


def _members(value: Mapping[str, Any], at: str, path: str, indent: str) -> Iterator[str]:
    for name, item in value.items():
        here = child(at, name)
        text = f"{indent}{name}: {_compact(item)}"
        leads = _leads(here, path)
        if leads and here != path and isinstance(item, dict) and item:
            held = any(_leads(child(here, inner), path) for inner in item)
            yield f"{_PLAIN if held else MARK}{indent}{name}:"
            yield from _members(item, here, path, f"{indent}  ")
        else:
            yield (MARK if leads else _PLAIN) + cut(text, _WIDTH)


def _leads(here: str, path: str) -> bool:
    """Whether `path` is the place `here`, or one within it."""
    return path == here or path.startswith((f"{here}.", f"{here}["))


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def cut(text: str, width: int) -> str:
    """`text`, or as much of it as fits, with a sign that there is more."""
    return text if len(text) <= width else f"{text[: width - 1]}…"
