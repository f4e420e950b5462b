"""Templates: texts and documents with references such as `${payload.userId}`, which are looked up and never evaluated.

What stands between the braces is a JSONPath without its `$.`, into a document with `payload` (the first payload),
`payloads` (all of them) and `delivery` (`number`, `attempt`, `destination`, `received_at`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from harness.core.behaviours.behaviour import Asked
from harness.core.instants import isoformat
from harness.core.jsonpaths import compiled, found, is_single
from harness.core.spelling import near_miss

NAMES = ("payload", "payloads", "delivery")
_REFERENCE = re.compile(r"\$\{\s*([^{}]*?)\s*\}")
_NAME = re.compile(r"\w*")


def is_reference(text: str) -> bool:
    """Whether what stands between braces refers to what came, and not to a variable."""
    name = _NAME.match(text.strip())
    return name is not None and name[0] in NAMES


def references(value: Any) -> Iterator[str]:
    """What stands between braces anywhere in `value`."""
    if isinstance(value, str):
        yield from _REFERENCE.findall(value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def refuse_unknown(value: Any) -> None:
    """ValueError where a reference in `value` cannot be looked up."""
    for reference in references(value):
        if not is_reference(reference):
            name = (_NAME.match(reference) or [reference])[0]
            raise ValueError(
                f"unknown reference ${{{reference}}}{near_miss(name, NAMES)}: begin with {', '.join(NAMES)}"
            )
        compiled(f"$.{reference}")


def filled(value: Any, asked: Asked) -> Any:
    """`value` with its references looked up in what came."""
    return _filled(value, _document(asked))


def _document(asked: Asked) -> Mapping[str, Any]:
    arrival = asked.arrival
    return {
        "payload": asked.payloads[0] if asked.payloads else None,
        "payloads": list(asked.payloads),
        "delivery": {
            "number": asked.number,
            "attempt": asked.attempt,
            "destination": arrival.destination,
            "received_at": isoformat(arrival.received_at),
        },
    }


def _filled(value: Any, document: Mapping[str, Any]) -> Any:
    match value:
        case str():
            return _text(value, document)
        case dict():
            return {name: _filled(item, document) for name, item in value.items()}
        case list():
            return [_filled(item, document) for item in value]
        case _:
            return value


def _text(text: str, document: Mapping[str, Any]) -> Any:
    """A text that is only one reference takes the type of what it refers to."""
    whole = _REFERENCE.fullmatch(text)
    if whole is not None:
        return _looked_up(whole[1], document)
    return _REFERENCE.sub(lambda match: _written(_looked_up(match[1], document)), text)


def _looked_up(reference: str, document: Mapping[str, Any]) -> Any:
    """The value, None where there is none; a list of values, where there may be several."""
    path = f"$.{reference}"
    values = found(path, document)
    return (values[0] if values else None) if is_single(path) else values


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
