"""Progress bars for long work, on a terminal only."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING, Self

from harness.cli.say import console, on_terminal

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import ProgressColumn, TaskID


class _Bar(ABC):
    """A bar that is there while it is entered, or none where no terminal would show it."""

    def __init__(self, total: int | None, *, shown: bool = True) -> None:
        """Show progress towards `total`."""
        self._bar: Bar | None = None
        if shown and on_terminal():
            from rich.progress import Progress as Bar  # slow to import, and nothing without a terminal needs it

            self._bar = Bar(*self._columns(), console=console(), transient=True)
            self._task: TaskID = self._bar.add_task("", total=total, sent="")

    @abstractmethod
    def _columns(self) -> list[ProgressColumn]:
        """What the bar shows, from left to right."""

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


class Progress(_Bar):
    """Shows which scenario is played, how many there are, and how many requests were sent."""

    _done = -1

    def _columns(self) -> list[ProgressColumn]:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

        said, sent = TextColumn("{task.description}"), TextColumn("{task.fields[sent]}")
        return [said, BarColumn(), MofNCompleteColumn(), sent, TimeElapsedColumn()]

    def playing(self, title: str) -> None:
        """Say which scenario is played now; the one before is done."""
        self._done += 1
        if self._bar is not None:
            self._bar.update(self._task, description=title[:60], completed=self._done, sent="")

    def sent(self, requests: int) -> None:
        """Say how many requests the scenario has sent so far."""
        if self._bar is not None and requests % 50 == 0:
            self._bar.update(self._task, sent=f"{requests} sent")


class Reading(_Bar):
    """Shows how much of the captures was read, where there is much of it."""

    LARGE = 4_000_000
    """Bytes below which no bar is worth its flicker."""

    def __init__(self, total: int | None) -> None:
        """Show progress towards `total` bytes."""
        super().__init__(total, shown=total is None or total > self.LARGE)
        self._before = self._now = 0

    def _columns(self) -> list[ProgressColumn]:
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn

        return [TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()]

    def opened(self, name: str) -> None:
        """Say which file is read now; the one before is read."""
        self._before += self._now
        self._now = 0
        if self._bar is not None:
            self._bar.update(self._task, description=name[-40:])

    def restarted(self) -> None:
        """Begin anew, as all files are read again."""
        self._before = self._now = 0

    def read(self, size: int) -> None:
        """Say how many bytes of the file were read so far."""
        self._now = size
        if self._bar is not None:
            self._bar.update(self._task, completed=self._before + size)
