"""Judges whole captures, in one process or several: the verdict is the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import islice
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from harness.adapters.capture_files import CaptureFiles, Lines
from harness.adapters.check_workers import Part, UnevenPart, Workers
from harness.adapters.contract_files import load_contract
from harness.core.captures.captured import Captured, Defaults
from harness.core.captures.judging import CaptureJudge, CaptureVerdict
from harness.core.captures.layout import text_blocks
from harness.core.captures.reading import begin_oddly, read_lines
from harness.core.captures.records import read_captured
from harness.core.captures.sources import Sources
from harness.core.contract import Contract
from harness.core.declarations import Declarations

_ALONE = 8_000_000
"""Bytes that one process has judged before others have even started."""


class Watch(Protocol):
    """Is told how the reading goes on."""

    def opened(self, name: str) -> None:
        """A file is read now."""
        ...

    def read(self, size: int) -> None:
        """So many of its bytes were read."""
        ...

    def restarted(self) -> None:
        """All is read again, from the first file on."""
        ...


class NoCapture(Exception):
    """The files are not what can be judged; the message says why."""


class CaptureCheck(Struct, frozen=True, kw_only=True):
    """How captures are judged."""

    contract: Contract
    contract_name: str
    """By which each process loads it."""
    declarations: Declarations
    defaults: Defaults
    shown: int | None
    """How many violations the verdict holds; None: all."""
    jobs: int = 1
    alone: int = _ALONE
    """How many bytes are judged before other processes start."""
    patient: bool = False
    """Whether other processes judge all that they can, though this one has time for it."""

    def verdict(self, captures: CaptureFiles, watch: Watch) -> CaptureVerdict:
        """The verdict on all that `captures` tell of; raises NoCapture where they are not what can be judged."""
        try:
            return self._judged(captures, watch, self.jobs)
        except UnevenPart:  # Rare, since the lines before it were not: looking through all beforehand takes longer.
            watch.restarted()
            return self._judged(captures, watch, 1)

    def _judged(self, captures: CaptureFiles, watch: Watch, jobs: int) -> CaptureVerdict:
        judge, sources = CaptureJudge(self.contract, self.declarations, self.defaults, shown=self.shown), Sources()
        with ExitStack() as stack:
            workers: Workers | None = None
            left, even = self.alone, True
            for file, line, lines in _blocks(captures, sources, watch):
                before, odd = judge.number, jobs > 1 and begin_oddly(lines)
                if jobs > 1 and left <= 0 and even and not odd:
                    workers = workers or stack.enter_context(self._workers(jobs - 1))
                    if workers.offer(_part(file, line, before, lines), patient=self.patient):
                        judge.leap(before + len(lines))
                        continue
                read_lines(lines, file, line, judge, sources, self.defaults)
                even = even and (odd or judge.number == before + len(lines))
                left -= sum(map(len, lines))
            for state, formed, formless in workers.results() if workers else ():
                judge.merge(state)
                sources.merge(formed, formless)
        for fault in sources.faults():
            raise NoCapture(fault)
        return judge.verdict()

    def _workers(self, count: int) -> Workers:
        judge = partial(_judge, self.contract_name, self.declarations, self.defaults, self.shown)
        return Workers(count, judge, self.defaults)

    def evidence(self, captures: CaptureFiles, verdict: CaptureVerdict) -> Mapping[int, Captured]:
        """The deliveries that prove what `verdict` shows, by number; read anew, since a judge keeps none."""
        wanted = {
            (place.file, place.line, nth): number
            for located in verdict.violations
            for number, place, nth in zip(located.violation.deliveries, located.places, located.nth, strict=True)
        }
        lines: dict[str, set[int]] = {file: set() for file in captures.names}
        for file, line, _ in wanted:
            lines[file].add(line)
        found: dict[int, Captured] = {}
        before: dict[tuple[str, int], int] = {}
        for file, line, text in _texts(captures, lines):
            for captured in read_captured(text, self.defaults):
                nth = before[file, line] = before.get((file, line), -1) + 1
                if (file, line, nth) in wanted:
                    found[wanted[file, line, nth]] = captured
            if len(found) == len(wanted):
                break
        return found

    def first(self, captures: CaptureFiles, count: int) -> list[Captured]:
        """The first `count` deliveries, or all."""
        every = (each for _, _, text in _texts(captures) for each in read_captured(text, self.defaults))
        return list(islice(every, count))


def _part(file: str, line: int, number: int, lines: list[bytes]) -> Part:
    """Lines as others get them: where they can be read, else themselves."""
    part = Part(file=file, line=line, number=number, count=len(lines))
    if isinstance(lines, Lines) and lines.start is not None:
        return replace(part, span=(lines.start, sum(map(len, lines))))
    return replace(part, lines=list(lines))


def _judge(contract: str, declarations: Declarations, defaults: Defaults, shown: int | None) -> CaptureJudge:
    return CaptureJudge(load_contract(contract), declarations, defaults, shown=shown)


def _blocks(captures: CaptureFiles, sources: Sources, watch: Watch) -> Iterator[tuple[str, int, list[bytes]]]:
    """The lines of all files, with the file and the number of the first of them."""
    for file in captures.names:
        watch.opened(file)
        sources.opened(file)
        for line, lines in text_blocks(captures.blocks(file, watch.read), sources.page):
            yield file, line, lines


def _texts(captures: CaptureFiles, wanted: Mapping[str, set[int]] | None = None) -> Iterator[tuple[str, int, bytes]]:
    """The texts of all records, or of those that begin on the lines `wanted` of each file, with file and line."""
    for file in captures.names:
        if wanted is not None and not wanted[file]:
            continue
        for first, texts in text_blocks(captures.blocks(file)):
            lines = range(first, first + len(texts))
            for line in lines if wanted is None else sorted(wanted[file].intersection(lines)):
                text = texts[line - first]
                if text and not text.isspace():
                    yield file, line, text
