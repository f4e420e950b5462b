"""Located documents: where values stand, and errors that show the place."""

from __future__ import annotations

from typing import Any

import pytest

from harness.adapters.yaml_files import parse_document
from harness.core.documents import Document, DocumentError, DocumentErrors, Mark, source_line, validate
from harness.core.schemas import load_schema
from harness.core.spelling import near_miss

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["version"],
    "properties": {
        "version": {"const": 1},
        "name": {"type": "string"},
        "count": {"type": "integer"},
        "strict": {"type": "boolean"},
        "limits": {"type": "object"},
        "kind": {"enum": ["event", "list"]},
        "destinations": {
            "propertyNames": {"pattern": "^[a-z]+$", "x-expected": "lower-case letters"},
            "additionalProperties": {"type": "object", "required": ["kind"], "properties": {"kind": {}, "calls": {}},
                                     "additionalProperties": False},
        },
    },
    "unevaluatedProperties": False,
}  # fmt: skip


def problems(text: str) -> list[str]:
    """What is wrong with `text` by the sample schema."""
    document = parse_document(text, "s.yaml")
    return [str(problem) for problem in validate(document, load_schema(SCHEMA, name="sample"))]


def problem(text: str) -> str:
    """The one thing that is wrong with `text`, which follows a line with the version."""
    (only,) = problems("version: 1\n" + text)
    return only


def test_a_right_document_has_no_problems() -> None:
    """A document that the schema accepts has no problems."""
    assert problems("version: 1\nstrict: true") == []


def test_an_unknown_key_is_shown_with_the_nearest_known() -> None:
    """An unknown key is shown at its own place, with what its writer may have meant."""
    assert problem("destinations:\n  crm: {kind: event, call: [track]}") == (
        "s.yaml:3:22: unknown key 'call'; did you mean 'calls'?\n"
        "      crm: {kind: event, call: [track]}\n"
        "                         ^"
    )


def test_unevaluated_keys_are_unknown_keys() -> None:
    """What a composed schema leaves over is an unknown key as well."""
    assert problem("nmae: x").startswith("s.yaml:2:1: unknown key 'nmae'; did you mean 'name'?")


def test_keys_that_are_not_indented_are_one_problem() -> None:
    """Unknown keys just below a key without a value are told as what they are: its value, not indented."""
    assert problem("destinations:\n  crm: {kind: event}\nlimits:\nmost: 1\nleast: 0") == (
        "s.yaml:4:1: nothing is written under 'limits', as what follows is not indented deeper\n"
        "    limits:\n"
        "    ^\n"
        "  help: indent the lines below under `limits:`"
    )


@pytest.mark.parametrize("text", ["limits:\nkind: event\nmost: 1", "{version: 1, limits: , most: 1}"])
def test_unknown_keys_elsewhere_are_unknown(text: str) -> None:
    """Keys behind a known one, or on the same line, are not taken for a value that was to be indented."""
    found = problems(text if "{" in text else f"version: 1\n{text}")
    assert sum("unknown key 'most'" in each for each in found) == 1
    assert any("leave the key out, or indent what belongs to it" in each for each in found)


def test_a_missing_key_is_shown_where_it_belongs() -> None:
    """A missing key is shown at the key of the mapping that lacks it."""
    assert problem("destinations:\n  crm:\n    calls: [track]") == (
        "s.yaml:3:3: destinations.crm.kind is missing\n      crm:\n      ^\n  help: add the key 'kind' here"
    )


def test_a_wrong_name_is_shown_at_the_name() -> None:
    """A key that may not have such a name is shown at its own place."""
    assert problem("destinations: {CRM: {kind: list}}").startswith(
        "s.yaml:2:16: the name destinations.CRM must be lower-case letters\n"
    )


