"""Named faults that show only with time, retries or several emails."""

from __future__ import annotations

import pytest

from harness.engage.faults import FAULTS
from tests.engage.fault_scenes import SCENES


@pytest.mark.parametrize("name", SCENES)
def test_a_fault_shows_in_what_follows(name: str) -> None:
    """A space with the fault does what the fault says, and a space without it does not."""
    scene, read, faulty, right = SCENES[name]
    assert (read(scene(name)), read(scene(None))) == (faulty, right)


def test_a_retry_of_a_list_keeps_to_its_document() -> None:
    """Faults in the retries of calls leave the documents of lists alone."""
    assert FAULTS["retry-with-new-message-id"].again(b'{"list": "k"}', 0) == b'{"list": "k"}'


def test_a_retry_of_a_list_may_have_another_key() -> None:
    """A key that changes between attempts changes in documents of lists too."""
    assert FAULTS["key-changes-per-attempt"].again(b'{"list": "j_o_a__b_x1y2z"}', 0) == b'{"list": "j_o_a__b_x1y20"}'
