"""Closes runs that nobody uses any more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from harness.adapters.server.all_runs import Runs
from harness.adapters.server.happenings import LOGGER
from harness.adapters.server.in_flight import InFlight
from harness.adapters.server.requests import DEFAULT_RUN
from harness.adapters.server.runs import Run
from harness.core.instants import Instant, format_duration

_EVERY_SECONDS: Final = 1.0
"""How often it looks; a run may live that much longer."""
_LOG = logging.getLogger(LOGGER)


class Expiring(Protocol):
    """The server, as far as the expiry of runs needs it."""

    runs: Runs
    in_flight: InFlight
    now: Callable[[], Instant]

    async def close_run(self, name: str, how: str) -> None:
        """Close the run of that name; `how` tells those who still send what became of it."""
        ...


class Expiry:
    """Closes each run once nothing came for it, and nobody asked for it, for as long as it lives."""

    def __init__(self, server: Expiring) -> None:
        """Look after the runs of `server`."""
        self._server = server
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look every second, until stopped."""
        self._task = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """Look no more; a second call does nothing."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def expire(self) -> None:
        """Close the runs whose time is over; the default run has no end."""
        for run in [run for run in self._server.runs if self._is_over(run)]:
            await self._server.close_run(run.name, f"has expired: it was idle for {_told(run)}")

    def _is_over(self, run: Run) -> bool:
        if run.expires_after is None or run.name == DEFAULT_RUN:
            return False
        if run.waited_for or self._server.in_flight.count(run.name):
            return False
        return self._server.now() - run.active_at() >= run.expires_after

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                await self.expire()
            except Exception:  # noqa: BLE001  # a run that cannot be closed must not let all others live for ever
                _LOG.exception("runs could not be closed")


def _told(run: Run) -> str:
    return format_duration(run.expires_after or 0)
