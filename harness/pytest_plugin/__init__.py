"""The pytest plugin: scenario files as tests, and fixtures for tests in Python.

Everything that takes time to import is imported by what uses it, so that a run without it pays nothing.
"""

from __future__ import annotations

from harness.pytest_plugin.collection import pytest_collect_file
from harness.pytest_plugin.fixtures import (
    _harness_play,
    destinations,
    engage_space,
    harness_client,
    harness_server,
    harness_verdict,
    pytest_runtest_call,
)
from harness.pytest_plugin.options import pytest_addoption, pytest_configure

__all__ = [
    "_harness_play",
    "destinations",
    "engage_space",
    "harness_client",
    "harness_server",
    "harness_verdict",
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_configure",
    "pytest_runtest_call",
]
