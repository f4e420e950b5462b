"""Where the files are that the package ships: contract families, schemas of our own files, starter scenarios.

A wheel holds `schemas/` and `scenarios/` inside the package; in a checkout, and so in an editable install, they stand
beside it. Nothing else in the package looks for them.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """The shipped file or folder `name`, such as `scenarios` or `schemas/scenario.schema.json`.

    FileNotFoundError says where it was looked for and names the nearest that is there.
    """
    path = _home(_PACKAGE) / name
    if not path.exists():
        raise FileNotFoundError(f"the package ships no {name!r}: looked for {path}{_nearest(path)}")
    return path


def _home(package: Path) -> Path:
    """The folder that holds `schemas/`: the package, or what it stands in.

    Decided once for all names, or a missing file would be looked for among whatever else is installed beside a wheel.
    """
    return package if (package / "schemas").is_dir() else package.parent


def _nearest(path: Path) -> str:
    """A hint at the entry of `path`'s folder whose name is most like it, or nothing."""
    names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    close = get_close_matches(path.name, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else "; install journey-harness again if files of it were removed"
