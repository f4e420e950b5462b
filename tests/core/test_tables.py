"""Open tables."""

import pytest

from harness.core.tables import open_table


def test_a_table_holds_its_entries_by_name_in_order() -> None:
    """What is registered is found under its name, and the order is kept."""
    assert list(open_table("colour", ["red", "blue"], str.upper).items()) == [("RED", "red"), ("BLUE", "blue")]


def test_a_name_that_is_registered_twice_is_refused() -> None:
    """A second entry of a name is refused, so that none is silently lost."""
    with pytest.raises(ValueError, match="the colour 'red' is registered twice: give one of them another name"):
        open_table("colour", ["red", "blue", "red"], str)
