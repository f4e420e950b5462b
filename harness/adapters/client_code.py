"""Runs a user's own client code, so that a real client library sends to a source."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any


class ClientFailed(Exception):
    """Client code could not be run, or failed; the message says which and how."""


async def run_client(file: Path, function: str, *, host: str, write_key: str, seconds: float) -> None:
    """Call `function(host=…, write_key=…)` of the Python file; return when it returns.

    It may be synchronous (it then runs in a thread of its own) or asynchronous. Raises ClientFailed.
    """
    code = _load(file, function)
    try:
        async with asyncio.timeout(seconds):
            if inspect.iscoroutinefunction(code):
                await code(host=host, write_key=write_key)
            else:
                await asyncio.to_thread(code, host=host, write_key=write_key)
    except TimeoutError:
        raise ClientFailed(f"{file}: {function} did not return within {seconds:g} s; give `within:` more") from None
    except Exception as error:
        raise ClientFailed(f"{file}: {function} failed: {type(error).__name__}: {error}") from error


def _load(file: Path, function: str) -> Callable[..., Any]:
    spec = importlib.util.spec_from_file_location(f"harness_client_{file.stem}", file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise ClientFailed(f"{file}: there is no such file; write its path from the scenario's folder")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ClientFailed(f"{file}: cannot be imported: {type(error).__name__}: {error}") from error
    code = getattr(module, function, None)
    if not callable(code):
        raise ClientFailed(f"{file}: has no function {function!r}")
    found: Callable[..., Any] = code
    return found
