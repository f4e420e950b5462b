"""Fixtures that tests of every layer share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes depends on what else the machine does, and tests are not timed.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("few", settings.get_profile("untimed"), max_examples=10)  # for measuring coverage
settings.load_profile("untimed")

# Scenarios that are wrong on purpose: tests play them, and would be no tests themselves.
collect_ignore_glob = ["scenarios/failing/*", "cases/refused_scenarios/*"]


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder of the checkout, with `pyproject.toml` in it."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def outside_of_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pytest runs that tests look at print what they print anywhere: under CI, pytest's summary is longer."""
    for name in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
