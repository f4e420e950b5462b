"""Capture files, read line by line: plain or gzip, by name or from standard input."""

from __future__ import annotations

import gzip
import io
import shutil
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Self, cast

from harness.core.spelling import near_miss

STANDARD_INPUT = "-"
_GZIP = b"\x1f\x8b"
_DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)
_BLOCK = 1_000_000
"""Bytes of the lines that are handed on together; a longer line is handed on alone, or behind shorter ones."""
_BUFFER = 1 << 18
"""Bytes that are read from a file at a time; by far fewer make so many calls that they can be measured."""
_IN_MEMORY = 32_000_000
"""Bytes of a pipe that are kept in memory; more go to disk."""


class Lines(list[bytes]):
    """Lines of a capture that were read together."""

    start: int | None = None
    """Where in the file they begin; None where others cannot read them there, as it is packed or a pipe."""


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


class CaptureFiles:
    """Captures that can be gone through more than once: what comes from a pipe is kept while this is entered."""

    def __init__(self, names: Sequence[str]) -> None:
        """Read from `names`; raises UnreadableCapture where one of them is no file."""
        refuse_unreadable(names)
        self.names = names
        self._stack = ExitStack()
        self._kept: dict[str, IO[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def blocks(self, name: str, progress: Callable[[int], None] | None = None) -> Iterator[Lines]:
        """The lines of the capture `name`, many at a time, unpacked where it is gzip.

        `progress` is told how many bytes were read. Raises UnreadableCapture for a file that cannot be read, or is
        broken gzip.
        """
        number = 0
        try:
            with ExitStack() as stack:
                raw = self._opened(name, stack)
                for block in _blocks(raw):
                    number += len(block)
                    if name in self._kept:
                        block.start = None
                    yield block
                    if progress is not None:
                        progress(raw.tell())
        except _DAMAGED as error:
            raise UnreadableCapture(
                f"{name}: the gzip data breaks off or is damaged after line {number}: {error}"
            ) from None
        except OSError as error:
            raise UnreadableCapture(f"{name}: it cannot be read: {error.strerror or error}") from None

    def _opened(self, name: str, stack: ExitStack) -> IO[bytes]:
        if name != STANDARD_INPUT and Path(name).is_file():
            return _open(name, stack)
        if name not in self._kept:
            given = sys.stdin.buffer if name == STANDARD_INPUT else _open(name, stack)
            self._kept[name] = _spool(self._stack)
            shutil.copyfileobj(given, self._kept[name])
        self._kept[name].seek(0)
        return self._kept[name]


def _open(name: str, stack: ExitStack) -> IO[bytes]:
    return stack.enter_context(Path(name).open("rb", buffering=_BUFFER))


def _spool(stack: ExitStack) -> IO[bytes]:
    return stack.enter_context(SpooledTemporaryFile(max_size=_IN_MEMORY))


def _blocks(raw: IO[bytes]) -> Iterator[Lines]:
    packed = raw.read(2) == _GZIP
    raw.seek(0)
    if packed:
        # The buffer finds lines quickly, which the file of the standard library does not.
        yield from _unpacked(io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=raw, mode="rb"))))
    else:
        start = 0
        while block := Lines(raw.readlines(_BLOCK)):
            block.start = start
            start = raw.tell()
            yield block


def _unpacked(lines: Iterable[bytes]) -> Iterator[Lines]:
    """The lines in blocks; where they turn out to be damaged, those before the damage come first."""
    block, size = Lines(), 0
    try:
        for line in lines:
            block.append(line)
            size += len(line)
            if size >= _BLOCK:
                yield block
                block, size = Lines(), 0
    except _DAMAGED:
        yield block
        raise
    yield block
