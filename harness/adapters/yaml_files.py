"""YAML files as located documents: YAML 1.2 scalars, no surprises, and errors that show the place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NoReturn

import yaml

from harness.adapters.yaml_composer import Composer, YamlProblem
from harness.core.documents import Document, DocumentError, Mark, source_line
from harness.core.spelling import near_miss

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_PLAIN_WORDS = (
    ("cannot start any token", "this character cannot begin a value", "put the text in quotes"),
    ("mapping values are not allowed", "a ': ' cannot stand here", "put the text in quotes, or indent the key"),
    ("sequence entries are not allowed", "a list entry cannot stand behind a key", "begin a new line, or use [ ]"),
    ("could not find expected ':'", "a key without ':'", "write 'key: value', or put text of several lines in quotes"),
    ("expected ',' or ']'", "a list in [ ] goes on wrongly here", "separate entries with ',' and close with ']'"),
    ("expected ',' or '}'", "a mapping in { } goes on wrongly here", "separate keys with ',' and close with '}'"),
    (
        "expected key",
        "this is neither a key nor the end of what is above",
        "align it with its keys, or quote all of a text",
    ),
    ("expected <block end>", "this does not belong to what is above", "align it with what it belongs to"),
    ("expected '-' indicator", "this line is not an entry of the list above", "align its '- ' with the other entries"),
    ("unexpected end of stream", "a text in quotes is not closed", "close the quotes"),
    ("but found '<document start>'", "a second document begins here", "keep one document in a file"),
)


def read_document(path: Path) -> Document:
    """What the YAML file at `path` says; DocumentError where it cannot be read or is not right."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DocumentError(Mark(file=str(path), line=1, column=1), *_unreadable(path, error)) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig").split("\n")
        mark = Mark(file=str(path), line=len(before), column=len(before[-1]) + 1)
        message = f"the byte 0x{raw[error.start]:02x} is not UTF-8"
        raise DocumentError(mark, message, "save the file in the encoding UTF-8") from None
    return parse_document(text, str(path))


def parse_document(text: str, file: str) -> Document:
    """What the YAML `text` says; `file` is the name that errors give."""
    strange = _UNPRINTABLE.search(text)
    if strange is not None:
        _refuse_character(text, file, strange.start())
    try:
        composer = Composer(file)
        data = composer.compose(yaml.parse(text, Loader=_Loader))
    except YamlProblem as problem:
        raise DocumentError(
            problem.mark, problem.message, problem.remedy, source_line(text, problem.mark.line)
        ) from None
    except yaml.YAMLError as error:
        raise _syntax_error(error, text, file) from None
    return Document(data=data, marks=composer.marks, key_marks=composer.key_marks, text=text)


def _unreadable(path: Path, error: OSError) -> tuple[str, str]:
    match error:
        case FileNotFoundError():
            beside = [each.name for each in path.parent.glob(f"*{path.suffix}")] if path.parent.is_dir() else []
            return f"there is no such file{near_miss(path.name, beside)}", "correct the path"
        case IsADirectoryError():
            return "this is a folder, not a file", "name a file in it"
        case PermissionError():
            return "the file may not be read", "give yourself the right to read it"
        case _:
            return f"the file cannot be read: {error.strerror}", "see that it is a plain file that can be read"


def _refuse_character(text: str, file: str, position: int) -> NoReturn:
    before = text[:position].splitlines() if position else [""]
    if text[:position].endswith(("\n", "\r")):
        before.append("")
    mark = Mark(file=file, line=len(before), column=len(before[-1]) + 1)
    message = f"the character U+{ord(text[position]):04X} may not stand in a YAML file"
    remedy = f'take it out, or write it in double quotes as "\\u{ord(text[position]):04x}"'
    raise DocumentError(mark, message, remedy)


def _syntax_error(error: yaml.YAMLError, text: str, file: str) -> DocumentError:
    where = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    mark = Mark(file=file, line=where.line + 1, column=where.column + 1) if where else Mark(file=file, line=1, column=1)
    source = source_line(text, mark.line)
    problem = str(getattr(error, "problem", None) or error)
    if source is not None and "\t" in source[: mark.column] and not source[: mark.column].strip():
        return DocumentError(mark, "the line is indented with a tab", "indent with spaces", source)
    for phrase, message, remedy in _PLAIN_WORDS:
        if phrase in problem:
            return DocumentError(mark, message + _opened(error), remedy, source)
    return DocumentError(mark, f"this is not YAML: {problem}", "put the text in quotes if it is meant as text", source)


def _opened(error: yaml.YAMLError) -> str:
    """Where the quotes or brackets were opened that the error is about."""
    opened: Any = getattr(error, "context_mark", None)
    about = str(getattr(error, "context", None))
    if opened is None or not ("quoted" in about or "flow" in about):
        return ""
    return f" (opened on line {opened.line + 1}, column {opened.column + 1})"
