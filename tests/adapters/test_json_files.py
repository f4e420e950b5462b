"""The schemas of our own files, which nobody lints at each start."""

from __future__ import annotations

import pytest

from harness.adapters.json_files import OWN_SCHEMAS, own_schema, schema_document
from harness.core.schemas import load_schema

SHARED = schema_document("scenario")


@pytest.mark.parametrize("name", OWN_SCHEMAS)
def test_every_schema_of_ours_bears_the_lint(name: str) -> None:
    """What is taken as proven at each start would be taken from anybody."""
    resources = {} if name == "scenario" else {SHARED["$id"]: SHARED}
    linted = load_schema(schema_document(name), name=name, resources=resources)
    assert own_schema(name).document == linted.document
