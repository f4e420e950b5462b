"""The verdict on several scenarios."""

from __future__ import annotations

import pytest

from harness.core.verdict import Word, worst


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (["passed", "errored", "failed"], "errored"),
        (["passed", "failed", "skipped"], "failed"),
        (["skipped", "passed", "xfailed"], "passed"),
        (["xfailed", "skipped"], "xfailed"),
        (["skipped"], "skipped"),
        ([], "skipped"),
    ],
)
def test_several_verdicts_are_as_bad_as_the_worst(words: list[Word], word: Word) -> None:
    """Errored goes before failed before passed; where nothing was played, it is skipped."""
    assert worst(words) == word
