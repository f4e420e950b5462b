"""The server in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from urllib.request import urlopen

import pytest

from harness.adapters.server import threaded
from harness.adapters.server.threaded import ThreadedServer


@pytest.fixture
def server() -> Iterator[ThreadedServer]:
    """A server that is running."""
    server = ThreadedServer()
    server.start()
    yield server
    server.stop()


async def _thread() -> str:
    return threading.current_thread().name


async def _failure() -> None:
    raise LookupError("as told")


def test_a_synchronous_client_gets_its_answer(server: ThreadedServer) -> None:
    """The caller may block: the server answers from another thread."""
    with urlopen(f"{server.url}/_harness/healthz", timeout=10) as answer:  # noqa: S310  # our own server
        assert answer.status == 200


def test_coroutines_run_on_the_servers_loop(server: ThreadedServer) -> None:
    """`call` and `do` return what was returned in the server's thread."""
    assert server.call(_thread) == "harness-server"
    assert server.do(lambda: threading.current_thread().name) == "harness-server"


def test_what_a_coroutine_raises_reaches_the_caller(server: ThreadedServer) -> None:
    """An exception crosses the threads."""
    with pytest.raises(LookupError, match="as told"):
        server.call(_failure)


async def test_an_asynchronous_caller_goes_on_meanwhile(server: ThreadedServer) -> None:
    """While `acall` waits, the caller's own loop runs."""
    begun, own = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    async def calls_back() -> str:
        begun.set()
        done = asyncio.run_coroutine_threadsafe(own.wait(), loop)
        await asyncio.wrap_future(done)
        return "done"

    waiting = asyncio.create_task(server.acall(calls_back))
    await asyncio.to_thread(begun.wait)
    own.set()
    assert await waiting == "done"


async def test_a_caller_that_is_cancelled_cancels(server: ThreadedServer) -> None:
    """What nobody waits for any more does not go on."""
    cancelled, begun = threading.Event(), threading.Event()

    async def endless() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    waiting = asyncio.create_task(server.acall(endless))
    await asyncio.to_thread(begun.wait)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await asyncio.to_thread(cancelled.wait, 10)


def test_it_would_not_wait_for_itself(server: ThreadedServer) -> None:
    """A call from the server's own thread would never return, and is refused."""
    with pytest.raises(RuntimeError, match="wait for itself"):
        server.do(lambda: server.do(lambda: None))


def test_a_port_in_use_is_told_to_the_caller(server: ThreadedServer) -> None:
    """The error of the other thread is raised by `start`."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="address"):
            ThreadedServer().start(port=taken.getsockname()[1])


def test_it_can_be_stopped_twice_and_started_once() -> None:
    """Stopping is idempotent; a second start without a stop is refused; nothing runs after a stop."""
    server = ThreadedServer()
    server.start()
    with pytest.raises(RuntimeError, match="started before"):
        server.start()
    server.stop()
    server.stop()
    with pytest.raises(RuntimeError, match="not running"):
        server.do(lambda: None)


def test_what_explains_refusals_is_loaded_by_whoever_starts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other thread imports: pytest rewrites what is imported, and two that parse at once break each other."""
    threads: list[threading.Thread] = []
    monkeypatch.setattr(threaded, "prepare_explanations", lambda: threads.append(threading.current_thread()))
    before = threading.active_count()
    server = ThreadedServer()
    server.start()
    running = threading.active_count()
    server.stop()
    assert (threads, running) == ([threading.current_thread()], before + 1)
