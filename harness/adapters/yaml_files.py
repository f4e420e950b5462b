"""YAML files as located documents: YAML 1.2 scalars, no surprises, and errors that show the place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NoReturn

import yaml

from harness.adapters.yaml_composer import TOO_DEEP, Composer, YamlProblem
from harness.core.documents import Document, DocumentError, Mark, source_line
from harness.core.spelling import near_miss

SCENARIO_SUFFIX = ".scenario.yaml"

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_NO_COLON = "could not find expected ':'"
_PLAIN_WORDS = (
    ("cannot start any token", "this character cannot begin a value", "put the text in quotes"),
    ("mapping values are not allowed", "a ': ' cannot stand here", "put the text in quotes, or indent the key"),
    ("sequence entries are not allowed", "a list entry cannot stand behind a key", "begin a new line, or use [ ]"),
    (_NO_COLON, "a key without ':'", "write 'key: value', or put text of several lines in quotes"),
    ("expected ',' or ']'", "a list in [ ] goes on wrongly here", "separate entries with ',' and close with ']'"),
    ("expected ',' or '}'", "a mapping in { } goes on wrongly here", "separate keys with ',' and close with '}'"),
    (
        "expected key",
        "this is neither a key nor the end of what is above",
        "align it with its keys, or quote all of a text",
    ),
    ("node content", "a value is due here", "write a value, or close the brackets"),
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


def files_beside(path: Path) -> list[str]:
    """The names of the files of the same sort in the folder of `path`: scenarios, or YAML files that are none."""
    found = path.parent.glob(f"*{path.suffix}") if path.parent.is_dir() else ()
    scenario = path.name.endswith(SCENARIO_SUFFIX)
    return [each.name for each in found if each.name.endswith(SCENARIO_SUFFIX) == scenario]


def _unreadable(path: Path, error: OSError) -> tuple[str, str]:
    match error:
        case FileNotFoundError():
            return f"there is no such file{near_miss(path.name, files_beside(path))}", "correct the path"
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
    problem = str(getattr(error, "problem", None) or error)
    mark = _mark_of(error, text, file)
    source = source_line(text, mark.line)
    if "nesting depth" in problem:  # libyaml's own bound is met before ours where it reads ahead
        return DocumentError(mark, *TOO_DEEP, source)
    if source is not None and "\t" in source[: mark.column] and not source[: mark.column].strip():
        return DocumentError(mark, "the line is indented with a tab", "indent with spaces", source)
    if _NO_COLON in problem and source is not None and source[mark.column - 1 : mark.column] in ("{", "["):
        return DocumentError(mark, "this stands no deeper than the key above it", "indent it under its key", source)
    for phrase, message, remedy in _PLAIN_WORDS:
        if phrase in problem:
            return DocumentError(mark, message + _opened(error), remedy, source)
    return DocumentError(mark, f"this is not YAML: {problem}", "put the text in quotes if it is meant as text", source)


def _mark_of(error: yaml.YAMLError, text: str, file: str) -> Mark:
    """Where to look: at the beginning of a key that does not end, else where the reading stopped, within the file."""
    stopped, began = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    where = began if began and _NO_COLON in str(getattr(error, "problem", "")) else stopped or began
    if where is None:
        return Mark(file=file, line=1, column=1)
    lines = text.splitlines() or [""]
    if where.line >= len(lines):
        return Mark(file=file, line=len(lines), column=len(lines[-1]) + 1)
    return Mark(file=file, line=where.line + 1, column=where.column + 1)


def _opened(error: yaml.YAMLError) -> str:
    """Where the quotes or brackets were opened that the error is about."""
    opened: Any = getattr(error, "context_mark", None)
    about = str(getattr(error, "context", None))
    if opened is None or "node" in about or not ("quoted" in about or "flow" in about):
        return ""
    return f" (opened on line {opened.line + 1}, column {opened.column + 1})"
