"""A server in the thread of its caller, for programs that do nothing else while it has something to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from harness.adapters.server.server import Server
from harness.core.schemas import prepare_explanations

T = TypeVar("T")


class InlineServer:
    """Starts, calls and stops a server whose event loop runs only while something is called.

    Nobody has to change threads for it, which costs more than many a call does. What comes in between two calls waits.
    """

    def __init__(self) -> None:
        self.server = Server()
        # With a factory: without, the loop would become that of the thread, and others may rely on theirs.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)

    def start(self) -> str:
        """Listen at any free port of the loopback interface, and return the URL."""
        prepare_explanations()  # or the first refusal would wait for an import
        return self._runner.run(self.server.start())

    def stop(self) -> None:
        """Listen no more, having answered what is being answered; it cannot be started again."""
        try:
            self._runner.run(self.server.stop())
        finally:
            self._runner.close()

    def call(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the coroutine that `make` makes returns or raises; RuntimeError where a loop runs in this thread."""
        return self._runner.run(make())
