"""The limits of a server, as `harness serve --limit` writes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from harness.adapters.server.requests import Limits
from harness.adapters.server_limits import LIMITS
from harness.cli.exits import UsageFault
from harness.core.spelling import near_miss

NAMES: Final = tuple(name.replace("_", "-") for name in LIMITS)
"""The limits, as the option names them."""
_KNOWN: Final = f"known: {', '.join(NAMES)}"


def read_limits(written: Iterable[str], usual: Limits | None = None) -> Limits:
    """The usual limits, but for those that are written as NAME=VALUE; UsageFault says what is wrong with one."""
    limits, seen = usual or Limits(), set[str]()
    for text in written:
        name, _, value = text.partition("=")
        if name not in NAMES:
            raise UsageFault(f"--limit: unknown limit {name[:80]!r}{near_miss(name[:80], NAMES)}; {_KNOWN}")
        if name in seen:
            raise UsageFault(f"--limit: {name} is given twice; leave one out")
        seen.add(name)
        try:
            limits = replace(limits, **LIMITS[name.replace("-", "_")](value))
        except ValueError as error:
            raise UsageFault(f"--limit {name}: {error}") from None
    return limits
