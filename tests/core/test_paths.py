"""Places in payloads, as JSONPath."""

from __future__ import annotations

import pytest

from harness.core.paths import child, json_path


@pytest.mark.parametrize(
    ("at", "path"),
    [
        ((), "$"),
        (("a", 0, "b_1"), "$.a[0].b_1"),
        (("odd key", 0), "$['odd key'][0]"),
        (("it's \\ \n",), r"$['it\'s \\ \n']"),
        (("é", "", "1a", '"'), "$['é']['']['1a']['\"']"),
        (("a\n",), r"$['a\n']"),
    ],
)
def test_a_place_is_written_as_jsonpath(at: tuple[str | int, ...], path: str) -> None:
    """A place is a JSONPath that any implementation reads, whatever the names in it."""
    assert json_path(at) == path


def test_a_child_goes_on_from_where_its_parent_is() -> None:
    """The path of a member or item begins with that of what it is in."""
    assert child("$.integrations", "Google Ads") == "$.integrations['Google Ads']"
    assert child("$.add", 3) == "$.add[3]"
