"""An answer that takes up what came."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from harness.core.behaviours.behaviour import Asked, Memory
from harness.core.behaviours.templates import filled
from harness.core.delivery import Reply, Respond
from harness.core.instants import Duration

_UNSENDABLE = dict.fromkeys((*range(0x20), 0x7F), " ")


class Answer(Struct, frozen=True, kw_only=True):
    """A status with a body and headers, in which references to what came are looked up."""

    status: int = 200
    body: Any = None
    """A text is answered as it is, all else as JSON; None lets the destination's kind acknowledge."""
    headers: tuple[tuple[str, str], ...] = ()
    dribble: Duration = 0

    def decide(self, asked: Asked, memory: Memory) -> Reply:
        """The answer; what a header cannot hold is a blank in it."""
        body = filled(self.body, asked)
        return Respond(
            status=self.status,
            body=None if isinstance(self.body, str) else body,
            text=_as_text(body) if isinstance(self.body, str) else None,
            headers=tuple((name, _one_line(filled(value, asked))) for name, value in self.headers),
            dribble=self.dribble,
        )


def _one_line(value: Any) -> str:
    return _as_text(value).translate(_UNSENDABLE)


def _as_text(value: Any) -> str:
    return "" if value is None else str(value)
