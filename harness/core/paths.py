"""JSONPaths of places in payloads, in one spelling."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def child(path: str, name: str | int) -> str:
    """The path of the member or item `name` of what is at `path`."""
    if isinstance(name, int):
        return f"{path}[{name}]"
    if _PLAIN.fullmatch(name):
        return f"{path}.{name}"
    quoted = json.dumps(name, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"{path}['{quoted}']"


def json_path(names: Iterable[str | int]) -> str:
    """The path from the root by way of `names`."""
    path = "$"
    for name in names:
        path = child(path, name)
    return path
