"""`harness init`: files to start from."""

from __future__ import annotations

import json
from pathlib import Path

import click

from harness.adapters.json_files import bundled_schema
from harness.cli.exits import EXIT_PASSED, UsageFault
from harness.cli.say import say
from harness.cli.starter import starter_files

_EDITED = ("scenario", "config", "fragment")
"""The files whose schemas an editor is pointed at."""


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
def init(folder: Path) -> int:
    """Write a starter scenario, a destinations config and a CI snippet.

    They go to DIR, by default here, with the schemas that editors check them by. A file that is there stays as it is.
    """
    files = starter_files(_from_here(folder)) | {
        f"schemas/{name}.schema.json": json.dumps(bundled_schema(name), indent=2) + "\n" for name in _EDITED
    }
    written = [_write(folder / name, text) for name, text in files.items()]
    if not any(written):
        raise UsageFault(f"nothing was written: all files are in {folder} already; remove those that you want anew")
    say(f"next: harness run {folder}")
    return EXIT_PASSED


def _from_here(folder: Path) -> str:
    """`folder` as seen from the working directory; the directory itself where it lies elsewhere."""
    try:
        return folder.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return "."


def _write(path: Path, text: str) -> bool:
    """Write a file that is not there yet; whether it was written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        if not path.is_file():
            raise UsageFault(f"{path}: it cannot be written: something else is there; name another folder") from None
        say(f"kept     {path}")
        return False
    except OSError as error:
        raise UsageFault(f"{path}: it cannot be written: {error.strerror}; name another folder") from None
    say(f"written  {path}")
    return True
