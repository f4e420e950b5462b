"""Exit codes. Where several would fit, 2 goes before 3 before 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.core.verdict import Word

EXIT_PASSED = 0
EXIT_FAILED = 1
"""The contract or an expectation failed."""
EXIT_USAGE = 2
"""A file or the usage is wrong, or nothing was played or judged."""
EXIT_HARNESS = 3
"""The system under test or the harness failed."""


class UsageFault(Exception):
    """The command was asked for something that cannot be done; the message says what to do instead."""


def exit_code(words: Sequence[Word]) -> int:
    """The code for the verdicts on several scenarios."""
    if "errored" in words:
        return EXIT_HARNESS
    if "failed" in words:
        return EXIT_FAILED
    return EXIT_PASSED if any(word in ("passed", "xfailed") for word in words) else EXIT_USAGE
