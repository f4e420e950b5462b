"""How often each message came, for as many messages as there is memory for."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol


class Attempts(Protocol):
    """Counts by message; a plain dict is one that remembers all of them."""

    def get(self, message: Hashable, default: int, /) -> int:
        """How often `message` came, `default` where that is not known."""
        ...

    def __setitem__(self, message: Hashable, count: int, /) -> None: ...

    def pop(self, message: Hashable, default: None, /) -> int | None:
        """Forget `message`, which may not be known."""
        ...


class RecentAttempts:
    """Remembers the messages that came last: at least `most`, and never more than twice as many.

    Two generations: when the younger one is full, it takes the place of the older one, so that nothing has to be
    forgotten message by message.
    """

    __slots__ = ("_most", "_old", "_young")

    def __init__(self, most: int) -> None:
        """Start with none."""
        self._most = most
        self._young: dict[Hashable, int] = {}
        self._old: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())

    def get(self, message: Hashable, default: int, /) -> int:
        """How often `message` came; `default` where that is not remembered."""
        found = self._young.get(message)
        return self._old.get(message, default) if found is None else found

    def __setitem__(self, message: Hashable, count: int, /) -> None:
        if len(self._young) >= self._most and message not in self._young:
            self._old, self._young = self._young, {}
        self._young[message] = count

    def pop(self, message: Hashable, default: None, /) -> int | None:
        """Forget `message`; how often it came, where that is remembered."""
        old, young = self._old.pop(message, default), self._young.pop(message, default)
        return old if young is None else young
