"""Members of lists and their history, written out: as JSON records, and as CSV in two layouts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import orjson

from harness.core.instants import isoformat
from harness.core.members import Change

Layout: TypeAlias = Literal["formatted", "unformatted"]
"""`formatted` has a column for each identifier and trait, `unformatted` one JSON object for each of the two."""

_MEMBER: Final = ("list", "added_at", "delivery", "payload")
_CHANGE: Final = ("list", "action", "at", "delivery", "payload")
_OBJECTS: Final = ("user_key", "external_ids", "traits")
_OWN: Final = ("userId", "email", "anonymousId")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that a spreadsheet would evaluate, or strip to find something to evaluate."""


def change_record(change: Change) -> dict[str, Any]:
    """A change of a list, as JSON."""
    return {
        "list": change.list,
        "action": change.action,
        "user": change.user,
        "at": isoformat(change.at),
        "delivery": change.delivery,
        "payload": change.payload,
    }


def member_record(added: Change) -> dict[str, Any]:
    """A member of a list, as JSON: who it is, and by what it came there."""
    return {
        "user": added.user,
        "added_at": isoformat(added.at),
        "delivery": added.delivery,
        "payload": added.payload,
    }


def member_lines(added: Sequence[Change], layout: Layout) -> Iterator[bytes]:
    """The members as CSV: a heading, and a row each."""
    return _lines(_MEMBER, added, layout, user_columns(added))


def change_lines(changes: Iterable[Change], layout: Layout, columns: Sequence[str]) -> Iterator[bytes]:
    """The changes as CSV: a heading, and a row each; `columns` are those of the formatted layout."""
    return _lines(_CHANGE, changes, layout, columns)


def _lines(about: Sequence[str], changes: Iterable[Change], layout: Layout, columns: Sequence[str]) -> Iterator[bytes]:
    yield _row((*about, *(columns if layout == "formatted" else _OBJECTS)))
    for change in changes:
        told = {**change_record(change), "added_at": isoformat(change.at)}
        own = _cells(change.user, columns) if layout == "formatted" else _objects(change.user)
        yield _row((*(told[name] for name in about), *own))


def user_columns(changes: Iterable[Change]) -> list[str]:
    """The columns that the users need: identifiers, external ids by type, then all else that was said of them."""
    external: dict[str, None] = {}
    traits: dict[str, None] = {}
    for change in changes:
        external.update(dict.fromkeys(_external_ids(change.user)))
        traits.update(dict.fromkeys(_traits(change.user)))
    return list(dict.fromkeys((*_OWN, *external, *traits)))


def _cells(user: Mapping[str, Any], columns: Sequence[str]) -> Iterator[Any]:
    values = {**_traits(user), **_external_ids(user), **{name: user[name] for name in _OWN if name in user}}
    return (values.get(column) for column in columns)


def _objects(user: Mapping[str, Any]) -> tuple[Any, ...]:
    identifiers = {name: user[name] for name in _OWN if name in user}
    key = next((value for value in identifiers.values() if value), "")
    return key, {**identifiers, **_external_ids(user)}, _traits(user)


def _external_ids(user: Mapping[str, Any]) -> dict[str, Any]:
    """External ids by type; a second id of a type gets `_1` behind it, as in what Segment lets people download."""
    found: dict[str, Any] = {}
    for each in user["externalIds"] if isinstance(user.get("externalIds"), list) else ():
        if isinstance(each, dict) and isinstance(each.get("type"), str) and "id" in each:
            found[_free(each["type"], found)] = each["id"]
    return found


def _free(name: str, taken: Mapping[str, Any]) -> str:
    count = 0
    while (free := f"external_{name}" + (f"_{count}" if count else "")) in taken:
        count += 1
    return free


def _traits(user: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in user.items() if name not in _OWN and name != "externalIds"}


def _row(cells: Iterable[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow([_cell(value) for value in cells])
    return line.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: Any) -> str:
    """A value as the text of a cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
