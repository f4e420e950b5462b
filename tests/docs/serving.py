"""What the examples need to run: shells, the command `harness`, and servers as `harness serve` starts them."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from harness.cli import main

WRITTEN_URL = "http://127.0.0.1:8085"
"""Where README and docs say that the server listens."""


def environment() -> Mapping[str, str]:
    """What a shell needs to find `harness` and `pytest`, and to print without colour."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "PYTEST_", "HARNESS_"))}
    return {**kept, "PATH": path, "NO_COLOR": "1", "COLUMNS": "200"}


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `script` with bash in `folder`; what it printed, and its exit code."""
    command = ("bash", "-e", "-o", "pipefail", "-c", script)
    return subprocess.run(
        command, cwd=folder, env=environment(), check=False, capture_output=True, text=True, timeout=60
    )


class Commands:
    """Runs commands in a folder; `harness` itself in this process, which is many times as fast."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        monkeypatch.chdir(folder)
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._capture = capture

    def run(self, command: str) -> tuple[int, str]:
        """The exit code of `command`, and all that it printed."""
        words = shlex.split(command)
        if words[0] != "harness":
            done = shell(f"exec 2>&1; {command}", self._folder)
            return done.returncode, done.stdout
        self._monkeypatch.setattr(sys, "argv", words)
        self._capture.readouterr()
        code = main()
        printed = self._capture.readouterr()
        return code, printed.out + printed.err


class Served:
    """A server in a process of its own, which each example finds as if it had just been started."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opened = set(self._runs())
        self._setup = {name: self._set_up(name) for name in self._opened}

    def renew(self) -> None:
        """Forget all that examples did."""
        for name in self._runs() - self._opened:
            self._ask("DELETE", f"runs/{name}")
        for name, setup in self._setup.items():
            self._ask("PUT", f"runs/{name}", setup)
            self._ask("POST", f"runs/{name}/reset")
        self._ask("DELETE", "refused")

    def _runs(self) -> set[str]:
        return {run["run"] for run in self._ask("GET", "runs")["runs"]}

    def _set_up(self, name: str) -> dict[str, Any]:
        state = self._ask("GET", f"runs/{name}/destinations")["destinations"]
        return {"destinations": {each: _without_path(settings) for each, settings in state.items()}}

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/_harness/v1/{path}", data=data, method=method)  # noqa: S310  # our own
        with urlopen(request) as answer:  # noqa: S310  # as above
            text = answer.read()
        return json.loads(text) if text else None


def _without_path(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name != "path"}


@contextmanager
def served(folder: Path, *options: str) -> Iterator[Served]:
    """A server that was started in `folder`."""
    with _started(folder, *options) as server:
        try:
            yield Served(_url(server))
        finally:
            server.terminate()


def announcement(folder: Path, *options: str) -> str:
    """What `harness serve` prints until it is stopped, with the URL that it has by default."""
    with _started(folder, *options) as server:
        url = _url(server)
        server.terminate()
        _, said = server.communicate()
    return said.replace(url, WRITTEN_URL)


def _started(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "harness", "serve", "--port", "0", "--json", *options)
    return subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _url(server: subprocess.Popen[str]) -> str:
    """Where the server listens, once it does."""
    assert server.stdout is not None
    assert server.stderr is not None
    ready = server.stdout.readline()
    assert ready, server.stderr.read()
    url: str = json.loads(ready)["url"]
    return url
