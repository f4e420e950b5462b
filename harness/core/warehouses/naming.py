"""How the tables and columns of a warehouse are called."""

from __future__ import annotations

import hashlib
import re

_WORD = re.compile(r"[A-Z0-9]+[a-z0-9]*|[a-z0-9]+")
_PLURALS = ("tracks", "identifies", "groups", "pages", "screens", "aliases")
TABLE_OF_CALLS = dict(zip(("track", "identify", "group", "page", "screen", "alias"), _PLURALS, strict=True))
"""The table that all calls of a type land in."""
RESERVED_TABLES = frozenset({*_PLURALS, "users", "accounts"})
_SYSTEM_COLUMNS = frozenset("cmax cmin ctid tableoid xmax xmin".split())
"""Columns that PostgreSQL gives to every table."""
_DIGEST = 4


def snakecase(name: str) -> str:
    """`name` as Segment's go-snakecase writes it: `accountType` as `account_type`, `HTTPServer` as `httpserver`.

    Only ASCII letters and digits are left; a name without any becomes empty.
    """
    return "_".join(_WORD.findall(name)).lower()


def plain(name: str) -> str:
    """`name`, in snake case, as SQL can write it without quotes: one that begins with a digit gets a `_` before it."""
    return f"_{name}" if name[:1].isdigit() or name in _SYSTEM_COLUMNS else name


def event_table(event: str) -> str:
    """The table of an event; a name that the schema needs for itself gets a `_` before it. Empty for a nameless one."""
    slug = plain(snakecase(event))
    return f"_{slug}" if slug in RESERVED_TABLES or slug.startswith("sqlite_") else slug


def shortened(name: str, longest: int) -> str:
    """`name`, cut to `longest` characters where it has more, with a digest at its end so that no two become one."""
    if len(name) <= longest:
        return name
    digest = hashlib.blake2b(name.encode(), digest_size=_DIGEST).hexdigest()
    return f"{name[: longest - 2 * _DIGEST - 1]}_{digest}"


def schema_name(destination: str) -> str:
    """The schema of a destination that names none: `engage_` and its own name, as each instance has its own source."""
    return f"engage_{destination.replace('-', '_')}"
