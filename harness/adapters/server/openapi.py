"""The description of the API as an OpenAPI 3.1 document, made from the table of its routes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from harness import __version__
from harness.adapters.json_files import schema_document
from harness.adapters.server.routes import Answer, Parameter, Route
from harness.adapters.server.tokens import demands_token

_OWN: Final = "api"
_FILES: Final = (_OWN, "delivery", "scenario")
_REF: Final = re.compile(r"(?:(?P<file>[a-z]+)\.schema\.json)?(?:#/\$defs/(?P<name>\w+))?")
_PROBLEM: Final = "application/problem+json"
_TOKEN: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "Demanded by servers that were started with a token, as those beyond loopback are.",
}
_TAGS: Final = {
    "Runs": "Namespaces, each with its own destinations, record, clock and verdict. `default` is always there.",
    "Destinations": "The simulated receivers of a run.",
    "Lists": "Who is on the lists of list destinations, who was, and how they came there.",
    "Deliveries": "What came: one delivery is one attempt, with its payloads, what is wrong with them, and the reply.",
    "Server": "The server as a whole.",
    "Receiving": "Where senders deliver to.",
    "Sources": "Segment's HTTP Tracking API, for unmodified client libraries.",
}


def openapi_document(routes: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI document of `routes`."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "journey-harness",
            "version": __version__,
            "summary": "A mock destination server for customer-journey systems",
            "description": "Errors are problem details (RFC 9457), whose `detail` says how to mend them.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {"schemas": components(), "securitySchemes": {"token": _TOKEN}},
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": [route.tag],
        "operationId": _operation_id(route),
        "summary": route.summary,
        "parameters": [
            *map(_path_parameter, re.findall(r"{(\w+)}", route.path)),
            *(_parameter(each, "query") for each in route.query),
            *(_parameter(each, "header") for each in route.headers),
        ],
        "responses": _responses(route),
        "security": [{}, {"token": []}] if demands_token(route.path) else [],
    }
    if route.detail:
        operation["description"] = route.detail
    if route.body is not None:
        operation["requestBody"] = {
            "required": route.body_required,
            "content": {route.body_media: {"schema": ref(route.body)}},
        }
    return operation


def _operation_id(route: Route) -> str:
    """A name for generated clients, such as `put_runs_run_clock`."""
    words = re.sub(r"/_harness(/v1)?|[{}]", "", route.path)
    place = "" if route.path.startswith("/_harness") else f"{route.tag}_"
    return re.sub(r"\W+", "_", f"{place}{route.method}{words}".lower())


def _path_parameter(name: str) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 1} if name == "number" else {"type": "string", "minLength": 1}
    words, example = _PATH_WORDS[name]
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": words, "example": example}


_PATH_WORDS: Final[Mapping[str, tuple[str, str | int]]] = {
    "run": ("The run's name: 1 to 100 of A-Z, a-z, 0-9, `.`, `_` and `-`.", "default"),
    "name": ("The destination's name: of a-z, 0-9, `_` and `-`, beginning with a letter or digit.", "events"),
    "number": ("The delivery's number in its run, counted from 1.", 1),
}


def _parameter(parameter: Parameter, place: str) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": place,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }


def _responses(route: Route) -> dict[str, Any]:
    answers = {str(status): _response(answer) for status, answer in route.answers.items()}
    problems = {str(status): _problem(_PROBLEM_WORDS[status]) for status in route.problems}
    if route.handler is None:
        return {**answers, "default": {"description": "Whatever the destination was told to answer."}}
    return {**answers, **problems, "default": _problem("Any other problem.")}


_PROBLEM_WORDS: Final = {
    400: "The request is not right.",
    403: "A page of another site asks.",
    404: "There is no such thing; the nearest name is told.",
    409: "That cannot be done.",
    410: "The run is closed, or never was.",
    413: "The body is over the limit.",
    415: "The body is encoded in an unknown way.",
    503: "There are too many already.",
}


def _response(answer: Answer) -> dict[str, Any]:
    if answer.media is None:
        return {"description": answer.description}
    schema = {"type": "string"} if answer.schema is None else ref(answer.schema)
    other = {} if answer.also is None else {answer.also: {"schema": {"type": "string"}}}
    return {"description": answer.description, "content": {answer.media: {"schema": schema}, **other}}


def _problem(words: str) -> dict[str, Any]:
    return {"description": words, "content": {_PROBLEM: {"schema": ref("Problem")}}}


def ref(name: str) -> dict[str, str]:
    """A reference to the component schema of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


@cache
def components() -> Mapping[str, Any]:
    """All schemas that the API has, and those that they refer to, each under a name of its own."""
    files = {name: schema_document(name) for name in _FILES}
    found: dict[str, Any] = {}
    wanted = [(_OWN, name) for name in files[_OWN]["$defs"]]
    while wanted:
        file, name = wanted.pop(0)
        title = _title(file, name)
        if title not in found:
            schema = files[file]["$defs"][name] if name else _without_definitions(files[file])
            found[title] = _rewritten(schema, file)
            wanted.extend(_references(schema, file))
    return found


def _without_definitions(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in ("$defs", "$schema", "$id")}


def _title(file: str, name: str) -> str:
    """The name of a component: that of a definition of the API's own, else that of the file, and its definition."""
    if file == _OWN:
        return name
    return file.capitalize() + "".join(f".{part}" for part in [name] if part)


def _target(reference: str, file: str) -> tuple[str, str]:
    found = _REF.fullmatch(reference)
    if found is None:
        raise ValueError(
            f"{file}.schema.json refers to {reference!r}, which is neither a file nor a definition of ours"
        )
    return found["file"] or file, found["name"] or ""


def _references(schema: Any, file: str) -> Iterator[tuple[str, str]]:
    """The files and definitions that a schema refers to."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield _target(schema["$ref"], file)
        for value in schema.values():
            yield from _references(value, file)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value, file)


def _rewritten(schema: Any, file: str) -> Any:
    """A schema whose references lead to components, without the notes that are for our own validator."""
    if isinstance(schema, list):
        return [_rewritten(value, file) for value in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: ref(_title(*_target(value, file)))["$ref"] if key == "$ref" else _rewritten(value, file)
        for key, value in schema.items()
        if not key.startswith("x-")
    }
