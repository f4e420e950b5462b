"""YAML files as documents: what they mean by YAML 1.2, and what is refused, where and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.adapters import yaml_files
from harness.adapters.yaml_composer import MOST_LEVELS
from harness.adapters.yaml_files import parse_document, read_document
from harness.core.documents import DocumentError

BOTH_LOADERS = pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader], ids=["C", "Python"])


def data(text: str) -> Any:
    """What `text` says."""
    return parse_document(text, "f.yaml").data


def refusal(text: str) -> DocumentError:
    """The error that `text` is refused with."""
    with pytest.raises(DocumentError) as refused:
        parse_document(text, "f.yaml")
    return refused.value


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        *[
            (text, text)
            for text in ("on", "off", "yes", "NO", "y", "12:30", "1_000", "2026-11-21", "0b1", "1h", "nUll")
        ],
        *[(text, text) for text in ("0x", "1e", "+", ".", "tRue", "0o8", "1.2.3", "=", "+0x1F", "١")],
        *[("true", True), ("True", True), ("FALSE", False), ("null", None), ("~", None), ("", None)],
        *[("0", 0), ("-7", -7), ("+7", 7), ("0777", 777), ("0x1F", 31), ("0o17", 15)],
        *[("1.5", 1.5), ("-.5", -0.5), ("1.", 1.0), ("1e3", 1000.0), ("1.5E-1", 0.15)],
        *[("'5'", "5"), ('"true"', "true"), ("!!str 5", "5"), ("! 5", "5"), ("'<<'", "<<"), ("|\n  1", "1")],
    ],
)
def test_scalars_are_those_of_yaml_1_2(scalar: str, value: Any) -> None:
    """A scalar means what YAML 1.2's core schema says, with its type."""
    found = data(f"a: {scalar}")["a"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_strings_of_yaml_1_2() -> None:
    """Words that YAML 1.1 took for booleans are plain keys."""
    assert data("on: 1\nno: 2\n'1': 3") == {"on": 1, "no": 2, "1": 3}


def test_values_and_keys_know_their_places() -> None:
    """Each value has the mark of where it begins, each key that of its own."""
    document = parse_document("a:\n  b: [1, {c: x}]\n", "f.yaml")
    places = {at: (mark.line, mark.column) for at, mark in document.marks.items()}
    assert places == {
        (): (1, 1), ("a",): (2, 3), ("a", "b"): (2, 6), ("a", "b", 0): (2, 7), ("a", "b", 1): (2, 10),
        ("a", "b", 1, "c"): (2, 14),
    }  # fmt: skip
    keys = {at: (mark.line, mark.column) for at, mark in document.key_marks.items()}
    assert keys == {("a",): (1, 1), ("a", "b"): (2, 3), ("a", "b", 1, "c"): (2, 11)}


def test_aliases_repeat_what_their_anchor_holds() -> None:
    """An alias stands for the value of its anchor, and what is in it is marked where the alias stands."""
    document = parse_document("a: &x {b: [1]}\nc: *x", "f.yaml")
    assert document.data == {"a": {"b": [1]}, "c": {"b": [1]}}
    assert document.mark(("c", "b", 0)).line == 2


@pytest.mark.parametrize(
    ("text", "place", "message", "remedy"),
    [
        ("a: 1\nb:\n  a: 2\n  a: 3", (4, 3), "the key 'a' stands here twice: first on line 3, column 3", "keep one"),
        ("1: a", (1, 1), "a key that is not text", "put it in quotes"),
        ("a:\n  true: b", (2, 3), "a key that is not text", "put it in quotes"),
        ("? [a]\n: b", (1, 3), "a key that is not text", "under a name"),
        ("? {a: b}\n: b", (1, 3), "a key that is not text", "under a name"),
        ("a: &x [1]\n*x : b", (2, 1), "a key that is not text", "under a name"),
        ("a: 1\n---\nb: 2", (2, 1), "a second document begins here", "one document"),
        ("", (1, 1), "the file is empty", "write a document"),
        ("# only a comment\n", (1, 1), "the file is empty", "write a document"),
        ("---\n", (2, 1), "the file is empty", "write a document"),
        ("a: !foo 1", (1, 4), "the tag !foo may not be used", "leave it out"),
        ("a: !!int 1", (1, 4), "the tag !!int may not be used", "leave it out"),
        ("a: !!python/object:os.system {}", (1, 4), "the tag !!python/object:os.system may", "leave it out"),
        ("a: &a {b: 1}\nc: {<<: *a}", (2, 5), "merge keys (<<) are not part of YAML 1.2", "write the keys out"),
        ("a: *x", (1, 4), "the alias *x has nothing to repeat", "&x"),
        ("a: &x [*x]", (1, 8), "the alias *x has nothing to repeat", "ends above"),
        ("a: &x 1\nb: &x [*x]", (2, 8), "the alias *x has nothing to repeat", "ends above"),
        ("a: .inf", (1, 4), ".inf is a number that JSON cannot carry", "quotes"),
        ("a: .NaN", (1, 4), ".NaN is a number that JSON cannot carry", "quotes"),
        ("a: -1e999", (1, 4), "-1e999 is a number that JSON cannot carry", "quotes"),
        ("a: " + "9" * 5000, (1, 4), "a number of 5000 digits is too long", "quotes"),
        ("a:\n- \x00", (2, 3), "the character U+0000 may not stand", '"\\u0000"'),
        ("a\n\x1b", (2, 1), "the character U+001B may not stand", '"\\u001b"'),
        ("\tb: 1", (1, 1), "the line is indented with a tab", "indent with spaces"),
        ("a:\n\t- 1", (2, 1), "the line is indented with a tab", "indent with spaces"),
        ("a: b: c", (1, 5), "a ': ' cannot stand here", "quotes"),
        ("a: [1, 2\nb: 3", (2, 2), "a list in [ ] goes on wrongly here (opened on line 1, column 4)", "close with ']'"),
        ("a: {x: 1\nb: 3", (2, 2), "a mapping in { } goes on wrongly here (opened on line 1", "close with '}'"),
        ('a: "x\n', (1, 6), "a text in quotes is not closed (opened on line 1, column 4)", "close the quotes"),
        ("- a\nb: 1", (2, 1), "this line is not an entry of the list above", "align"),
        ("a:\n  b: 1\n c: 2", (3, 2), "this is neither a key nor the end of what is above", "align"),
        ("a: @x", (1, 4), "this character cannot begin a value", "quotes"),
        ("a:\nb\n", (2, 1), "a key without ':'", "key: value"),
        ("a: 1\ndo\n  - enter: {journey: j}", (2, 1), "a key without ':'", "key: value"),
        ("a:\n  - b:\n  {c: d}\n", (3, 3), "this stands no deeper than the key above it", "indent it"),
        ("a:\n[b, c]", (2, 1), "this stands no deeper than the key above it", "indent it"),
        ("a: [1,\n\n", (2, 1), "a value is due here", "close the brackets"),
        ("a: - b", (1, 4), "a list entry cannot stand behind a key", "begin a new line"),
        ("a: b\n... x", (2, 5), "this is not YAML: did not find expected <document start>", "quotes"),
    ],
)
def test_what_may_mislead_is_refused_at_its_place(text: str, place: tuple[int, int], message: str, remedy: str) -> None:
    """What is not YAML, or not plainly one document, is refused with place, plain words and remedy."""
    error = refusal(text)
    assert (error.mark.line, error.mark.column) == place
    assert error.message.startswith(message)
    assert remedy in error.remedy


def test_an_error_shows_its_source_line() -> None:
    """An error quotes the line and points at the character."""
    assert str(refusal("a: 1\nb: !x 2")) == (
        "f.yaml:2:4: the tag !x may not be used\n    b: !x 2\n       ^\n  help: leave it out; put text in quotes"
    )


def test_half_a_surrogate_pair_is_refused() -> None:
    """An escape that is no character is refused, as no payload could carry it."""
    assert refusal('a: "\\uD800"').mark.line == 1


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_depth_is_bounded(opening: str) -> None:
    """A document that is nested too deeply is refused, however deeply."""
    assert f"more than {MOST_LEVELS} levels" in refusal(opening * 50_000).message


def test_depth_up_to_the_bound_is_read() -> None:
    """A document that is nested just as deeply as allowed is read."""
    assert data("[" * MOST_LEVELS + "]" * MOST_LEVELS)


def test_repetition_by_aliases_is_bounded() -> None:
    """Aliases of aliases that would repeat without end are refused."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    error = refusal("\n".join(lines))
    assert "values" in error.message
    assert error.mark.line == 6


@BOTH_LOADERS
def test_both_loaders_of_the_library_are_served(loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's slow loader, which stands in where the fast one is not built, gives the same document."""
    monkeypatch.setattr(yaml_files, "_Loader", loader)
    document = parse_document("a: &x [on, 1, '2', 0x1F]\nb:\n- *x\n-\n", "f.yaml")
    assert document.data == {"a": ["on", 1, "2", 31], "b": [["on", 1, "2", 31], None]}
    assert document.mark(("a", 2)).column == 15


@BOTH_LOADERS
@pytest.mark.parametrize(
    "text", ["a: [1\nb: 2", "a: 'x", "\ta: 1", "a: b: c", "a:\n  b: 1\n c: 2", 'a: "\\uD800"', "a: @"]
)
def test_both_loaders_refuse_the_same(text: str, loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one loader refuses, the other refuses, on the same line."""
    monkeypatch.setattr(yaml_files, "_Loader", loader)
    assert refusal(text).mark.line == text.count("\n") + 1


def test_a_file_is_read(tmp_path: Path) -> None:
    """A file in UTF-8, with a byte order mark or without, is read, and marks carry its name."""
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: \xc3\xa9\r\nb: 1\r\n")
    document = read_document(file)
    assert document.data == {"a": "é", "b": 1}
    assert str(document.mark(("b",))) == f"{file}:2:4"


def test_a_missing_file_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    """A file that is not there is an error that names the most similar file beside it."""
    (tmp_path / "smoke.yaml").touch()
    with pytest.raises(DocumentError, match=r"there is no such file; did you mean 'smoke\.yaml'\?"):
        read_document(tmp_path / "smok.yaml")
    with pytest.raises(DocumentError, match="there is no such file\n"):
        read_document(tmp_path / "nowhere" / "a.yaml")


def test_a_missing_file_is_like_those_of_its_sort_only(tmp_path: Path) -> None:
    """For a configuration that is not there no scenario is named, nor the other way round."""
    for name in ("server.scenario.yaml", "people.yaml"):
        (tmp_path / name).touch()
    with pytest.raises(DocumentError, match=r"there is no such file; .*'?people\.yaml") as refused:
        read_document(tmp_path / "server.yaml")
    assert "scenario" not in refused.value.message
    with pytest.raises(DocumentError, match=r"there is no such file; did you mean 'server\.scenario\.yaml'\?"):
        read_document(tmp_path / "people.scenario.yaml")


def test_a_folder_is_an_error(tmp_path: Path) -> None:
    """A folder in place of a file is an error."""
    with pytest.raises(DocumentError, match="this is a folder"):
        read_document(tmp_path)


@pytest.mark.parametrize(
    ("cause", "message"),
    [(PermissionError(13, "denied"), "may not be read"), (OSError(5, "I/O error"), "cannot be read: I/O error")],
)
def test_an_unreadable_file_is_an_error(cause: OSError, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the system does not give out is an error with its cause."""

    def refuse(_: Path) -> bytes:
        raise cause

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DocumentError, match=message):
        read_document(Path("a.yaml"))


def test_bytes_that_are_not_utf_8_are_an_error_at_their_place(tmp_path: Path) -> None:
    """A byte that is not UTF-8 is an error with line, column and the byte."""
    file = tmp_path / "a.yaml"
    file.write_bytes("a: é\nb: é".encode() + b"\xff")
    with pytest.raises(DocumentError) as refused:
        read_document(file)
    assert (refused.value.mark.line, refused.value.mark.column) == (2, 5)
    assert refused.value.message == "the byte 0xff is not UTF-8"
