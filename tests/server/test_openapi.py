"""The API's description: whole, valid, and true of what is answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from harness.adapters.json_files import schema_document
from harness.adapters.server.openapi import openapi_document
from harness.adapters.server.requests import METHODS, locate
from harness.adapters.server.server import Server
from tests.server.serving import CONTROL, KEY, Answer, Served, served, track

CONFIG = {
    "destinations": {
        "crm": {"kind": "event", "calls": ["track"], "replies": [503, 200], "integration": "CRM", "retries": "segment"},
        "cut": {"kind": "event", "replies": "reset"},
        "ads": {"kind": "list", "sync": {"every": "1h"}, "minimum_size": 2},
        "wh": {"kind": "warehouse"},
    }
}
RUN = f"{CONTROL}/runs/{{run}}"
HERE = f"{CONTROL}/runs/default"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The description of a server."""
    return openapi_document(Server().routes)


def test_the_document_is_valid(document: Mapping[str, Any]) -> None:
    """A validator of OpenAPI 3.1 has nothing to say against it."""
    assert document["openapi"].startswith("3.1")
    validate(document)


async def test_every_route_of_the_application_is_described_and_none_besides(document: Mapping[str, Any]) -> None:
    """What the application serves, the document says, and the other way round; destinations are the front's."""
    server = Server()
    served = {
        (route.method, str(route.resource.canonical))
        for route in server._application().router.routes()  # noqa: SLF001  # the routes are nowhere else
        if route.resource is not None and route.method != "HEAD"
    }
    described = {(method.upper(), path) for path, operations in document["paths"].items() for method in operations}
    of_destinations = {(method, path) for method, path in described if locate(path) is not None}
    assert described - of_destinations == served
    assert of_destinations == {
        (method, path) for path in ("/destinations/{name}", "/runs/{run}/destinations/{name}") for method in METHODS
    }


def test_settings_of_a_run_are_the_keys_of_a_config_file(document: Mapping[str, Any]) -> None:
    """What a config file may say of a run, one may be set up with, and how long it lives besides."""
    settings = document["components"]["schemas"]["RunSettings"]["properties"]
    assert set(settings) == {*schema_document("config")["properties"], "expires_after"} - {"server"}


def test_delivery_records_are_described_by_their_own_schema(document: Mapping[str, Any]) -> None:
    """The description of a record is the one that `harness schema delivery` prints."""
    assert set(document["components"]["schemas"]["Delivery"]["properties"]) == set(
        schema_document("delivery")["properties"]
    )


def test_nothing_refers_to_what_is_not_there(document: Mapping[str, Any]) -> None:
    """Every reference leads to a component of the document."""
    names = set(re.findall(r"'#/components/schemas/([\w.]+)'", str(document)))
    assert names
    assert names <= set(document["components"]["schemas"])


ASKED: list[tuple[str, str, str, Any]] = [
    ("GET", "/_harness/healthz", "/_harness/healthz", None),
    ("GET", "/_harness/readyz", "/_harness/readyz", None),
    ("GET", "/_harness/openapi.json", "/_harness/openapi.json", None),
    ("GET", "/_harness/docs", "/_harness/docs", None),
    ("GET", "/_harness/metrics", "/_harness/metrics", None),
    ("GET", "/_harness/v1/refused", "/_harness/v1/refused", None),
    ("GET", "/_harness/v1/lost", "/_harness/v1/lost", None),
    ("GET", "/_harness/v1/runs", "/_harness/v1/runs?limit=1", None),
    ("PUT", RUN, "/_harness/v1/runs/other", {**CONFIG, "expires_after": "1h"}),
    ("PUT", RUN, "/_harness/v1/runs/other", {"destinatons": {}}),
    ("GET", RUN, HERE, None),
    ("GET", RUN, "/_harness/v1/runs/nowhere", None),
    ("DELETE", RUN, HERE, None),
    ("DELETE", RUN, "/_harness/v1/runs/spare", None),
    ("GET", RUN + "/verdict", HERE + "/verdict", None),
    ("GET", RUN + "/clock", HERE + "/clock", None),
    ("PUT", RUN + "/clock", HERE + "/clock", {"advance": "1h"}),
    ("PUT", RUN + "/clock", HERE + "/clock", {"advance": "soon"}),
    ("GET", RUN + "/destinations", HERE + "/destinations", None),
    ("GET", RUN + "/destinations/{name}", HERE + "/destinations/crm", None),
    ("PUT", RUN + "/destinations/{name}", HERE + "/destinations/x", {"kind": "list"}),
    ("PATCH", RUN + "/destinations/{name}", HERE + "/destinations/ads", {"replies": 500}),
    ("PATCH", RUN + "/destinations/{name}", HERE + "/destinations/ads", {}),
    ("GET", RUN + "/destinations/{name}/members", HERE + "/destinations/ads/members", None),
    ("GET", RUN + "/destinations/{name}/members", HERE + "/destinations/ads/members?format=csv", None),
    ("GET", RUN + "/destinations/{name}/members", HERE + "/destinations/ads/members?list=nobodys", None),
    ("GET", RUN + "/destinations/{name}/members", HERE + "/destinations/ads/members?in_effect=true", None),
    ("GET", RUN + "/destinations/{name}/members", HERE + "/destinations/ads/members?at=yesterday", None),
    ("GET", RUN + "/destinations/{name}/lists", HERE + "/destinations/ads/lists", None),
    ("GET", RUN + "/destinations/{name}/members/history", HERE + "/destinations/ads/members/history", None),
    ("GET", RUN + "/destinations/{name}/members/history", HERE + "/destinations/ads/members/history?user=u1", None),
    ("GET", RUN + "/destinations/{name}/rows", HERE + "/destinations/wh/rows?sql=select%201%20as%20n", None),
    ("GET", RUN + "/destinations/{name}/rows", HERE + "/destinations/wh/rows?sql=drop", None),
    ("GET", RUN + "/deliveries", HERE + "/deliveries", None),
    ("GET", RUN + "/deliveries", HERE + "/deliveries?limit=2&accepted=false", None),
    ("GET", RUN + "/deliveries", HERE + "/deliveries?status=ok", None),
    ("GET", RUN + "/deliveries/{number}", HERE + "/deliveries/1", None),
    ("GET", RUN + "/deliveries/stream", "/_harness/v1/runs/nowhere/deliveries/stream", None),
    ("POST", "/destinations/{name}", "/destinations/crm", track()),
    ("PUT", "/destinations/{name}", "/destinations/nobody", track()),
    ("PATCH", "/runs/{run}/destinations/{name}", "/runs/nowhere/destinations/crm", track()),
    ("POST", "/v1/track", "/v1/track", {"userId": "u1", "event": "Seen"}),
    ("POST", "/v1/batch", "/v1/batch", {"batch": []}),
    ("POST", "/runs/{run}/v1/identify", "/runs/nowhere/v1/identify", {"userId": "u1"}),
    ("GET", RUN + "/export", HERE + "/export", None),
    ("GET", RUN + "/export.har", HERE + "/export.har", None),
    ("POST", RUN + "/import", HERE + "/import", {"type": "track"}),
    ("POST", RUN + "/import", "/_harness/v1/runs/nowhere/import", {}),
    ("POST", RUN + "/reset", HERE + "/reset", None),
    ("DELETE", "/_harness/v1/refused", "/_harness/v1/refused", None),
]  # fmt: skip


