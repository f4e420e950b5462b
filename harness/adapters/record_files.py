"""What the schema of delivery records says of a document, in words."""

from __future__ import annotations

from typing import Any

from harness.adapters.json_files import own_schema


def refuse_record(document: Any) -> str | None:
    """What is wrong with `document` as a delivery record; None where nothing is."""
    breaches = own_schema("delivery").breaches(document)
    return f"{breaches[0].message} at {breaches[0].path}" if breaches else None