def test_a_wrong_value_is_shown_with_what_was_found() -> None:
    """A wrong value is shown at its place, with what it must be and what it is."""
    assert problem("kind: lists").startswith(
        's.yaml:2:7: kind must be "event" or "list", not "lists"; did you mean \'list\'?\n'
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("strict: on", "in YAML 1.2, on is text: write true or false"),
        ("strict: NO", "in YAML 1.2, NO is text: write true or false"),
        ("count: 1_000", "write a plain decimal number"),
        ("count: '5'", "write a plain decimal number"),
        ("name: 12", "put it in quotes"),
        ("name: true", "put it in quotes"),
        ("name:", "nothing is written here"),
    ],
)
def test_another_type_than_meant_gets_a_hint(text: str, hint: str) -> None:
    """Where YAML 1.2 reads another type than the writer thinks, the error says how to write it."""
    assert hint in problem(text).rpartition("help: ")[2]


def test_problems_come_in_the_order_of_the_file() -> None:
    """Problems are told from the top of the file to its end."""
    lines = [line.split(":")[1:3] for line in problems("strict: 5\nkind: x\nfoo: 1\nname: [1]")]
    assert lines == [["1", "1"], ["1", "9"], ["2", "7"], ["3", "1"], ["4", "7"]]


def marked() -> Document:
    """A document with a few marks."""
    marks = {(): Mark(file="f", line=1, column=1), ("a", 0): Mark(file="f", line=2, column=5)}
    return Document(
        data={"a": [{}]}, marks=marks, key_marks={("a",): Mark(file="f", line=1, column=3)}, text="a:\n  - {}"
    )


def test_a_place_without_a_mark_has_that_of_what_is_around_it() -> None:
    """A place that was not written has the mark of the nearest value around it."""
    assert marked().mark(("a", 0, "x", 1)).line == 2
    assert marked().mark(("b",)).line == 1


def test_the_mark_of_a_key_falls_back_to_that_of_the_value() -> None:
    """What has no key, such as a list entry, is marked where its value begins."""
    assert marked().key_mark(("a",)).column == 3
    assert marked().key_mark(("a", 0)).column == 5


def test_errors_about_keys_and_values_are_located() -> None:
    """An error about a key stands at the key, one about a value at the value, each with its source line."""
    assert str(marked().at_key(("a",), "wrong")) == "f:1:3: wrong\n    a:\n      ^"
    assert (
        str(marked().at_value(("a", 0), "wrong", "mend it")) == "f:2:5: wrong\n      - {}\n        ^\n  help: mend it"
    )


def test_an_error_without_a_source_line_shows_none() -> None:
    """Where there is no source line, the error is its place, its message and its remedy."""
    error = DocumentError(Mark(file="f", line=1, column=1), "wrong", "mend it")
    assert str(error) == "f:1:1: wrong\n  help: mend it"


def test_a_long_source_line_is_cut_around_the_place() -> None:
    """Of a long line, what lies around the place is shown, with the caret under the right character."""
    source = "x" * 300 + "HERE" + "y" * 300
    lines = str(DocumentError(Mark(file="f", line=1, column=301), "wrong", source=source)).splitlines()
    assert len(lines[1]) <= 114
    assert lines[1][lines[2].index("^")] == "H"


def test_several_errors_are_told_together() -> None:
    """Several errors are one exception that tells all of them."""
    mark = Mark(file="f", line=1, column=1)
    errors = DocumentErrors([DocumentError(mark, "first"), DocumentError(mark, "second")])
    assert str(errors) == "f:1:1: first\nf:1:1: second"
    assert len(errors.problems) == 2


def test_lines_beyond_the_source_are_none() -> None:
    """A line that is not in the source is None."""
    assert source_line("a\nb", 2) == "b"
    assert source_line("a", 2) is None
    assert source_line("a", 0) is None


@pytest.mark.parametrize(
    ("name", "known", "addition"),
    [
        ("recieved", ["received", "members"], "; did you mean 'received'?"),
        ("Received", ["received"], "; did you mean 'received'?"),
        ("xyz", ["b", "a"], "; known: a, b"),
        ("xyz", [], ""),
        ("xyz", [f"name{n:02}" for n in range(14)],
         "; known: " + ", ".join(f"name{n:02}" for n in range(12)) + ", and 2 more"),
    ],
)  # fmt: skip
def test_a_near_miss_names_what_may_have_been_meant(name: str, known: list[str], addition: str) -> None:
    """An unknown name is told with the nearest known one, else with those that are known."""
    assert near_miss(name, known) == addition