async def _fill(it: Served) -> None:
    """Something of every sort for the answers to tell of."""
    await it.put("/runs/spare", {})
    await it.send(track())
    await it.send(track(event="Audience Exited"))
    await it.send({}, to="/destinations/nobody")
    with pytest.raises(aiohttp.ClientError):
        await it.send(track(), to="/destinations/cut")
    await it.send({"list": KEY, "add": [{"userId": "u1"}]}, to="/destinations/ads")
    await it.ask("POST", "/destinations/crm", data=b"\xff", headers={"content-type": "application/json"})
    await it.send(track(), to="/runs/nowhere/destinations/crm")
    await it.ask("POST", "/v1/track", {"userId": "u1", "event": "Seen"})
    await it.ask("POST", "/v1/track", {"event": "Seen"})
    await it.raw(b"nonsense\r\n\r\n")


async def test_what_is_answered_is_what_the_document_says(document: Mapping[str, Any]) -> None:
    """Status, media type and body of real answers, right ones and problems, are described so."""
    async with served(CONFIG) as it:
        await _fill(it)
        answers = [(method, path, await it.ask(method, target, json)) for method, path, target, json in ASKED]
    assert [told for each in answers for told in _untrue(document, *each)] == []


def test_every_operation_is_asked() -> None:
    """The table above leaves out no operation but those that differ from one of its own in nothing but the path."""
    asked = {(method, _alike(path)) for method, path, *_ in ASKED}
    routes = {(route.method, _alike(route.path)) for route in Server().routes}
    assert {path for _, path in routes - asked} <= {"/destinations/{name}", "/v1/{type}"}


def _alike(path: str) -> str:
    """The path, with that of the default run in place of those of others, and one for all types of call."""
    return re.sub(r"^(/runs/\{run\})?/v1/\w+$", "/v1/{type}", path).replace(
        "/runs/{run}/dest", "/dest", path[:2] == "/r"
    )


def _untrue(document: Mapping[str, Any], method: str, path: str, answer: Answer) -> list[str]:
    """What the document does not say of an answer, in words."""
    responses = document["paths"][path][method.lower()]["responses"]
    told = responses.get(str(answer.status)) or responses["default"]
    content = told.get("content", {})
    media = answer.headers.get("content-type", "").partition(";")[0]
    if media not in content:
        return (
            []
            if not content and not answer.body
            else [f"{method} {path}: {answer.status} is {media}, not {list(content)}"]
        )
    if not media.endswith("json") or media.endswith("ndjson"):
        return []
    schema = {**content[media]["schema"], "components": document["components"]}
    errors = Draft202012Validator(schema).iter_errors(answer.json)
    return [f"{method} {path}: {answer.status} {error.json_path}: {error.message}" for error in errors]


async def test_an_unknown_query_parameter_is_refused_where_none_is_known() -> None:
    """Whoever writes `?limt=1` is told so, and not left to wonder."""
    async with served() as it:
        answer = await it.ask("GET", f"{CONTROL}/runs?limt=1")
    assert (answer.status, "did you mean 'limit'" in answer.json["detail"]) == (400, True)
