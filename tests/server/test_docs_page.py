"""The page that describes the API: whole by itself, and harmless."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from harness.adapters.server.docs_page import docs_page
from harness.adapters.server.openapi import openapi_document
from harness.adapters.server.server import Server
from tests.server.serving import served


class _Page(HTMLParser):
    """Notes elements, links, ids and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.ids: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.add(tag)
        if tag not in ("meta", "br", "wbr"):
            self.open.append(tag)
        for name, value in attrs:
            if name in ("href", "src"):
                self.links.add(value or "")
            if name == "id":
                self.ids.add(value or "")

    def handle_endtag(self, tag: str) -> None:
        """An element ends that was the last to begin."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note it."""
        self.text += data


def _document() -> dict[str, Any]:
    return openapi_document(Server().routes)


async def test_the_page_may_run_nothing_and_load_nothing() -> None:
    """Its security policy allows one style, by its hash, and nothing else."""
    async with served() as it:
        answer = await it.ask("GET", "/_harness/docs")
    policy = answer.headers["content-security-policy"]
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not {"script", "img", "iframe", "link", "form"} & _Page(answer.body.decode()).tags


def test_all_links_lead_to_places_on_the_page() -> None:
    """Each operation and schema is there, and nothing leads elsewhere but to the document itself."""
    page = _Page(docs_page(_document()))
    assert page.links - {f"#{each}" for each in page.ids} == {"openapi.json"}
    assert page.open == []
    operations = [each for path in _document()["paths"].values() for each in path.values()]
    assert {each["operationId"] for each in operations} <= page.ids


def test_every_path_is_shown_as_it_is_written() -> None:
    """No markup of ours gets into a path."""
    text = _Page(docs_page(_document())).text
    assert not [path for path in _document()["paths"] if path not in text]


def test_markup_in_a_description_stays_text() -> None:
    """Nothing in the document can become an element of the page."""
    evil = "<img src=x onerror=alert(1)>\"'&"
    document = _document()
    document["info"] |= {"title": evil, "summary": evil, "description": f"`{evil}`"}
    for operation in document["paths"]["/_harness/v1/runs"].values():
        operation |= {"summary": evil, "description": evil}
        operation["parameters"][0] |= {"name": evil, "description": evil}
    document["components"]["schemas"]["Run"]["description"] = evil
    page = _Page(docs_page(document))
    assert "img" not in page.tags
    assert page.text.count("<img src=x onerror=alert(1)>") >= 7


def test_the_style_is_the_one_that_the_policy_allows() -> None:
    """The style in the page has no end of its own in it, so that its hash is that of what browsers see."""
    (style,) = re.findall(r"<style>(.*?)</style>", docs_page(_document()), re.DOTALL)
    assert "<" not in style
