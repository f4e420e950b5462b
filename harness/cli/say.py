"""What people read, on standard error, in colour only where that is wanted; what machines read, on standard output."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"PASSED": "green", "FAILED": "bold red", "ERRORED": "bold magenta", "SKIPPED": "yellow"}


def on_terminal() -> bool:
    """Whether a person at a terminal reads standard error."""
    return sys.stderr.isatty()


@cache
def console() -> Console:
    """Standard error, as a terminal that may have colours."""
    from rich.console import Console  # slow to import, and of no use where nothing is a terminal

    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print `text` for people, the first word of a line coloured where that is a verdict."""
    if not _coloured():
        _write(sys.stderr, text)
        return
    from rich.text import Text

    styled = Text(text)
    at = 0
    for line in text.splitlines(keepends=True):
        word = line.split(" ", 1)[0]
        if word in _STYLES:
            styled.stylize(_STYLES[word], at, at + len(word))
        at += len(line)
    console().print(styled, soft_wrap=True)


def say_error(text: str) -> None:
    """Print what went wrong."""
    if not _coloured():
        _write(sys.stderr, f"error: {text}")
        return
    from rich.text import Text

    console().print(Text.assemble(("error: ", "bold red"), text), soft_wrap=True)


def print_out(text: str) -> None:
    """Print what was asked for on standard output."""
    _write(sys.stdout, text)


def print_json(data: Any, *, pretty: bool = True) -> None:
    """Print one JSON value on standard output, on one line unless `pretty`."""
    import orjson

    option = orjson.OPT_NON_STR_KEYS | (orjson.OPT_INDENT_2 if pretty else 0)
    print_out(orjson.dumps(data, option=option).decode())


def _coloured() -> bool:
    return on_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _write(stream: TextIO, text: str) -> None:
    """Write `text` as UTF-8, whatever the locale says; where nobody reads any more, that is no fault of the command."""
    buffer = getattr(stream, "buffer", None)
    try:
        if buffer is None:
            stream.write(f"{text}\n")
        else:
            stream.flush()
            buffer.write(f"{text}\n".encode("utf-8", "backslashreplace"))
        stream.flush()
    except BrokenPipeError:
        _silence(stream)


def _silence(stream: TextIO) -> None:
    """Send what else is written to `stream` nowhere, or the interpreter's last flush would fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
