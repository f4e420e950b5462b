"""What is worth a line in a log: runs that come and go, requests that nobody could read. Never what was sent."""

from __future__ import annotations

import logging
from typing import Any, Final

LOGGER: Final = "harness.server"
FIELDS: Final = "happening"
"""The attribute of a log record that holds the happening's name and fields."""
_LOG = logging.getLogger(LOGGER)


def happened(name: str, words: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Log that `words` happened, with the fields that a machine reads; free where nobody listens."""
    if _LOG.isEnabledFor(level):
        _LOG.log(level, "%s", words, extra={FIELDS: {"event": name, **fields}})
