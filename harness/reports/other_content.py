"""What differs where a message came again with other content: a rule keeps only hashes, the proof has the payloads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from harness.core.calls import UNTOLD, digest
from harness.core.delivery import Payload, Violation
from harness.core.paths import child

_RULES = frozenset({"message-id-unique", "retry-same-message"})
_MISSING = object()
_WIDTH = 60
_BEFORE = 15
"""Of a long text, so many characters before the first that differs are shown."""


class Difference(NamedTuple):
    """The first place in which two contents differ."""

    path: str
    """JSONPath."""
    before: str
    """What stood there, as JSON, cut around the difference; `nothing` where nothing did."""
    now: str

    def __str__(self) -> str:
        return f"{self.path} was {self.before}, and is {self.now}"


def other_content(violation: Violation, earlier: Sequence[Payload], payloads: Sequence[Payload]) -> Difference | None:
    """Where what came differs from what came before under its `messageId`; None for any other violation.

    `earlier` and `payloads` are those of the first and the last delivery that prove it.
    """
    if violation.rule not in _RULES or violation.payload is None or violation.payload >= len(payloads):
        return None
    now = payloads[violation.payload]
    message, content = now.get("messageId"), digest(now)
    for before in earlier:
        if isinstance(message, str) and before.get("messageId") == message and digest(before) != content:
            return _first(_told(before), _told(now), "$")
    return None


def _told(payload: Payload) -> dict[str, Any]:
    return {name: item for name, item in payload.items() if name not in UNTOLD}


def _first(before: Any, now: Any, path: str) -> Difference | None:
    if isinstance(before, dict) and isinstance(now, dict):
        for name in {**now, **before}:
            found = _first(before.get(name, _MISSING), now.get(name, _MISSING), child(path, name))
            if found is not None:
                return found
        return None
    if isinstance(before, list) and isinstance(now, list):
        for place in range(max(len(before), len(now))):
            found = _first(_item(before, place), _item(now, place), child(path, place))
            if found is not None:
                return found
        return None
    written = _written(before), _written(now)
    return None if written[0] == written[1] else Difference(path, *_around(*written))


def _item(items: list[Any], place: int) -> Any:
    return items[place] if place < len(items) else _MISSING


def _written(value: Any) -> str:
    return "nothing" if value is _MISSING else json.dumps(value, ensure_ascii=False)


def _around(before: str, now: str) -> tuple[str, str]:
    """Both, each cut to what stands around the first character that differs."""
    pairs: Mapping[int, tuple[str, str]] = dict(enumerate(zip(before, now, strict=False)))
    place = next((place for place, (one, other) in pairs.items() if one != other), min(len(before), len(now)))
    start = max(place - _BEFORE, 0) if max(len(before), len(now)) > _WIDTH else 0
    return _excerpt(before, start), _excerpt(now, start)


def _excerpt(text: str, start: int) -> str:
    shown = text[start : start + _WIDTH]
    return ("…" if start else "") + shown + ("…" if start + _WIDTH < len(text) else "")
