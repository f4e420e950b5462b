"""Fixtures that tests of every layer share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder of the checkout, with `pyproject.toml` in it."""
    return Path(__file__).resolve().parent.parent
