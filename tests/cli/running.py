"""Runs the command `harness` in this process, as its script would."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from harness.cli import main


class Outcome(Struct, frozen=True, kw_only=True):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed for machines."""
        return json.loads(self.out)


class Command:
    """The command `harness`, in a folder of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """Run in `folder`."""
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Outcome:
        """Run it with `arguments`."""
        self._monkeypatch.setattr(sys, "argv", ["harness", *arguments])
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self._capsys.readouterr()
        code = main()
        out, err = self._capsys.readouterr()
        return Outcome(code=code, out=out, err=err)

    def write(self, name: str, content: str | bytes | list[Any]) -> str:
        """Write a file into the folder, a list as one JSON value a line; its name."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = "".join(json.dumps(item) + "\n" for item in content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name
