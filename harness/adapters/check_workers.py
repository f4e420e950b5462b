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


class UnevenPart(Exception):
    """A line told of a page, or of more or fewer deliveries than one, so that those behind it are numbered wrongly."""


class Part(Struct, frozen=True, kw_only=True):
    """Some lines of a capture, each of which tells of one delivery, as far as anybody knows."""

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
        """Let the next worker judge `part`; waits while it has enough to do. Raises UnevenPart for one before."""
        connection = next(self._turns)
        try:
            connection.send(part)
        except (BrokenPipeError, ConnectionResetError):
            raise _ended(connection) from None

    def results(self) -> Iterator[Result]:
        """What each of them saw, once they are done; nothing more can be given then."""
        for _, connection in self._workers:
            try:
                connection.send(None)
            except (BrokenPipeError, ConnectionResetError):
                raise _ended(connection) from None
        for _, connection in self._workers:
            yield _said(connection)


def _said(connection: Connection) -> Result:
    """What a worker saw; raises UnevenPart where that is of no use, and WorkerFailed where it failed."""
    try:
        result: Result | UnevenPart | str = connection.recv()
    except (EOFError, OSError):
        raise WorkerFailed("a worker ended without a word; was there too little memory?") from None
    if isinstance(result, UnevenPart):
        raise result
    if isinstance(result, str):
        raise WorkerFailed(result)
    return result


def _ended(connection: Connection) -> Exception:
    """Why a worker is no more, from which no result was due yet."""
    try:
        _said(connection)
    except (UnevenPart, WorkerFailed) as error:
        return error
    return WorkerFailed("a worker ended before its time")


def _work(connection: Connection, judge: Callable[[], CaptureJudge], defaults: Defaults) -> None:
    """Judge parts until there are no more, and say what was seen."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The parent is interrupted too, and ends this.
    gc.disable()  # What is kept has no cycles, and looking for them again and again takes a good part of the time.
    try:
        connection.send(_judged(connection, judge(), defaults))
    except (EOFError, BrokenPipeError):
        pass  # The parent has ended.
    except UnevenPart as uneven:
        connection.send(uneven)
    except Exception:  # noqa: BLE001 - the parent tells of it
        connection.send(traceback.format_exc())


def _judged(connection: Connection, judge: CaptureJudge, defaults: Defaults) -> Result:
    sources = Sources()
    while (part := connection.recv()) is not None:
        judge.leap(part.number)
        sources.opened(part.file)
        read_lines(part.lines, part.file, part.line, judge, sources, defaults)
        if judge.number != part.number + len(part.lines) or sources.pages:
            raise UnevenPart
    return judge.state(), dict(sources.formed), dict(sources.formless)
