"""`harness check`: files that are not the whole capture, or none at all."""

from __future__ import annotations

import json

import pytest

from harness.core.captures.sources import Sources
from harness.core.rules.examples import event, track
from tests.cli.running import Command


def page(numbers: range, total: int, following: int | None) -> dict[str, object]:
    """A page of deliveries, as the server lists them."""
    users = [event(track(userId=f"u{number}", messageId=f"m{number}"), number=number) for number in numbers]
    return {"deliveries": users, "total": total, "complete": True, "next": following}


@pytest.mark.parametrize("indent", [None, 1], ids=["one line", "lines"])
def test_a_page_is_not_taken_for_the_whole(harness: Command, indent: int | None) -> None:
    """A page that says there is more exits 2, says how much is missing, and how to get it."""
    done = harness("check", "-", "--json", stdin=json.dumps(page(range(1, 3), 5, 2), indent=indent).encode())
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: -: this page holds 2 of 5 deliveries, ")
    assert "ask for ?limit=10000, or also give the page of ?after=2, behind this one" in done.err


def test_pages_that_follow_each_other_are_the_whole(harness: Command) -> None:
    """A page may say that there is more where the next file holds it; out of order, or with a gap, they may not."""
    first, second, third = page(range(1, 3), 5, 2), page(range(3, 5), 3, 4), page(range(5, 6), 1, None)
    files = [harness.write(f"{number}.json", [content]) for number, content in enumerate((first, second, third), 1)]
    done = harness("check", *files)
    assert (done.code, done.err.split(" judged")[0]) == (0, "PASSED  5 payloads in 5 deliveries")
    assert harness("check", files[0], files[2]).err.startswith("error: 1.json: this page holds 2 of 5 deliveries")
    assert harness("check", files[1], files[2], files[0]).err.startswith("error: 1.json: ")
    assert harness("check", files[1], files[0], files[2]).err.startswith("error: 2.json: ")


FORMLESS = [
    pytest.param("{}", id="empty object"),
    pytest.param('{"verdict": "passed", "violations": []}', id="verdict"),
    pytest.param('{\n"verdict": "passed"\n}', id="over lines"),
    pytest.param("[7, {}]", id="array"),
    pytest.param('{"a": 1}\n{"a": 2}\n', id="lines"),
]


@pytest.mark.parametrize("content", FORMLESS)
def test_a_file_of_something_else_is_no_capture(harness: Command, content: str) -> None:
    """A file in which nothing has a known form exits 2 and names the forms, whatever stands in another file."""
    right = harness.write("right.ndjson", [event(track())])
    done = harness("check", right, harness.write("odd.json", content))
    assert done.code == 2
    assert done.err.startswith(
        "error: odd.json: this is no capture: nothing in it has a known form; a call has a `type`"
    )


def test_one_line_of_something_else_is_a_violation(harness: Command) -> None:
    """Among deliveries, a line that is none fails the capture and is told with its place."""
    done = harness("check", harness.write("a.ndjson", [event(track()), {"verdict": "passed"}]))
    assert done.code == 1
    assert done.err.startswith("a.ndjson:2  rule ")


def test_a_page_cannot_be_larger_than_the_largest() -> None:
    """Of more deliveries than the server lists at once, only the next page is asked for."""
    sources = Sources()
    sources.opened("page.json")
    sources.page({"deliveries": [{}] * 10_000, "total": 12_000, "next": 10_000})
    (fault,) = sources.faults()
    assert "holds 10000 of 12000 deliveries" in fault
    assert "limit=" not in fault
    assert "; also give the page of ?after=10000, behind this one" in fault
