"""Builds plain data with marks from YAML events: step by step, so that neither depth nor aliases run away."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NoReturn

import yaml
from msgspec import Struct, field

from harness.core.documents import At, Mark

MOST_LEVELS = 64
TOO_DEEP = f"this is nested more than {MOST_LEVELS} levels deep", "nest less deeply"
"""What is wrong then, and the remedy."""
MOST_VALUES = 200_000
"""How many values a document may have, those that aliases repeat counted each time."""

_STRING_TAGS = (None, "!", "tag:yaml.org,2002:str")
_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NUMBER_STARTS = frozenset("+-.0123456789")


class YamlProblem(Exception):
    """What is wrong with a document that is well-formed YAML."""

    def __init__(self, mark: Mark, message: str, remedy: str) -> None:
        super().__init__(mark, message, remedy)
        self.mark = mark
        self.message = message
        self.remedy = remedy


class _Open(Struct):
    """A mapping or list whose end has not come yet."""

    at: At
    value: Any
    anchor: str | None
    before: int
    """How many values there were when it began."""
    key: str | None = None
    """In a mapping, the key whose value comes next."""
    key_places: dict[str, Mark] = field(default_factory=dict)


class Composer:
    """Composes one document; `marks` and `key_marks` then say where its values and keys begin."""

    def __init__(self, file: str) -> None:
        self.marks: dict[At, Mark] = {}
        self.key_marks: dict[At, Mark] = {}
        self._file = file
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._values = 0
        self._documents = 0
        self._root: Any = None

    def compose(self, events: Iterable[Any]) -> Any:
        """The data of the one document in `events`; YamlProblem where it is not right."""
        for event in events:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._scalar(event)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._begin(event, {} if kind is yaml.MappingStartEvent else [])
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._end()
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                self._begin_document(event)
        if not self._documents:
            raise YamlProblem(Mark(file=self._file, line=1, column=1), "the file is empty", "write a document into it")
        return self._root

    def _mark(self, event: Any) -> Mark:
        start = event.start_mark
        return Mark(file=self._file, line=start.line + 1, column=start.column + 1)

    def _refuse(self, event: Any, message: str, remedy: str) -> NoReturn:
        raise YamlProblem(self._mark(event), message, remedy)

    def _begin_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            self._refuse(event, "a second document begins here", "keep one document in a file")

    def _scalar(self, event: Any) -> None:
        value = self._resolved(event)
        if not self._open and value is None and not event.value:
            self._refuse(event, "the file is empty", "write a document into it")
        self._anchor(event.anchor, value, 1)
        self._place(event, value)

    def _begin(self, event: Any, value: Any) -> None:
        if event.tag not in (None, "!"):
            self._refuse_tag(event)
        if len(self._open) >= MOST_LEVELS:
            self._refuse(event, *TOO_DEEP)
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        before = self._values
        at = self._place(event, value)
        self._open.append(_Open(at=at, value=value, anchor=event.anchor, before=before))

    def _end(self) -> None:
        ended = self._open.pop()
        self._anchor(ended.anchor, ended.value, self._values - ended.before)

    def _anchor(self, anchor: str | None, value: Any, size: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = value, size

    def _alias(self, event: Any) -> None:
        known = self._anchors.get(event.anchor)
        if known is None:
            remedy = f"set the anchor &{event.anchor} on a value that ends above"
            self._refuse(event, f"the alias *{event.anchor} has nothing to repeat", remedy)
        value, size = known
        self._place(event, value, size)

    def _place(self, event: Any, value: Any, size: int = 1) -> At:
        """Put `value` where it belongs; the place."""
        at: At = ()
        if not self._open:
            self._root = value
        else:
            parent = self._open[-1]
            if type(parent.value) is list:
                at = (*parent.at, len(parent.value))
                parent.value.append(value)
            elif parent.key is None:
                self._key(event, value, parent)
                return parent.at
            else:
                at = (*parent.at, parent.key)
                parent.value[parent.key] = value
                parent.key = None
        self._values += size
        if self._values > MOST_VALUES:
            self._refuse(event, f"the document has more than {MOST_VALUES:,} values", "repeat less, or split it")
        self.marks[at] = self._mark(event)
        return at

    def _key(self, event: Any, key: Any, parent: _Open) -> None:
        mark = self._mark(event)
        if not isinstance(key, str):
            self._refuse(event, "a key that is not text", "put it in quotes, or put mappings and lists under a name")
        if key == "<<" and event.__class__ is yaml.ScalarEvent and event.implicit[0]:
            self._refuse(event, "merge keys (<<) are not part of YAML 1.2", "write the keys out")
        first = parent.key_places.setdefault(key, mark)
        if first is not mark:
            message = f"the key {key!r} stands here twice: first on line {first.line}, column {first.column}"
            self._refuse(event, message, "keep one of the two")
        parent.key = key
        self.key_marks[(*parent.at, key)] = mark

    def _resolved(self, event: Any) -> Any:
        """What a scalar means by YAML 1.2's core schema."""
        text: str = event.value
        if event.tag not in _STRING_TAGS:
            self._refuse_tag(event)
        if event.tag is not None or not event.implicit[0]:
            if event.style == '"' and not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text):
                self._refuse(event, "half of a surrogate pair is no character", "write the character itself, or \\U…")
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        return self._number(event, text) if text[0] in _NUMBER_STARTS else text

    def _number(self, event: Any, text: str) -> Any:
        try:
            if _INTEGER.fullmatch(text):
                return int(text)
            if _OTHER_BASE.fullmatch(text):
                return int(text, 0)
            number = float(text) if _FLOAT.fullmatch(text) else None
        except ValueError:
            self._refuse(event, f"a number of {len(text)} digits is too long", "put it in quotes")
        if number in (float("inf"), float("-inf")) or _NOT_FINITE.fullmatch(text):
            self._refuse(event, f"{text[:20]} is a number that JSON cannot carry", "put it in quotes to make it text")
        return text if number is None else number

    def _refuse_tag(self, event: Any) -> NoReturn:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        self._refuse(event, f"the tag {tag} may not be used", "leave it out; put text in quotes")
