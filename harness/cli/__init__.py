"""The command `harness`: argv -> objects -> exit code."""

from harness.cli.main import main

__all__ = ["main"]
