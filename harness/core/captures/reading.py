"""Reads the lines of a capture to a judge, and tells which lines others may read."""

from __future__ import annotations

from collections.abc import Sequence

from harness.core.captures.captured import Defaults
from harness.core.captures.judging import CaptureJudge
from harness.core.captures.records import read_captured
from harness.core.captures.sources import Sources

_ODD_LINES = (b"[", b" ", b"\t", b"\r", b"\n", b"\v", b"\f")
"""How lines begin that hold an array, or that may be blank."""


def read_lines(
    lines: Sequence[bytes], file: str, first: int, judge: CaptureJudge, sources: Sources, defaults: Defaults
) -> None:
    """Let `judge` and `sources` have what `lines` tell of, which stand in `file` from line `first` on."""
    texts, at, taken = iter(lines), 0, 0
    while at < len(lines):
        right = judge.take(texts, file, first + at)
        taken += right
        at += right
        if at < len(lines) and lines[at].strip():
            for captured in read_captured(lines[at], defaults, sources.page):
                sources.delivery(captured)
                judge.see(captured, file, first + at)
        at += 1
    if taken:
        sources.merge({file: taken}, {})


def begin_oddly(lines: Sequence[bytes]) -> bool:
    """Whether any of `lines` begins as if it might be blank, or hold an array: others mostly tell of one delivery."""
    return any(line.startswith(_ODD_LINES) for line in lines)
