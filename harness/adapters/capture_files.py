"""Capture files, read line by line: plain or gzip, by name or from standard input."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from harness.core.spelling import near_miss

STANDARD_INPUT = "-"
_GZIP = b"\x1f\x8b"
_STRIDE = 1000
"""Lines between two reports of progress."""


class UnreadableCapture(Exception):
    """A capture cannot be read; the message says which, why, and what to do."""


def refuse_unreadable(names: Iterable[str]) -> None:
    """Raise UnreadableCapture where any of `names` is no file, before the first of them is read."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise UnreadableCapture(f"{name}: given twice, so that every delivery would be a second one; give it once")
        seen.add(name)
        if name != STANDARD_INPUT:
            try:
                _refuse_unreadable(name, Path(name))
            except OSError as error:
                raise UnreadableCapture(f"{name}: it cannot be read: {error.strerror or error}") from None


def _refuse_unreadable(name: str, path: Path) -> None:
    if path.is_dir():
        raise UnreadableCapture(f"{name}: this is a folder; name the files in it")
    if not path.exists():
        beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        raise UnreadableCapture(f"{name}: there is no such file{near_miss(path.name, beside)}")


def size_of(names: Iterable[str]) -> int | None:
    """How many bytes there are to read; None where that cannot be known."""
    paths = [Path(name) for name in names]
    return sum(path.stat().st_size for path in paths) if all(path.is_file() for path in paths) else None


def capture_lines(name: str, progress: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """The lines of the capture `name`, unpacked where it is gzip; `progress` is told how many bytes were read.

    Raises UnreadableCapture for a file that cannot be read, or is broken gzip.
    """
    number = 0
    try:
        with ExitStack() as stack:
            raw = _opened(name, stack)
            if not raw.seekable():
                progress = None  # a pipe does not know how far it has been read
            lines = gzip.GzipFile(fileobj=raw) if raw.peek(2)[:2] == _GZIP else raw
            for number, line in enumerate(lines, 1):
                yield line
                if progress is not None and number % _STRIDE == 0:
                    progress(raw.tell())
            if progress is not None:
                progress(raw.tell())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UnreadableCapture(
            f"{name}: the gzip data breaks off or is damaged after line {number}: {error}"
        ) from None
    except OSError as error:
        raise UnreadableCapture(f"{name}: it cannot be read: {error.strerror or error}") from None


def _opened(name: str, stack: ExitStack) -> io.BufferedReader:
    if name != STANDARD_INPUT:
        return stack.enter_context(Path(name).open("rb"))
    given: IO[bytes] = sys.stdin.buffer
    return given if isinstance(given, io.BufferedReader) else io.BufferedReader(io.BytesIO(given.read()))
