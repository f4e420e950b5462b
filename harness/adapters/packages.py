"""Which Python packages are there, for what only some scenarios need."""

from __future__ import annotations

import importlib.util

from harness.core.scenario.model import Scenario


def missing_packages(scenario: Scenario) -> str | None:
    """Why `scenario` is skipped: the Python packages that it needs and that are not there; None where it is not."""
    missing = [name for name in scenario.requires if not _is_installed(name)]
    return f"it needs the Python package {', '.join(missing)}: install it" if missing else None


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False
