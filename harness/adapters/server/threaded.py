"""A server in a thread of its own, for programs that are synchronous or have an event loop of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from harness.adapters.server.server import Server
from harness.core.schemas import prepare_explanations

T = TypeVar("T")


class ThreadedServer:
    """Starts, calls and stops a server whose event loop runs in another thread, so that no caller can block it."""

    def __init__(self, server: Server | None = None) -> None:
        """Hold `server`, not started; a new one unless given."""
        self.server = server or Server()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """Where it listens, once started."""
        return self.server.url

    def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and return the URL; OSError where host or port cannot be had."""
        if self._thread is not None:
            raise RuntimeError("this server was started before; stop it first")
        started: Future[str] = Future()
        # Here, not in the new thread at the first refusal: pytest rewrites what is imported, and two threads that parse
        # source at once can break each other in Python 3.11 (SystemError: AST constructor recursion depth mismatch).
        prepare_explanations()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(host, port, started)), name="harness-server", daemon=True
        )
        self._thread.start()
        try:
            return started.result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Listen no more, having answered what is being answered; a second call does nothing."""
        thread, self._thread = self._thread, None
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        if thread is not None:
            thread.join()

    def call(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What the coroutine that `make` makes returns or raises, run on the server's loop; from any other thread."""
        future = self._submit(make)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def acall(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The same for a caller with an event loop of its own, which goes on meanwhile."""
        return await asyncio.wrap_future(self._submit(make))

    def do(self, action: Callable[[], T]) -> T:
        """What `action` returns or raises, run on the server's loop, between its requests."""

        async def once() -> T:
            return action()

        return self.call(once)

    def _submit(self, make: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        if self._loop is None:
            raise RuntimeError("the server is not running; start it first")
        if threading.current_thread() is self._thread:
            raise RuntimeError("this would wait for itself: it runs in the server's own thread; await the coroutine")
        return asyncio.run_coroutine_threadsafe(make(), self._loop)

    async def _serve(self, host: str, port: int, started: Future[str]) -> None:
        try:
            url = await self.server.start(host, port)
        except BaseException as error:  # noqa: BLE001  # whoever starts it is told, whatever it is
            started.set_exception(error)
            return
        self._stopping = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        started.set_result(url)
        try:
            await self._stopping.wait()
        finally:
            self._loop = self._stopping = None
            await self.server.stop()
