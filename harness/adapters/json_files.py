"""JSON files that the package ships."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson

from harness.core.documents import DocumentError, Mark
from harness.core.schemas import Schema, proven_schemas
from harness.resources import resource

OWN_SCHEMAS = ("scenario", "fragment", "config", "contract", "delivery")
"""The schemas of our own files, by name."""


def read_json(path: Path) -> Any:
    """What the JSON file at `path` holds; DocumentError where it cannot be read or is no JSON."""
    try:
        return orjson.loads(path.read_bytes())
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise DocumentError(Mark(file=str(path), line=1, column=1), message, "check the path") from None
    except orjson.JSONDecodeError as error:
        mark = Mark(file=str(path), line=error.lineno, column=error.colno)
        raise DocumentError(mark, f"the file is not JSON: {error.msg}", "mend it at this place") from None


def schema_document(name: str) -> dict[str, Any]:
    """The JSON Schema of our files called `name`, as shipped."""
    document: dict[str, Any] = read_json(resource(f"schemas/{name}.schema.json"))
    return document


@cache
def own_schema(name: str) -> Schema:
    """The compiled schema of our files called `name`."""
    resources = {"scenario": schema_document("scenario")}
    by_id = {document["$id"]: document for key, document in resources.items() if key != name}
    return proven_schemas({f"{name}.schema.json": schema_document(name)}, resources=by_id)[f"{name}.schema.json"]


def bundled_schema(name: str) -> dict[str, Any]:
    """The same schema in one piece, for editors: what it refers to in other files stands among its `$defs`."""
    document = schema_document(name)
    if name == "scenario" or "scenario.schema.json#" not in orjson.dumps(document).decode():
        return document
    text = orjson.dumps(document).replace(b"scenario.schema.json#", b"#")
    return {**orjson.loads(text), "$defs": {**schema_document("scenario")["$defs"], **document.get("$defs", {})}}
