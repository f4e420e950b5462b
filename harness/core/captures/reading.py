"""Reads the lines of a capture to a judge, and tells which lines others may read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.core.captures.captured import Defaults
from harness.core.captures.judging import CaptureJudge
from harness.core.captures.records import read_captured
from harness.core.captures.sources import Sources

_ODD_LINES = (b"[", b" ", b"\t", b"\r", b"\n", b"\v", b"\f")
"""How lines begin that hold an array, or that may be blank."""
_ODD_MEMBERS = (b'"deliveries"', b'"entries"')
"""Names of members that may hold several deliveries."""
_ESCAPED_LETTER = re.compile(rb"\\u00[4-7]")
"""A letter that is written otherwise than as itself, so that a name may not be recognised."""


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


def is_one_each(lines: Sequence[bytes]) -> bool:
    """Whether each of `lines` certainly tells of just one delivery, be it a broken one."""
    text = b"".join(lines)
    return (
        not any(line.startswith(_ODD_LINES) for line in lines)
        and not any(odd in text for odd in _ODD_MEMBERS)
        and not (b'"url"' in text and b'"request"' in text)  # an entry of a HAR may be no delivery
        and not (b"\\" in text and b"\\u00" in text and _ESCAPED_LETTER.search(text))  # the quicker searches first
    )
