"""Tags of scenarios as markers of pytest."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

_NAME = re.compile(r"[^:(\s]+")


class TagMarkers:
    """Registers tags as markers, and knows which names mean something to pytest or a plugin."""

    def __init__(self, config: pytest.Config) -> None:
        """Take note of the markers in the configuration file; make this before any plugin has registered its own."""
        self._config = config
        self._allowed = set(self._registered())

    def reserved(self) -> frozenset[str]:
        """Names of the markers that pytest and plugins registered: a tag of that name would do something."""
        return frozenset(self._registered()).difference(self._allowed)

    def register(self, tags: Iterable[str]) -> None:
        """Make markers of `tags` that `--strict-markers` accepts."""
        for tag in tags:
            if tag not in self._allowed:
                self._allowed.add(tag)
                self._config.addinivalue_line("markers", f"{tag}: a tag of scenarios")

    def _registered(self) -> list[str]:
        lines: list[str] = self._config.getini("markers")
        return [match[0] for line in lines if (match := _NAME.match(line.strip()))]
