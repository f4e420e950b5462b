"""The configuration file of a running server: read again when it changes, and on SIGHUP."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, TypeAlias

from harness.adapters.config_files import ServerConfig, load_server_config
from harness.adapters.server.happenings import LOGGER, happened
from harness.adapters.server.requests import DEFAULT_RUN
from harness.adapters.server.server import Server
from harness.cli.say import say, say_error
from harness.core.documents import DocumentError, DocumentErrors
from harness.core.systems import SystemFailed

FileState: TypeAlias = tuple[int, int, int] | None
"""What shows that a file was changed; None where it is not there, as while an editor replaces it."""
LOOK_SECONDS: Final = 0.5
"""How often the file is looked at; it counts as changed once two looks in a row see the same."""


class Reloading:
    """Applies a configuration file anew whenever it changes; one that is not right changes nothing."""

    def __init__(self, server: Server, path: Path, config: ServerConfig, read: FileState) -> None:
        """Watch `path`, of which `config` was read when it was as `read`, for the default run of `server`."""
        self._server = server
        self._path = path
        self._setup = config.setup
        self._settings = config.settings
        self._applied = read
        self._told = asyncio.Event()
        with suppress(NotImplementedError, AttributeError):  # on Windows, which has no such signal
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._told.set)

    async def watch(self) -> None:
        """Apply the file whenever it changed or SIGHUP came, until cancelled."""
        seen = self._applied
        while True:
            told = await self._look()
            now = await asyncio.to_thread(state_of, self._path)
            if told or (now == seen and now not in (None, self._applied)):
                self._applied = now
                await self._apply()
            seen = now

    async def _look(self) -> bool:
        """Whether SIGHUP came before it is time to look again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._told.wait()
        told = self._told.is_set()
        self._told.clear()
        return told

    async def _apply(self) -> None:
        try:
            config = await asyncio.to_thread(load_server_config, self._path)
            run = self._server.open_run(DEFAULT_RUN)
            await self._server.reload(run, self._setup, config.setup, config.contract)
        except (DocumentError, DocumentErrors, SystemFailed) as error:
            _refused(str(error))
        except Exception as error:  # noqa: BLE001  # the server goes on as it was, whatever is wrong with the file
            _refused(f"{self._path}: {type(error).__name__}: {error}")
        else:
            self._setup = config.setup
            say(f"{self._path} is applied")
            if config.settings != self._settings:
                _postponed(f"{self._path}: what it says under `server:` has changed, and holds from the next start on")


@asynccontextmanager
async def watching(server: Server, path: Path | None, config: ServerConfig, read: FileState) -> AsyncIterator[None]:
    """Apply the file at `path`, where there is one, whenever it is no longer as `read` while the context lasts."""
    if path is None:
        yield
        return
    task = asyncio.create_task(Reloading(server, path, config, read).watch())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _refused(why: str) -> None:
    say_error(f"the changed configuration is not applied, all stays as it was: {why}")
    _log("config-refused", f"the changed configuration is refused: {why}")


def _postponed(words: str) -> None:
    say(words)
    _log("restart-needed", words)


def _log(name: str, words: str) -> None:
    if logging.getLogger(LOGGER).hasHandlers():  # else Python itself would print the words a second time
        happened(name, words, level=logging.WARNING)


def state_of(path: Path) -> FileState:
    """The state of the file at `path` now."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
