"""The description of the API as a page for people: one file without scripts, that asks nobody else for anything."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

import orjson

_STYLE: Final = Path(__file__).with_name("docs_page.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

SECURITY: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"""The headers of the page: a browser runs nothing that is in it, and loads nothing."""

_CODE: Final = re.compile(r"`([^`]+)`")


def docs_page(document: Mapping[str, Any]) -> str:
    """The HTML page that shows an OpenAPI document; all that is in it stays text."""
    info = document["info"]
    title = escape(info["title"])
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}: the API</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<nav>{''.join(_contents(document))}</nav>\n<main>\n"
        f"<header><h1>{title} <small>{escape(info['version'])}</small></h1>\n"
        f"<p>{_words(info['summary'])}. {_words(info['description'])}</p>\n"
        '<p>The same for machines: <a href="openapi.json">openapi.json</a></p></header>\n'
        f"{''.join(_sections(document))}{''.join(_schemas(document))}</main>\n</body>\n</html>\n"
    )


def _words(text: str) -> str:
    """Text with code in backquotes."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _operations(document: Mapping[str, Any], tag: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Method, path and description of all operations with that tag."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if tag in operation["tags"]:
                yield method.upper(), path, operation


def _contents(document: Mapping[str, Any]) -> Iterator[str]:
    """The list of all that the page has."""
    for tag in document["tags"]:
        name = escape(tag["name"])
        yield f'<h2><a href="#{name}">{name}</a></h2><ul>'
        for method, path, operation in _operations(document, tag["name"]):
            yield (
                f'<li><a href="#{escape(operation["operationId"])}">{_method(method)} '
                f"<span>{_path(path.removeprefix('/_harness/v1').removeprefix('/_harness'))}</span></a></li>"
            )
        yield "</ul>"
    yield '<h2><a href="#Schemas">Schemas</a></h2>'


def _method(method: str) -> str:
    return f'<b class="{escape(method.lower())}">{escape(method)}</b>'


def _path(path: str) -> str:
    breakable = escape(path).replace("/", "/<wbr>")
    return re.sub(r"(\{\w+\})", r"<i>\1</i>", breakable)


def _sections(document: Mapping[str, Any]) -> Iterator[str]:
    for tag in document["tags"]:
        name = escape(tag["name"])
        yield f'<section id="{name}"><h2>{name}</h2>\n<p>{_words(tag["description"])}</p>\n'
        for method, path, operation in _operations(document, tag["name"]):
            yield from _operation(method, path, operation)
        yield "</section>\n"


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f'<article id="{escape(operation["operationId"])}">'
    yield f"<h3>{_method(method)} <code>{_path(path)}</code></h3>\n<p>{_words(operation['summary'])}.</p>\n"
    if "description" in operation:
        yield f"<p>{_words(operation['description'])}</p>\n"
    if operation["parameters"]:
        yield from _parameters(operation["parameters"])
    if "requestBody" in operation:
        ((media, content),) = operation["requestBody"]["content"].items()
        yield f"<h4>Body</h4><p>{_schema_link(content['schema'])} <small>{escape(media)}</small></p>\n"
    yield "<h4>Answers</h4><table>"
    for status, response in operation["responses"].items():
        told = f"{_words(response['description'])} {_content(response)}"
        yield f"<tr><td><code>{escape(status)}</code></td><td>{told}</td></tr>"
    yield "</table></article>\n"


def _parameters(parameters: list[Mapping[str, Any]]) -> Iterator[str]:
    yield "<h4>Parameters</h4><table>"
    for each in parameters:
        yield (
            f"<tr><td><code>{escape(each['name'])}</code><br><small>{escape(each['in'])}</small></td>"
            f"<td>{_words(each['description'])} <small>{_kind(each['schema'])}</small></td></tr>"
        )
    yield "</table>\n"


def _kind(schema: Mapping[str, Any]) -> str:
    """A small schema, in a few words."""
    if "$ref" in schema:
        return _schema_link(schema)
    if "enum" in schema:
        return " ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    default = f", else {escape(str(schema['default']))}" if "default" in schema else ""
    return escape(str(schema.get("type", ""))) + default


def _content(response: Mapping[str, Any]) -> str:
    for media, content in response.get("content", {}).items():
        return f"{_schema_link(content['schema'])} <small>{escape(media)}</small>"
    return ""


def _schema_link(schema: Mapping[str, Any]) -> str:
    if "$ref" not in schema:
        return ""
    name = escape(schema["$ref"].rpartition("/")[2])
    return f'<a href="#schema-{name}">{name}</a>'


def _schemas(document: Mapping[str, Any]) -> Iterator[str]:
    yield '<section id="Schemas"><h2>Schemas</h2>\n'
    for name, schema in sorted(document["components"]["schemas"].items()):
        code = escape(orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode())
        linked = re.sub(r"&quot;#/components/schemas/([\w.-]+)&quot;", r'&quot;<a href="#schema-\1">\1</a>&quot;', code)
        yield f'<details id="schema-{escape(name)}"><summary>{escape(name)}</summary><pre>{linked}</pre></details>\n'
    yield "</section>\n"
