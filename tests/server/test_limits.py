"""Limits that are set: read from options, and held by the server."""

from __future__ import annotations

import pytest

from harness.adapters.server.requests import Limits
from harness.cli.exits import UsageFault
from harness.cli.serve_limits import read_limits
from tests.adapters.front_serving import connected, head, post
from tests.server.serving import served
from tests.server.test_serve_command import ended, serving

CONFIG = {"destinations": {"crm": {"kind": "event"}}}
JSON = "Content-Type: application/json"


def test_what_is_not_written_stays_as_usual() -> None:
    """Nothing written changes nothing, and one limit changes no other."""
    assert read_limits([]) == Limits()
    assert read_limits(["headers=500"]) == Limits(fields=500)


@pytest.mark.parametrize(("limit", "sent", "status"), [
    ("body=1KiB", post(JSON, body=b"[" + b" " * 1023 + b"]"), 413),
    ("header=1KiB", post(JSON, "X: " + "x" * 2000), 431),
    ("headers=20", post(JSON, *(f"X-{number}: 1" for number in range(30))), 431),
    ("body-time=50ms", head(JSON, "Content-Length: 9"), 408),
])  # fmt: skip
async def test_what_is_over_a_limit_that_was_set_is_answered_so(limit: str, sent: bytes, status: int) -> None:
    """Each would have been taken, or waited for longer, under the usual limits."""
    async with served(CONFIG, limits=read_limits([limit])) as it:
        assert (await it.raw(sent)).status == status


@pytest.mark.parametrize(("written", "told"), [
    (["bdy=1"], "unknown limit 'bdy'; did you mean 'body'?"),
    (["body"], "'' is no size"), (["body=0"], "no size"), (["body=1MB"], "no size"), (["body=-1"], "no size"),
    (["body=1", "body=2"], "body is given twice"), (["headers=0"], "no number"), (["headers=\u0663"], "no number"),
    (["body-time=0s"], "leaves no time"), (["body-time=soon"], "soon"),
])  # fmt: skip
def test_what_is_no_limit_is_refused_with_the_remedy(written: list[str], told: str) -> None:
    """The option and the limit are named."""
    with pytest.raises(UsageFault, match=r"^--limit") as refused:
        read_limits(written)
    assert told in str(refused.value)


async def test_serve_takes_limits() -> None:
    """As often as there are limits; a wrong one is one line and exit 2."""
    code, _, err = await ended("--limit", "body=much")
    assert (code, len(err.splitlines())) == (2, 1)
    async with serving("--limit", "body=1KiB", "--limit", "headers=500") as (_, url), connected(url) as client:
        reply = await client.ask(post(JSON, body=b" " * 1025, target="/destinations/events"))
    assert reply.status == 413
