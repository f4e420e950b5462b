"""Processes that judge parts of a capture, each with a judge of its own, whose states are merged at the end."""

from __future__ import annotations

import gc
import io
import multiprocessing
import signal
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
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
    count: int
    """How many lines these are."""
    span: tuple[int, int] | None = None
    """Where they stand in the file: from which byte on, and how many bytes."""
    lines: list[bytes] | None = None
    """The lines themselves, where they cannot be read there."""

    def read(self) -> list[bytes]:
        """The lines."""
        if self.span is None:
            return self.lines or []
        start, size = self.span
        with Path(self.file).open("rb") as opened:
            opened.seek(start)
            return io.BytesIO(opened.read(size)).readlines()


class WorkerFailed(RuntimeError):
    """A worker failed; the message holds its traceback, if it could give one."""


class _Worker(Struct, kw_only=True):
    """One of the processes, and what it was given."""

    process: BaseProcess
    connection: Connection
    waiting: int = 1
    """Parts of which it has not said yet that they are done; at first one, which is to start."""

    def hear(self) -> None:
        """Take note of what it has said."""
        while self.connection.poll():
            self.done()

    def done(self) -> None:
        """Wait until it says that a part is done."""
        if self.said() is not None:
            raise WorkerFailed("a worker ended before its time")
        self.waiting -= 1

    def tell(self, part: Part | None) -> None:
        """Give it a part, or say that there are no more."""
        try:
            self.connection.send(part)
        except (BrokenPipeError, ConnectionResetError):
            while self.said() is None:
                pass  # Parts that were done before.
            raise WorkerFailed("a worker ended before its time") from None

    def said(self) -> Result | None:
        """What it says next: what it saw, or None for a part that is done; raises what went wrong with it."""
        try:
            said: Result | UnevenPart | str | None = self.connection.recv()
        except (EOFError, OSError):
            raise WorkerFailed("a worker ended without a word; was there too little memory?") from None
        if isinstance(said, UnevenPart):
            raise said
        if isinstance(said, str):
            raise WorkerFailed(said)
        return said


class Workers:
    """Some processes that judge parts while their parent does the same; they end when this is left."""

    def __init__(self, count: int, judge: Callable[[], CaptureJudge], defaults: Defaults) -> None:
        """Start `count` of them; `judge`, which can be pickled, makes the judge of each."""
        # Not forked: a progress bar has a thread, and what a thread holds is lost in a fork.
        context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        for _ in range(count):
            here, there = context.Pipe()
            process = context.Process(target=_work, args=(there, judge, defaults), daemon=True)
            process.start()
            there.close()
            self._workers.append(_Worker(process=process, connection=here))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.connection.close()
            worker.process.terminate()
            worker.process.join()

    def offer(self, part: Part, *, patient: bool = False) -> bool:
        """Whether one of them takes `part`: where none has time for it, only if `patient`. Raises what went wrong."""
        # Lines fill the pipe, so that whoever sends them waits until they are taken.
        most = 1 if part.span is not None else 0
        for worker in self._workers:
            worker.hear()
        worker = min(self._workers, key=lambda worker: worker.waiting)
        while patient and worker.waiting > most:
            worker.done()
        if worker.waiting > most:
            return False
        worker.tell(part)
        worker.waiting += 1
        return True

    def results(self) -> Iterator[Result]:
        """What each of them saw, once they are done; nothing more can be given then."""
        for worker in self._workers:
            worker.tell(None)
        for worker in self._workers:
            while (result := worker.said()) is None:
                pass
            yield result


def _work(connection: Connection, judge: Callable[[], CaptureJudge], defaults: Defaults) -> None:
    """Judge parts until there are no more, and say what was seen."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The parent is interrupted too, and ends this.
    gc.disable()  # What is kept has no cycles, and looking for them again and again takes a good part of the time.
    try:
        connection.send(_judged(connection, judge(), defaults))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # The parent has ended.
    except UnevenPart as uneven:
        connection.send(uneven)
    except Exception:  # noqa: BLE001 - the parent tells of it
        connection.send(traceback.format_exc())


def _judged(connection: Connection, judge: CaptureJudge, defaults: Defaults) -> Result:
    sources = Sources()
    connection.send(None)
    while (part := connection.recv()) is not None:
        lines = part.read()
        judge.leap(part.number)
        sources.opened(part.file)
        read_lines(lines, part.file, part.line, judge, sources, defaults)
        if len(lines) != part.count or judge.number != part.number + part.count or sources.pages:
            raise UnevenPart
        connection.send(None)
    return judge.state(), dict(sources.formed), dict(sources.formless)
