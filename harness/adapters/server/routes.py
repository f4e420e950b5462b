"""Routes that say what they take and answer, beside their handlers: one table for the application and for OpenAPI."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Struct, field

from harness.core.spelling import near_miss

API: Final = "/_harness/v1"
RUN: Final = API + "/runs/{run}"
JSON: Final = "application/json"


class Parameter(Struct, frozen=True, kw_only=True):
    """A parameter of a query: how it is described, and how it is read."""

    name: str
    description: str
    schema: Mapping[str, Any]
    read: Callable[[str], Any]
    """The value that a text writes; ValueError says what is wrong with it."""


class Answer(Struct, frozen=True, kw_only=True):
    """One answer that a route may give."""

    description: str
    schema: str | None = None
    """The name of its schema; None where the body is no JSON, or there is none."""
    media: str | None = JSON
    """The media type of its body; None where there is none."""
    also: str | None = None
    """The media type of the same in a form that is no JSON, where it can be asked for."""


class Route(Struct, frozen=True, kw_only=True):
    """One method at one path."""

    method: str
    path: str
    """With parameters in braces, as OpenAPI writes it."""
    handler: Handler | None
    """None where the front serves the path, past the application."""
    summary: str
    tag: str
    detail: str = ""
    patterns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Regular expressions of path parameters; one that is not named takes anything but a slash."""
    query: tuple[Parameter, ...] = ()
    headers: tuple[Parameter, ...] = ()
    body: str | None = None
    """The name of the schema of the body; None where it takes none."""
    body_media: str = JSON
    body_required: bool = True
    answers: Mapping[int, Answer]
    problems: tuple[int, ...] = ()
    """The statuses of problems that are to be expected."""

    def definition(self) -> web.RouteDef:
        """The route, as the application wants it; a GET answers HEAD too."""
        if self.handler is None:
            raise ValueError(f"{self.path} is not served by the application")
        parts = [f"{{{part[1:-1]}:{self._pattern(part[1:-1])}}}" if part[:1] == "{" else part for part in self._parts()]
        return web.route(self.method, "/".join(parts), self.handler)

    def _parts(self) -> list[str]:
        return self.path.split("/")

    def _pattern(self, name: str) -> str:
        return self.patterns.get(name, "[^/]+")


def ok(schema: str, description: str = "Done.") -> Mapping[int, Answer]:
    """The one answer 200, with JSON of that schema."""
    return {200: Answer(description=description, schema=schema)}


NOTHING: Final[Mapping[int, Answer]] = {204: Answer(description="Done; there is nothing to say.", media=None)}


def definitions(routes: list[Route]) -> list[web.RouteDef]:
    """Those of `routes` that the application serves; each GET with its HEAD."""
    served = [route.definition() for route in routes if route.handler is not None]
    heads = [web.route("HEAD", each.path, each.handler) for each in served if each.method == "GET"]
    return [*served, *heads]


def read_query(request: web.Request, parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    """The values of the query's parameters, by name; ValueError where one is unknown, wrong, or there twice."""
    known = {parameter.name: parameter for parameter in parameters}
    values: dict[str, Any] = {}
    for name, text in request.query.items():
        if name not in known:
            raise ValueError(_unknown_parameter(name[:80], list(known)))
        if name in values:
            raise ValueError(f"query parameter {name}: it is given twice; leave one out")
        try:
            values[name] = known[name].read(text)
        except ValueError as error:
            raise ValueError(f"query parameter {name}: {error}") from None
    return values


def _unknown_parameter(name: str, known: list[str]) -> str:
    """What to say of a parameter that there is not: the nearest, if one is near, and all there are."""
    hint = near_miss(name, known)
    listed = f"known: {', '.join(sorted(known))}" if known else "none is known here"
    return f"unknown query parameter {name!r}{hint if 'did you mean' in hint else ';'} {listed}"


def whole_number(text: str) -> int:
    """The number that `text` writes in digits; ValueError where it does not."""
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise ValueError(f"write a whole number of at most 18 digits, not {text[:40]!r}")
    return int(text)
