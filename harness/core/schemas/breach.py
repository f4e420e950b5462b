"""What is wrong with a value, and where in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TypeAlias

At: TypeAlias = tuple[str | int, ...]
"""The way from a value's root to a place in it: property names and indexes."""

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One thing that a schema demands and a value does not fulfil."""

    rule: str
    """The `x-rule` of the nearest enclosing subschema, else `schema`."""
    at: At
    message: str
    expected: str
    actual: str
    keyword: str = "schema"
    """The JSON Schema keyword that failed; `schema` where none could be named."""
    options: tuple[str, ...] = ()
    """What would have been right: the known names for a surplus property, the types, the texts of an enum."""

    @property
    def path(self) -> str:
        """JSONPath of the place, such as `$.properties.j_o_x` or `$['odd key'][0]`."""
        return json_path(self.at)


def json_path(at: At) -> str:
    """`at` as JSONPath."""
    return "$" + "".join(map(_segment, at))


def place(at: At) -> str:
    """`at` as people say it: `properties.j_o_x`; the root is `the value`."""
    return json_path(at)[1:].removeprefix(".") or "the value"


def _segment(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    if _PLAIN_NAME.fullmatch(part):
        return f".{part}"
    quoted = json.dumps(part, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"['{quoted}']"
