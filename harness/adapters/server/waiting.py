"""Waiting for more to be recorded."""

from __future__ import annotations

import asyncio


class WaitedFor:
    """Something whose news people wait for."""

    def __init__(self) -> None:
        """Have nobody wait yet."""
        self._over = False
        self._waiting: set[asyncio.Future[bool]] = set()

    async def changed(self) -> bool:
        """Return when something more is recorded; False where nothing more will be, or nobody is to wait for it."""
        if self._over:
            return False
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            return await future
        finally:
            self._waiting.discard(future)

    @property
    def waited_for(self) -> bool:
        """Whether anybody waits for more."""
        return bool(self._waiting)

    def nudge(self) -> None:
        """Let everybody who waits look again: something other than the ledger has changed."""
        self._wake(more=True)

    def release(self) -> None:
        """Let everybody who waits for more go on without it, now and from now on."""
        self._over = True
        self._wake(more=False)

    def resume(self) -> None:
        """Let people wait for more again."""
        self._over = False

    def _wake(self, *, more: bool) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(more)
