"""From calls to rows: tables, columns and names, as the documents of Segment's warehouses have them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.warehouses.columns import ColumnType, fitted, type_of
from harness.core.warehouses.naming import event_table, plain, schema_name, shortened, snakecase
from harness.core.warehouses.rows import Row, rows_of
from harness.core.warehouses.settings import SelectiveSync, WarehouseSettings
from harness.core.warehouses.tables import Tables

CASES = Path(__file__).resolve().parents[2] / "cases" / "warehouses"
NOON = 1_767_603_600_000_000
# Whole numbers as the JSON parser has them: larger ones are fractions.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def cases(name: str) -> list[Any]:
    """The cases in the file of that name."""
    found: list[Any] = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    return found


def shown(value: Any) -> Any:
    """A value in the form that cases have."""
    return value.isoformat() if isinstance(value, datetime) else value


@pytest.mark.parametrize("case", cases("names"), ids=lambda case: case["name"] or "empty")
def test_names_are_in_snake_case(case: dict[str, str]) -> None:
    """CamelCase is split as go-snakecase does; names that the schema or a database needs for itself give way."""
    assert (snakecase(case["name"]), event_table(case["name"])) == (case["snake"], case["event"])


@pytest.mark.parametrize("case", cases("rows"), ids=lambda case: case["description"])
def test_a_call_becomes_rows(case: dict[str, Any]) -> None:
    """Each row has its table, and the columns that are not null."""
    found = [
        [row.table, {name: shown(value) for name, value in row.values.items()}] for row in rows_of(case["call"], NOON)
    ]
    assert found == case["rows"]


def test_a_message_without_an_id_is_told_apart_by_its_content() -> None:
    """The same content has the same id each time, whenever it was sent; other content has another."""
    first, again, other = (
        rows_of({"type": "page", "userId": user, "sentAt": sent}, NOON)[0].values["id"]
        for user, sent in (("u1", "2026-01-05T09:00:00Z"), ("u1", "2026-01-05T09:00:05Z"), ("u2", None))
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "boolean"),
        (1, "integer"),
        (2**63 - 1, "integer"),
        (2**63, "float"),
        (1.0, "float"),
        ("x", "varchar"),
        ("1", "varchar"),
        ("2026-01-05T09:00:00Z", "timestamp"),
        ("2026-01-05T09:00", "timestamp"),
        ("2026-01-05T09:00:00.123+0100", "timestamp"),
        ("2026-01-05", "varchar"),
        ("2026-13-05T09:00:00Z", "varchar"),
        ("0001-01-01T00:00:00+14:00", "varchar"),
        ("[1,2]", "varchar"),
    ],
)
def test_the_first_value_gives_a_column_its_type(value: Any, kind: str) -> None:
    """Booleans, whole numbers, fractions and ISO 8601 times are found; all else is text."""
    assert type_of(value) == kind


@pytest.mark.parametrize(
    ("value", "kind", "held"),
    [
        (1, "boolean", True),
        ("FALSE", "boolean", False),
        ("yes", "boolean", None),
        (1.9, "integer", 1),
        ("12", "integer", 12),
        (True, "integer", 1),
        ("x", "integer", None),
        (2**63, "integer", None),
        (1e300, "integer", None),
        ("1.5", "float", 1.5),
        ("nan", "float", None),
        ("1e999", "float", None),
        (10**400, "float", None),
        ("x", "timestamp", None),
        (1, "timestamp", None),
        ("2026-01-05T10:00:00+01:00", "timestamp", datetime(2026, 1, 5, 9, tzinfo=UTC)),
        (1, "varchar", "1"),
        (True, "varchar", "true"),
        ("x" * 513, "varchar", "x" * 512),
        (datetime(2026, 1, 5, 9, tzinfo=UTC), "varchar", "2026-01-05T09:00:00+00:00"),
        (datetime(2026, 1, 5, 9, tzinfo=UTC), "float", None),
    ],
)
def test_later_values_are_made_to_fit(value: Any, kind: str, held: Any) -> None:
    """A value of another type is converted where that is plain, and else left out."""
    found = fitted(value, ColumnType(kind))
    assert (found, type(found)) == (held, type(held))


def test_names_are_cut_only_where_they_are_too_long() -> None:
    """A cut name ends in a digest of the whole, so that two that begin alike stay two."""
    one, other = (shortened("x" * 80 + end, 63) for end in "ab")
    assert len(one) == len(other) == 63
    assert one != other
    assert shortened("x" * 63, 63) == "x" * 63


def test_a_schema_is_named_after_its_destination() -> None:
    """Each destination has a source of its own, and so a schema of its own."""
    assert schema_name("my-crm") == "engage_my_crm"


ROWS = (
    Row(table="tracks", values={"id": "m", "received_at": 1, "event": "x", "user_id": "u", "context_ip": "i"}),
    Row(table="x", values={"id": "m", "received_at": 1, "plan": "pro", "user_id": "u"}),
)


@pytest.mark.parametrize(
    ("selection", "left"),
    [
        (SelectiveSync(), {"tracks": "context_ip event id received_at user_id", "x": "id plan received_at user_id"}),
        (SelectiveSync(tables=frozenset({"x"})), {"x": "id plan received_at user_id"}),
        (SelectiveSync(without_tables=frozenset({"x"})), {"tracks": "context_ip event id received_at user_id"}),
        (
            SelectiveSync(columns={"x": frozenset({"plan"})}),
            {"tracks": "context_ip event id received_at user_id", "x": "id plan received_at"},
        ),
        (
            SelectiveSync(tables=frozenset({"x"}), without_columns={"x": frozenset({"plan", "id"})}),
            {"x": "id received_at user_id"},
        ),
    ],
)
def test_selective_sync_chooses_tables_and_columns(selection: SelectiveSync, left: dict[str, str]) -> None:
    """What is left out is not written, all else is; the key and the time are always there."""
    assert {row.table: " ".join(sorted(row.values)) for row in selection.chosen(ROWS)} == left


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://harness:secret@db/x", "postgresql://harness:***@db/x"),
        ("postgresql://harness@db/x?password=secret&a=b", "postgresql://harness@db/x?password=***&a=b"),
        ("postgresql://db/x", "postgresql://db/x"),
        ("sqlite:a.db", "sqlite:a.db"),
    ],
)
def test_no_password_is_shown(url: str, shown: str) -> None:
    """A URL that is printed has no password in it."""
    assert WarehouseSettings(url=url, schema="s").shown_url == shown


@settings(deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=4), JSON)
def test_any_call_becomes_rows_that_fit_their_tables(said: dict[str, Any], odd: Any) -> None:
    """Whatever a call holds: names are plain, values are of their column's type, and none is null."""
    tables = Tables({}, 63)
    for call_type in ("track", "identify", "group", "page", "screen", "alias"):
        call = {"type": call_type, "event": odd, "userId": odd, "traits": said, "properties": said, "context": said}
        for row in rows_of({**call, "messageId": odd, "timestamp": odd, "receivedAt": odd}, NOON):
            change = tables.change_for(row)
            assert all(name == plain(name) and name.replace("_", "").isalnum() for name in change.values)
            assert all(value is not None for value in change.values.values())
            assert {"id", "received_at"} <= set(change.values)
