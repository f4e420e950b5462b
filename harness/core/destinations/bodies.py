"""From the bytes of a body to the payloads in it, by the destination's kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from msgspec import Struct

from harness.core.delivery import Payload, Violation

NESTING = 240
"""Levels of nesting that a body may have."""
_SHALLOW = 5 * NESTING
"""Bytes in which objects cannot be nested too deeply, since each has braces, quotes and a colon."""
_ARRAY = ord("[")
"""One byte is found several times sooner by its number."""
ENVELOPE = 14
"""Levels that our own documents add around what came, where they list it; orjson writes 254 in all."""

_SHOWN = 120


class Unpacked(Struct, frozen=True):
    """What a body turned out to hold; a named tuple for the reason that a delivery is one."""

    payloads: tuple[Payload, ...] = ()
    calls: tuple[Payload | None, ...] | None = None
    """For list entries: the call that each came in as, or None; None altogether where no entry came as a call."""
    violations: tuple[Violation, ...] = ()
    status: int | None = None
    """The status that the body itself forces, whatever the behaviour says; None: none."""
    answer: Mapping[str, Any] | None = None
    """The JSON that acknowledges it, where that depends on the body."""
    creates: str | None = None
    """The name of the audience that it creates at a list destination."""
    looks_up: str | None = None
    """The external id of the audience that it asks for."""


def malformed(message: str, expected: str, actual: str, *, status: int = 400) -> Unpacked:
    """A body that cannot be unpacked: one violation, answered with `status`."""
    violation = Violation(rule="malformed-body", message=message, expected=expected, actual=actual)
    return Unpacked(violations=(violation,), status=status)


def wrong_kind(message: str, expected: str, actual: str) -> Unpacked:
    """A well-formed body that belongs to another kind of destination."""
    violation = Violation(rule="destination-kind", message=message, expected=expected, actual=actual)
    return Unpacked(violations=(violation,), status=400)


def parse(body: bytes, unpack: Callable[[Any], Unpacked]) -> Unpacked:
    """What `unpack` makes of the JSON in `body`; a malformed body where there is none."""
    document = load(body)
    return document if type(document) is Unpacked else unpack(document)


def load(body: bytes) -> Any:
    """The JSON in `body`; a malformed body, as `Unpacked`, where there is none."""
    document = load_any_depth(body)
    return too_deep() if may_be_deep(body) and is_deep(document) else document


def load_any_depth(body: bytes) -> Any:
    """The same, however deeply it is nested."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if not body.strip():
            return malformed("the body is empty", "a JSON object or array", "no body")
        return malformed(f"the body is not JSON: {error}", "a JSON object or array", shown(body))


def may_be_deep(body: bytes) -> bool:
    """Whether the JSON in `body` may be nested too deeply, as far as counting tells."""
    if len(body) <= _SHALLOW and _ARRAY not in body:  # the usual payload; to count takes longer
        return False
    return body.count(b"{") + body.count(b"[") > NESTING


def text_may_be_deep(text: str) -> bool:
    """The same of JSON in `text`."""
    if len(text) <= _SHALLOW and "[" not in text:
        return False
    return text.count("{") + text.count("[") > NESTING


def is_deep(document: Any, *, around: int = ENVELOPE) -> bool:
    """Whether `document` is nested too deeply to be written again with so many levels around it."""
    for _ in range(around):
        document = [document]
    try:
        orjson.dumps(document)
    except orjson.JSONEncodeError:
        return True
    return False


def too_deep() -> Unpacked:
    """A body that is nested too deeply."""
    return malformed("the body is nested too deeply", f"at most {NESTING} levels", f"more than {NESTING} levels")


def is_sync_document(value: Mapping[str, Any]) -> bool:
    """Whether an object means to be a list sync document, or an entry of one, and not a call."""
    return "list" in value and "type" not in value


def shown(body: bytes) -> str:
    """The start of a body, as text that can be printed."""
    text = body[: _SHOWN + 1].decode("utf-8", "backslashreplace")
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def described(value: Any) -> str:
    """A JSON value in a few words, for messages."""
    names = {
        dict: "an object",
        list: "an array",
        str: "a string",
        bool: "a boolean",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "null")
