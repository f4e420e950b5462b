"""What happens on a server, one line each on standard error: for people, or as JSON for machines."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import orjson

from harness.adapters.server.happenings import FIELDS, LOGGER
from harness.core.instants import isoformat

LogFormat: TypeAlias = Literal["text", "json"]


@contextmanager
def logged(form: LogFormat | None) -> Iterator[None]:
    """Log while the context lasts; None leaves logging as it is."""
    if form is None:
        yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    log = logging.getLogger(LOGGER)
    before = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.level, log.propagate = before


def _at(record: logging.LogRecord) -> str:
    return isoformat(round(record.created * 1_000_000))


class _Text(logging.Formatter):
    """Time, level and words on one line; a traceback below them."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; what came from outside cannot begin another."""
        line = f"{_at(record)} {record.levelname.lower()} {_one_line(record.getMessage())}"
        return line if record.exc_info is None else f"{line}\n{self.formatException(record.exc_info)}"


class _Json(logging.Formatter):
    """One JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields: dict[str, Any] = {
            "at": _at(record),
            "level": record.levelname.lower(),
            **getattr(record, FIELDS, {"event": "failed"}),
            "message": record.getMessage(),
        }
        if record.exc_info is not None:
            fields["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(fields, default=str).decode()


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
