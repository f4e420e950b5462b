"""What a space reads in the answers of destinations."""

from __future__ import annotations

import pytest

from harness.engage.retries import Answer


@pytest.mark.parametrize(
    ("status", "body", "results"),
    [
        (207, b'{"items": [{"status": 200}, {"status": 503, "error": "down"}]}', [200, 503]),
        (200, b'[{"status": 200}, {"status": 400, "errormessage": "Bad Request"}]', [200, 400]),
        (207, b"[]", None),
        (207, b"", None),
        (200, b'{"success": true}', None),
        (200, b'{"status": "ok"}', None),
        (200, b'[{"status": "ok"}]', None),
        (200, b'[{"status": true}]', None),
        (200, b'["status"]', None),
        (200, b'{"items": 7, "status": 1}', None),
        (207, b'{"status": ', None),
        (503, b'[{"status": 200}]', None),
    ],
)
def test_results_of_items_are_read_in_either_form(status: int, body: bytes, results: list[int] | None) -> None:
    """From a 207 or a 200 with a status for each item; anything else tells nothing apart."""
    read = Answer(status=status, body=body).results
    assert (read and [each.status for each in read]) == results


@pytest.mark.parametrize(
    ("answer", "location"),
    [
        (Answer(status=307, headers={"location": "/new"}), "/new"),
        (Answer(status=307, headers={"Location": "/new"}), "/new"),
        (Answer(status=307), None),
        (Answer(status=302, headers={"Location": "/new"}), None),
        (Answer(status=200, headers={"Location": "/new"}), None),
    ],
)
def test_only_a_307_that_says_where_to_is_followed(answer: Answer, location: str | None) -> None:
    """A redirect without a place, and any other status, is what its status says."""
    assert (answer.location, answer.retried) == (location, location is not None)
