"""How a destination chooses its replies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from harness.core.delivery import Fault, Reply, Respond

OK = Respond(status=200)
STATUSES = range(200, 600)


class Behaviour(Protocol):
    """Chooses a reply, knowing nothing but how often the delivery's most-tried message came before."""

    def decide(self, attempt: int) -> Reply:
        """The reply to the `attempt`-th attempt, counted from 1."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """The same reply to everything."""

    reply: Reply = OK

    def decide(self, attempt: int) -> Reply:
        """That reply."""
        return self.reply


@dataclass(frozen=True, slots=True, kw_only=True)
class SequencePerMessage:
    """One reply after the other to the attempts of one message; the last one repeats."""

    replies: tuple[Reply, ...]
    """At least one."""

    def decide(self, attempt: int) -> Reply:
        """The reply in that place."""
        return self.replies[min(attempt, len(self.replies)) - 1]


def behaviour(written: Any) -> Behaviour:
    """The behaviour that `replies:` writes: a status, or a sequence of them; ValueError says what is wrong.

    A status is an integer from 200 to 599; `reset` in its place cuts the connection.
    """
    if isinstance(written, list):
        if not written:
            raise ValueError("a sequence of replies needs at least one: write a status such as 200")
        return SequencePerMessage(replies=tuple(_reply(item) for item in written))
    return Always(reply=_reply(written))


def _reply(written: Any) -> Reply:
    if written == "reset":
        return Fault(name="reset")
    if isinstance(written, int) and not isinstance(written, bool) and written in STATUSES:
        return OK if written == OK.status else Respond(status=written)
    raise ValueError(f"{written!r} is not a reply: write a status from 200 to 599, or reset")
