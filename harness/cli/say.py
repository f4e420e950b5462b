"""What people read: on standard error, in colour only where that is wanted."""

from __future__ import annotations

import sys
from functools import cache

from rich.console import Console
from rich.text import Text

_STYLES = {"PASSED": "green", "FAILED": "bold red", "ERRORED": "bold magenta", "SKIPPED": "yellow"}


@cache
def console() -> Console:
    """Standard error; plain where it is no terminal or NO_COLOR is set."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print `text`, its first word coloured where that is a verdict."""
    word = text.split(" ", 1)[0]
    styled = Text(text)
    if word in _STYLES:
        styled.stylize(_STYLES[word], 0, len(word))
    console().print(styled, soft_wrap=True)


def say_error(text: str) -> None:
    """Print what went wrong."""
    console().print(Text.assemble(("error: ", "bold red"), text), soft_wrap=True)
