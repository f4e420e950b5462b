"""The time-out for the head of a request: who sends it byte by byte is not waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class HeadWatch:
    """Calls `late` where a head that has begun is not there within so many seconds."""

    __slots__ = ("_late", "_loop", "_seconds", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, late: Callable[[], None]) -> None:
        self._loop = loop
        self._seconds = seconds
        self._late = late
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """A part of a head has come; more parts of it give it no more time."""
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._late)

    def end(self) -> None:
        """The head is there, or its client is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
