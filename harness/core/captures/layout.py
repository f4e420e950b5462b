"""Where the records of a capture file stand: one a line, or in one JSON document that spans lines."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import orjson

from harness.core.captures.har import har_entries

Numbered: TypeAlias = tuple[int, bytes]
"""A line, or the text of a record, and the number of the line that it begins on, counted from 1."""

_BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_PAGE = ("deliveries",)


def text_blocks(
    blocks: Iterable[list[bytes]], on_page: Callable[[Mapping[str, Any]], None] | None = None
) -> Iterator[tuple[int, list[bytes]]]:
    """The texts of the records in the lines of `blocks`: one a line, from the line of that number on; some are blank.

    Only a document that spans lines is read as a whole; of all else, nothing is kept. `on_page` is told of a page of
    deliveries that spans lines, since it is taken apart here.
    """
    blocks, begin = iter(blocks), list[bytes]()
    head: list[Numbered] = []
    while len(head) < 2 and (block := next(blocks, None)) is not None:
        begin += block
        head = list(itertools.islice(_written(begin), 2))
    if head and head[0][1].startswith(_BOM):
        head[0] = (head[0][0], head[0][1].removeprefix(_BOM))
        begin[head[0][0] - 1] = head[0][1]
    if _begins_document(head):
        lines = list(_written(itertools.chain(begin, *blocks)))
        yield from ((line, [text]) for line, text in _document(lines, on_page))
    else:
        number = 1
        for block in itertools.chain([begin], blocks):
            yield number, block
            number += len(block)


def numbered_texts(
    lines: Iterable[bytes], on_page: Callable[[Mapping[str, Any]], None] | None = None
) -> Iterator[Numbered]:
    """The texts of the records in `lines` one by one, as `text_blocks` finds them, without blank ones."""
    return record_texts(([line] for line in lines), on_page)


def record_texts(
    blocks: Iterable[list[bytes]], on_page: Callable[[Mapping[str, Any]], None] | None = None
) -> Iterator[Numbered]:
    """The texts of the records in the lines of `blocks` one by one, without blank ones."""
    for number, block in text_blocks(blocks, on_page):
        yield from _written(block, number)


def _written(lines: Iterable[bytes], first: int = 1) -> Iterator[Numbered]:
    """The lines that are not blank, with their numbers."""
    return ((number, line) for number, line in enumerate(lines, first) if line.strip())


def _begins_document(head: list[Numbered]) -> bool:
    """Whether the first lines look like the beginning of a document that spans lines."""
    if len(head) < 2:
        return False
    first, second = head[0][1].strip(), head[1][1]
    if not first.startswith((b"{", b"[")) or _is_json(first):
        return False
    return first in (b"{", b"[") or not _is_json(second)


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _document(lines: list[Numbered], on_page: Callable[[Mapping[str, Any]], None] | None) -> Iterator[Numbered]:
    """The records in a document: each item of an array, a HAR or a page of deliveries; else all of it."""
    text = b"".join(line for _, line in lines)
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if _are_records(lines):
            yield from lines
        else:
            yield lines[min(error.lineno, len(lines)) - 1][0], text
        return
    way = _way_to_items(document)
    if way is None:
        yield lines[0][0], text
    else:
        if on_page is not None and way == _PAGE:
            on_page(document)
        yield from _items(text.decode(), way, lines)


def _are_records(lines: list[Numbered]) -> bool:
    """Whether lines that are no document together are better read one by one."""
    return all(line.lstrip().startswith(b"{") for _, line in lines) or any(
        line.lstrip().startswith(b"{") and _is_json(line) for _, line in lines
    )


def _way_to_items(document: Any) -> tuple[str, ...] | None:
    """The members that lead to the array of records, where there is one."""
    if isinstance(document, list):
        return ()
    if har_entries(document) is not None:
        return ("log", "entries")
    return _PAGE if isinstance(document.get("deliveries"), list) else None


def _items(text: str, way: tuple[str, ...], lines: list[Numbered]) -> Iterator[Numbered]:
    """The items of the array at `way`, each with the line that it begins on."""
    try:
        spans = list(_spans(text, _found(text, way)))
    except RecursionError:
        spans = [(0, len(text))]  # Nested so deeply that reading it will refuse it, whole.
    counted = line = 0
    for start, end in spans:
        line += text.count("\n", counted, start)
        counted = start
        yield lines[line][0], text[start:end].encode()


def _found(text: str, way: tuple[str, ...]) -> int:
    """Where the value begins that `way` leads to; it is known to be there."""
    at = _after_space(text, 0)
    for wanted in way:
        at = _after_space(text, at + 1)
        while True:
            name, at = _DECODER.raw_decode(text, at)
            at = _after_space(text, _after_space(text, at) + 1)
            if name == wanted:
                break
            _, at = _DECODER.raw_decode(text, at)
            at = _after_space(text, _after_space(text, at) + 1)
    return at


def _spans(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Start and end of each item of the array that begins at `at`."""
    at = _after_space(text, at + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        yield at, end
        at = _after_space(text, end)
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
