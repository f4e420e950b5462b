"""Fixtures for tests of contracts."""

from __future__ import annotations

from tests.cli.conftest import harness

__all__ = ["harness"]
