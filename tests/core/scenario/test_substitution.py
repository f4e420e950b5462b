"""Variables take the place of their names."""

from __future__ import annotations

from typing import Any

import pytest

from harness.adapters.yaml_files import parse_document
from harness.core.documents import DocumentError
from harness.core.scenario.substitution import resolved_variables, substituted


def put(text: str, **variables: Any) -> Any:
    """The value of the YAML `text` with its variables in place."""
    document = parse_document(f"it: {text}", "sample.yaml")
    return substituted(document, variables, {"HOME": "/home/me"}).data["it"]


@pytest.mark.parametrize("value", [3, 2.5, True, None, "x", [503, 200], {"a": 1}])
def test_a_scalar_that_is_only_a_variable_takes_its_type(value: Any) -> None:
    """A number stays a number, a list a list, and so on."""
    assert put('"${x}"', x=value) == value
    assert type(put('"${x}"', x=value)) is type(value)


@pytest.mark.parametrize(("value", "text"), [(3, "3"), (True, "true"), ("é", "é"), (None, "null"), (2.5, "2.5")])
def test_within_text_a_value_is_written_out(value: Any, text: str) -> None:
    """Beside other text, a value is written as YAML would write it."""
    assert put('"<${x}>"', x=value) == f"<{text}>"


def test_two_dollars_are_one() -> None:
    """`$${` stands for the text `${`, also where it is all of the scalar."""
    assert put('"$${x}"') == "${x}"
    assert put('"a $${x} and ${x}"', x=1) == "a ${x} and 1"


def test_blanks_in_the_braces_do_not_matter() -> None:
    """The name may have room around it."""
    assert put('"${ x }"', x=1) == 1


def test_the_environment_is_text() -> None:
    """`${env.NAME}` is the text of the environment's variable."""
    assert put('"${env.HOME}/x"') == "/home/me/x"


def test_what_a_variable_holds_is_not_read_again() -> None:
    """A value that looks like a variable is no variable."""
    assert put('"${x}"', x="${y}") == "${y}"


def test_values_of_nested_structures_are_replaced() -> None:
    """Variables stand wherever a value may; keys are left alone."""
    assert put('{a: ["${x}", {"${x}": "${x}"}]}', x=1) == {"a": [1, {"${x}": 1}]}


def test_a_variable_may_use_those_before_it() -> None:
    """Variables are resolved in order, and what is given wins."""
    document = parse_document('vars: {a: 1, b: "${a}2", c: "${b}"}', "sample.yaml")
    assert resolved_variables(document, {}, {}) == {"a": 1, "b": "12", "c": "12"}
    assert resolved_variables(document, {"a": 5}, {}) == {"a": 5, "b": "52", "c": "52"}


@pytest.mark.parametrize("text", ["${payload.userId}", "Hello ${payloads[0].userId}, ${delivery.attempt}"])
def test_references_to_what_comes_stay_until_it_comes(text: str) -> None:
    """Under a destination's `replies`, they are filled in with each delivery, whatever variables there are."""
    document = parse_document(
        f"destinations: {{crm: {{replies: {{body: '{text}', status: '${{status}}'}}}}}}\n", "a.yaml"
    )
    (replies,) = [
        each["replies"]
        for each in substituted(document, {"payload": 1, "status": 202}, {}).data["destinations"].values()
    ]
    assert replies == {"body": text, "status": 202}


def test_elsewhere_they_are_variables_that_nobody_knows() -> None:
    """Only what is answered can take up what came."""
    with pytest.raises(DocumentError, match=r"unknown variable 'payload\.userId'"):
        put('"${payload.userId}"')
