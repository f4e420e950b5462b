"""Slugs and step keys: every published key is read, and what is made is always a key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.keys import (
    KEY_LENGTH,
    SUFFIX_ALPHABET,
    StepKey,
    journey_slug,
    parse_key,
    skeleton,
    slug,
    step_slug,
)

CASES = Path(__file__).parents[1] / "cases" / "keys"
SUFFIXES = st.text(SUFFIX_ALPHABET, min_size=5, max_size=6)


def cases(name: str, title: str) -> list[Any]:
    """The cases in a file, each named by one of its members."""
    return [pytest.param(case, id=str(case[title])[:60]) for case in json.loads((CASES / name).read_text("utf-8"))]


@pytest.mark.parametrize("case", cases("published.json", "key"))
def test_a_published_key_is_read(case: dict[str, str]) -> None:
    """Every key that was ever published has the grammar, and its parts are those that one sees in it."""
    parsed = parse_key(case["key"])
    assert parsed == StepKey(journey=case["journey"], step=case["step"], suffix=case["suffix"])
    assert str(parsed) == case["key"]


@pytest.mark.parametrize("case", cases("invalid.json", "why"))
def test_what_is_no_key_has_no_parts(case: dict[str, str]) -> None:
    """What lacks the grammar, or is too long, is no key."""
    assert parse_key(case["key"]) is None


@pytest.mark.parametrize("case", cases("slugs.json", "why"))
def test_a_name_has_its_slug(case: dict[str, str]) -> None:
    """A journey's or a step's name becomes the slug that its key holds."""
    assert {"journey": journey_slug, "step": step_slug}[case["of"]](case["name"]) == case["slug"]


@given(journey=st.text(), step=st.text(), suffix=SUFFIXES)
def test_a_generated_key_is_read_back(journey: str, step: str, suffix: str) -> None:
    """A key made of any two names has its parts again when it is read."""
    made = StepKey(journey=journey_slug(journey), step=step_slug(step), suffix=suffix)
    assert len(str(made)) <= KEY_LENGTH + len(suffix) - 5
    assert parse_key(str(made)) == (made if len(str(made)) <= KEY_LENGTH else None)


def test_the_longest_names_make_the_longest_key() -> None:
    """Names that fill both slugs, and a suffix of five, make a key of 255 characters."""
    key = str(StepKey(journey=journey_slug("a" * 99), step=step_slug("b" * 999), suffix="c" * 5))
    assert len(key) == KEY_LENGTH
    assert parse_key(key) is not None


@given(name=st.text(), length=st.integers(4, 200))
def test_a_slug_is_its_own_slug(name: str, length: int) -> None:
    """A slug has letters of a key only, is no longer than asked, and does not change when it is made again."""
    made = slug(name, length)
    assert 0 < len(made) <= length
    assert set(made) <= {*SUFFIX_ALPHABET, "_"}
    assert slug(made, length) == made


@given(name=st.text())
def test_a_slug_and_its_name_have_one_skeleton(name: str) -> None:
    """A name and its slug have the same letters and digits."""
    assert skeleton(name) == (skeleton(slug(name, 10_000)) if name else "")


@given(text=st.text() | st.from_regex(r"j_o_[a-z_0-9]{0,40}", fullmatch=True))
def test_what_is_read_as_a_key_is_written_so(text: str) -> None:
    """Whatever text is read as a key is written in the same way again."""
    parsed = parse_key(text)
    assert parsed is None or str(parsed) == text
