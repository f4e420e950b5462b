"""Where the records of a capture stand: the lines that they begin on, and how these are remembered."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.captures.captured import Defaults
from harness.core.captures.layout import numbered_texts
from harness.core.captures.places import Place, Places
from harness.core.captures.records import read_captured

LAYOUTS = [
    pytest.param('{"a":1}\n\n  \n{"b":2}\n', [(1, {"a": 1}), (4, {"b": 2})], id="lines, blank ones among them"),
    pytest.param('\ufeff{"a":1}\r\n{"b":2}', [(1, {"a": 1}), (2, {"b": 2})], id="BOM, CRLF, no last newline"),
    pytest.param('\n{\n  "a": 1\n}\n', [(2, {"a": 1})], id="one object over lines"),
    pytest.param('[\n{"a":1}\n]', [(2, {"a": 1})], id="array whose items fill a line"),
    pytest.param(
        '[{"a":1},\n\n {"b":\n2},{"c":3}]', [(1, {"a": 1}), (3, {"b": 2}), (4, {"c": 3})], id="array over lines"
    ),
    pytest.param("[\n]", [], id="empty array"),
    pytest.param('{"log": {"x": [1,\n 2], "entries": [\n1,\n2]}}', [(3, 1), (4, 2)], id="HAR over lines"),
    pytest.param('{"total": 1,\n"deliveries" : [\n{"a":1}]}', [(3, {"a": 1})], id="page of deliveries over lines"),
    pytest.param("", [], id="empty"),
]


@pytest.mark.parametrize(("text", "expected"), LAYOUTS)
def test_each_text_has_the_line_that_it_begins_on(text: str, expected: list[tuple[int, Any]]) -> None:
    """Records are found with exact lines, one a line or in a document that spans lines."""
    found = numbered_texts(text.encode().splitlines(keepends=True))
    assert [(line, json.loads(raw)) for line, raw in found] == expected


BROKEN_LAYOUTS = [
    pytest.param('{"a":\n{"b":2}\nx\n', [1, 2, 3], id="first line broken"),
    pytest.param('{"a"\n{"b"\n', [1, 2], id="every line broken"),
    pytest.param('\n{\n "a": 1,\n "b": oops\n}\n', [4], id="document over lines"),
]


@pytest.mark.parametrize(("text", "expected"), BROKEN_LAYOUTS)
def test_broken_json_has_its_line(text: str, expected: list[int]) -> None:
    """Lines that are no JSON are told one by one; a document that is none is told once, at the place of its fault."""
    assert [line for line, _ in numbered_texts(text.encode().splitlines(keepends=True))] == expected


def test_lines_are_not_hoarded() -> None:
    """Of an endless capture, the first records come without waiting for the last."""
    endless = numbered_texts(itertools.repeat(b'{"a":1}\n'))
    assert [line for line, _ in itertools.islice(endless, 5)] == [1, 2, 3, 4, 5]


def test_a_document_nested_too_deeply_is_refused_whole() -> None:
    """An array that no reader can go through is one malformed delivery, and no crash."""
    text = "[\n" + "[" * 990 + "]" * 990 + "\n]"
    ((line, raw),) = numbered_texts(text.encode().splitlines(keepends=True))
    (captured,) = read_captured(raw, Defaults())
    assert line <= 2
    assert captured.unpacked.violations[0].message == "the body is nested too deeply"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.integers(1, 3))))
def test_places_are_remembered(steps: list[tuple[str, int, int]]) -> None:
    """Whatever lines deliveries stand on, told one by one or several at once, each place is found again."""
    places, line, expected = Places(), 1, list[Place]()
    for file, skipped, lines in steps:
        line += skipped
        places.add(len(expected) + 1, file, line, lines)
        expected += (Place(file=file, line=line + further) for further in range(lines))
        line += lines - 1
    assert [places.of(number) for number in range(1, len(expected) + 1)] == expected
