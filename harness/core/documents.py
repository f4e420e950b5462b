"""Documents that know where each of their values was written, and errors that show the place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct, field

from harness.core.spelling import near_miss

if TYPE_CHECKING:
    from harness.core.schemas import Breach, Schema

At: TypeAlias = tuple[str | int, ...]
"""The way from a document's root to a place in it: keys and indexes."""

_SHOWN_COLUMNS = 110
_SURPLUS = frozenset({"additionalProperties", "unevaluatedProperties"})
_LOOKS_BOOLEAN = frozenset({"on", "off", "yes", "no", "y", "n"})


class Mark(Struct, frozen=True, kw_only=True):
    """A place in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class DocumentError(Exception):
    """One thing that is wrong in a file: where, what, how to mend it, and the source line where there is one."""

    def __init__(self, mark: Mark, message: str, remedy: str = "", source: str | None = None) -> None:
        super().__init__(mark, message, remedy, source)
        self.mark = mark
        self.message = message
        self.remedy = remedy
        self.source = source

    def __str__(self) -> str:
        lines = [f"{self.mark}: {self.message}"]
        if self.source is not None and self.source.strip():
            lines += _excerpt(self.source, self.mark.column)
        if self.remedy:
            lines.append(f"  help: {self.remedy}")
        return "\n".join(lines)


class DocumentErrors(Exception):
    """Several things that are wrong, told together."""

    def __init__(self, problems: Iterable[DocumentError]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class Document(Struct, frozen=True, kw_only=True):
    """What a file says, and where it says it."""

    data: Any
    marks: Mapping[At, Mark]
    """Where each value begins; the root is `()`. What an alias repeats has the mark of the alias alone."""
    key_marks: Mapping[At, Mark] = field(default_factory=dict)
    """Where the key of each value begins, for the values of mappings."""
    text: str = ""
    """The source, from which errors quote."""
    included: Mapping[str, str] = field(default_factory=dict)
    """The sources of other files that it holds parts of, by the file names of their marks."""

    def mark(self, at: At) -> Mark:
        """Where the value at `at` begins, or else the nearest value around it."""
        while at and at not in self.marks:
            at = at[:-1]
        return self.marks[at]

    def key_mark(self, at: At) -> Mark:
        """Where the key of the value at `at` begins; for what has no key of its own, `mark`."""
        return self.key_marks.get(at) or self.mark(at)

    def at_key(self, at: At, message: str, remedy: str = "") -> DocumentError:
        """An error about the name under which something stands."""
        return self.located(self.key_mark(at), message, remedy)

    def at_value(self, at: At, message: str, remedy: str = "") -> DocumentError:
        """An error about a value."""
        return self.located(self.mark(at), message, remedy)

    def located(self, mark: Mark, message: str, remedy: str = "") -> DocumentError:
        """An error at `mark`, with its source line."""
        return DocumentError(mark, message, remedy, source_line(self.included.get(mark.file, self.text), mark.line))


def source_line(text: str, line: int) -> str | None:
    """The line of `text` with that number, counted from 1."""
    lines = text.splitlines()
    return lines[line - 1] if 1 <= line <= len(lines) else None


def validate(document: Document, schema: Schema) -> list[DocumentError]:
    """All that `schema` refuses in `document`, in the order of the file; empty where it is right."""
    breaches = list(schema.breaches(document.data))
    outdented = _outdented(document, breaches)
    explained = {at for key, keys in outdented.items() for at in (key[:-1], *keys)}
    problems = [_outdented_problem(document, at) for at in outdented]
    problems += [_problem(document, breach) for breach in breaches if breach.at not in {*outdented, *explained}]
    return sorted(problems, key=lambda problem: (problem.mark.line, problem.mark.column))


def _outdented(document: Document, breaches: Iterable[Breach]) -> Mapping[At, Sequence[At]]:
    """Keys under which nothing is written, each with the unknown keys just below that are meant to be its value."""
    surplus = {breach.at for breach in breaches if breach.keyword in _SURPLUS}
    empty = [breach.at for breach in breaches if breach.keyword == "type" and "object" in breach.options]
    found = {at: _below(document, at, surplus) for at in empty if at and _value(document.data, at) is None}
    return {at: keys for at, keys in found.items() if keys}


def _below(document: Document, at: At, surplus: Collection[At]) -> list[At]:
    """The keys in `surplus` that follow the key `at` in its mapping, each on a line of its own."""
    around = _value(document.data, at[:-1])
    if not isinstance(around, dict):
        return []
    siblings = [(*at[:-1], name) for name in around]
    below = takewhile(surplus.__contains__, siblings[siblings.index(at) + 1 :])
    return [each for each in below if document.key_mark(each).line > document.key_mark(at).line]


def _outdented_problem(document: Document, at: At) -> DocumentError:
    message = f"nothing is written under {str(at[-1])!r}, as what follows is not indented deeper"
    return document.at_key(at, message, f"indent the lines below under `{at[-1]}:`")


def _problem(document: Document, breach: Breach) -> DocumentError:
    match breach.keyword:
        case surplus if surplus in _SURPLUS:
            name = str(breach.at[-1])
            return document.at_key(breach.at, f"unknown key {name!r}{near_miss(name, breach.options)}")
        case "propertyNames":
            return document.at_key(breach.at, breach.message)
        case "required" | "dependentRequired":
            return document.at_key(breach.at[:-1], breach.message, f"add the key {breach.at[-1]!r} here")
        case _:
            return _value_problem(document, breach)


def _value_problem(document: Document, breach: Breach) -> DocumentError:
    value = _value(document.data, breach.at)
    message = f"{breach.message}, not {breach.actual}"
    if breach.keyword == "enum" and isinstance(value, str):
        hint = near_miss(value, breach.options)
        message += hint if "did you mean" in hint and len(breach.options) > 1 else ""  # the message lists them all
    return document.at_value(breach.at, message, _hint(value, breach))


def _hint(value: Any, breach: Breach) -> str:
    """How a value came to have another type than its writer thinks, and how to write it."""
    wanted = breach.options
    if breach.keyword == "const" and breach.expected in ("true", "false"):
        wanted = ("boolean",)
    elif breach.keyword != "type":
        return ""
    if isinstance(value, str) and "boolean" in wanted and value.casefold() in _LOOKS_BOOLEAN:
        return f"in YAML 1.2, {value} is text: write true or false"
    if isinstance(value, str) and {"integer", "number"} & {*wanted}:
        return "write a plain decimal number without quotes, unit or separators"
    if value is None:
        indent = "leave the key out, or indent what belongs to it" if {"object", "array"} & {*wanted} else ""
        return f"nothing is written here: give it a value, {indent or 'or leave the key out'}"
    if isinstance(value, bool | int | float) and "string" in wanted and breach.expected.startswith("a string"):
        return "without quotes this is no text in YAML 1.2: put it in quotes"
    return ""


def _value(data: Any, at: At) -> Any:
    for part in at:
        data = data[part]
    return data


def _excerpt(source: str, column: int) -> list[str]:
    """The source line, cut to what lies around `column`, and a caret under it."""
    start = max(0, column - _SHOWN_COLUMNS) if column > _SHOWN_COLUMNS - 10 else 0
    shown = source[start : start + _SHOWN_COLUMNS].replace("\t", " ").rstrip()
    return [f"    {shown}", "    " + " " * (column - 1 - start) + "^"]
