"""A progress bar for long runs, on a terminal only."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from harness.cli.say import console


class Progress:
    """Shows which scenario is played, how many there are, and how many requests were sent."""

    def __init__(self, total: int) -> None:
        """Show progress towards `total` scenarios."""
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[sent]}"),
            TimeElapsedColumn(),
            console=console(),
            transient=True,
            disable=not console().is_terminal,
        )
        self._task = self._bar.add_task("", total=total, sent="")
        self._done = -1

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def playing(self, title: str) -> None:
        """Say which scenario is played now; the one before is done."""
        self._done += 1
        self._bar.update(self._task, description=title[:60], completed=self._done, sent="")

    def sent(self, requests: int) -> None:
        """Say how many requests the scenario has sent so far."""
        if requests % 50 == 0:
            self._bar.update(self._task, sent=f"{requests} sent")
