"""Fixtures that tests of every layer share."""

from __future__ import annotations

from pathlib import Path

import pytest

# Scenarios that are wrong on purpose: tests play them, and would be no tests themselves.
collect_ignore_glob = ["scenarios/failing/*", "cases/refused_scenarios/*"]


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder of the checkout, with `pyproject.toml` in it."""
    return Path(__file__).resolve().parent.parent
