"""Runs a user's own client code, so that a real client library sends to a source."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import inspect
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any


class ClientFailed(Exception):
    """Client code could not be run, or failed; the message says which and how."""


async def run_client(file: Path, function: str, *, host: str, write_key: str, seconds: float) -> None:
    """Call `function(host=…, write_key=…)` of the Python file; return when it returns.

    It may be synchronous (it then runs in a thread of its own) or asynchronous. Raises ClientFailed.
    """
    code = _function(file, function)
    call = partial(code, host=host, write_key=write_key)
    try:
        async with asyncio.timeout(seconds) as limit:
            result = call() if inspect.iscoroutinefunction(code) else await _in_thread(call)
            if inspect.isawaitable(result):
                await result
    except (Exception, SystemExit) as error:
        if limit.expired() and isinstance(error, TimeoutError):
            raise ClientFailed(f"{file}: {function} did not return within {seconds:g} s; give `within:` more") from None
        raise ClientFailed(f"{_place(file, error)}: {function} failed: {type(error).__name__}: {error}") from error


async def _in_thread(call: Callable[[], Any]) -> Any:
    """What `call` returns or raises.

    The thread is a daemon: code that never returns must not keep the process from ending.
    """
    done: Future[BaseException | None] = Future()
    results: list[Any] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001  # whoever waits for it is told, whatever it is
            done.set_result(error)  # as a result, since asyncio replaces a TimeoutError, and its place is gone
        else:
            done.set_result(None)

    threading.Thread(target=work, name="harness-client", daemon=True).start()
    error = await asyncio.wrap_future(done)
    if error is not None:
        raise error
    return results[0]


def _function(file: Path, function: str) -> Callable[..., Any]:
    code = getattr(_load(file), function, None)
    if not callable(code):
        raise ClientFailed(f"{file}: it has no function {function!r}; define `def {function}(host, write_key)`")
    found: Callable[..., Any] = code
    return found


def _load(file: Path) -> ModuleType:
    name = f"harness_client_{file.stem}_{hashlib.blake2b(str(file.resolve()).encode(), digest_size=4).hexdigest()}"
    spec = importlib.util.spec_from_file_location(name, file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise ClientFailed(f"{file}: there is no such Python file; write its path from the scenario's folder")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses, for one, look their module up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ClientFailed(f"{_place(file, error)}: it cannot be imported: {type(error).__name__}: {error}") from error
    return module


def _place(file: Path, error: BaseException) -> str:
    """The file, with the line of it that the failure came through last."""
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return f"{file}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == file.resolve()]
    return f"{file}:{lines[-1]}" if lines else str(file)
