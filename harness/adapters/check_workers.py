"""Processes that judge parts of a capture, each with a judge of its own, whose states are merged at the end."""

from __future__ import annotations

import gc
import multiprocessing
import signal
import traceback
from collections.abc import Callable, Iterator
from itertools import cycle
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Self, TypeAlias

from msgspec import Struct

from harness.core.captures.captured import Defaults
from harness.core.captures.judging import CaptureJudge, JudgeState
from harness.core.captures.reading import read_lines
from harness.core.captures.sources import Sources

Result: TypeAlias = tuple[JudgeState, dict[str, int], dict[str, int]]
"""What a worker saw, and how many deliveries of each file have a known form, and none."""


class Part(Struct, frozen=True, kw_only=True):
    """Some lines of a capture, each of which tells of one delivery."""

    file: str
    line: int
    """The number of the first line."""
    number: int
    """The number of the delivery before the first."""
    lines: list[bytes]


class WorkerFailed(RuntimeError):
    """A worker failed; the message holds its traceback, if it could give one."""


class Workers:
    """Some processes that take parts in turn; they end when this is left."""

    def __init__(self, count: int, judge: Callable[[], CaptureJudge], defaults: Defaults) -> None:
        """Start `count` of them; `judge`, which can be pickled, makes the judge of each."""
        # Not forked: a progress bar has a thread, and what a thread holds is lost in a fork.
        context = multiprocessing.get_context("spawn")
        self._workers: list[tuple[BaseProcess, Connection]] = []
        for _ in range(count):
            here, there = context.Pipe()
            process = context.Process(target=_work, args=(there, judge, defaults), daemon=True)
            process.start()
            there.close()
            self._workers.append((process, here))
        self._turns = cycle([connection for _, connection in self._workers])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process, connection in self._workers:
            connection.close()
            process.terminate()
            process.join()

    def give(self, part: Part) -> None:
        """Let the next worker judge `part`; waits while it has enough to do."""
        connection = next(self._turns)
        try:
            connection.send(part)
        except (BrokenPipeError, ConnectionResetError):
            raise WorkerFailed(_last_words(connection)) from None

    def results(self) -> Iterator[Result]:
        """What each of them saw, once they are done; nothing more can be given then."""
        for _, connection in self._workers:
            connection.send(None)
        for _, connection in self._workers:
            try:
                result = connection.recv()
            except EOFError:
                raise WorkerFailed("a worker ended without a word; was there too little memory?") from None
            if isinstance(result, str):
                raise WorkerFailed(result)
            yield result


def _last_words(connection: Connection) -> str:
    """What a worker said that is no more."""
    try:
        return str(connection.recv()) if connection.poll() else "a worker ended without a word"
    except (EOFError, OSError):
        return "a worker ended without a word; was there too little memory?"


def _work(connection: Connection, judge: Callable[[], CaptureJudge], defaults: Defaults) -> None:
    """Judge parts until there are no more, and say what was seen."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The parent is interrupted too, and ends this.
    gc.disable()  # What is kept has no cycles, and looking for them again and again takes a good part of the time.
    try:
        connection.send(_judged(connection, judge(), defaults))
    except (EOFError, BrokenPipeError):
        pass  # The parent has ended.
    except Exception:  # noqa: BLE001 - the parent tells of it
        connection.send(traceback.format_exc())


def _judged(connection: Connection, judge: CaptureJudge, defaults: Defaults) -> Result:
    sources = Sources()
    while (part := connection.recv()) is not None:
        judge.leap(part.number)
        sources.opened(part.file)
        read_lines(part.lines, part.file, part.line, judge, sources, defaults)
    return judge.state(), dict(sources.formed), dict(sources.formless)
