"""Reads the answers that `status`, `body`, `headers` and `dribble` write."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.core.behaviours.answering import Answer
from harness.core.behaviours.behaviour import Always, Behaviour
from harness.core.behaviours.places import Place
from harness.core.behaviours.templates import references, refuse_unknown
from harness.core.delivery import OK, Respond

ANSWER_KEYS = ("status", "body", "headers", "dribble")

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FRAMING = frozenset({"connection", "content-length", "date", "keep-alive", "trailer", "transfer-encoding", "upgrade"})


def answer(written: Mapping[str, Any], place: Place) -> Behaviour:
    """The answer that a mapping writes; without any of its keys, a plain 200."""
    body = written.get("body")
    place.below("body").read(lambda: refuse_unknown(body))
    headers = tuple(_headers(written.get("headers", {}), place.below("headers")))
    dribble = place.below("dribble").duration(written["dribble"]) if "dribble" in written else 0
    status = written.get("status", OK.status)
    if any(True for _ in references([body, dict(headers)])):
        return Answer(status=status, body=body, headers=headers, dribble=dribble)
    text = body if isinstance(body, str) else None
    json = None if text is not None else body
    return Always(reply=Respond(status=status, body=json, text=text, headers=headers, dribble=dribble))


def _headers(written: Mapping[str, Any], place: Place) -> Iterator[tuple[str, str]]:
    for name, value in written.items():
        at = place.below(name)
        if _TOKEN.fullmatch(str(name)) is None:
            raise at.refuse(f"{name!r} is no name for a header", "use letters, digits and -")
        if str(name).lower() in _FRAMING:
            raise at.refuse(f"the server writes the header {name} itself", "leave it out, or choose a fault")
        text = str(value)
        if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
            raise at.refuse(f"the value of {name} is not one line of text", "leave line breaks out")
        at.read(lambda text=text: refuse_unknown(text))  # type: ignore[misc]  # bound now, not when it is called
        yield str(name), text
