"""A PostgreSQL server for the tests of warehouses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.warehouses.postgresql import PostgresqlServer


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A running server; tests use schemas or databases of their own."""
    server = PostgresqlServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()
