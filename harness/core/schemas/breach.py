"""What is wrong with a value, and where in it."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from harness.core.paths import json_path

At: TypeAlias = tuple[str | int, ...]
"""The way from a value's root to a place in it: property names and indexes."""


class Breach(Struct, frozen=True, kw_only=True):
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


def place(at: At) -> str:
    """`at` as people say it: `properties.j_o_x`; the root is `the value`."""
    return json_path(at)[1:].removeprefix(".") or "the value"
