"""`harness wait-ready`: 0 once a server is ready, 3 where it does not become so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.adapters.server.threaded import ThreadedServer
from tests.certificates import make_certificate
from tests.cli.running import Command
from tests.server.test_serve_command import serving

TOKEN = "s3cret-token"


@pytest.fixture
def url() -> Iterator[str]:
    """Where a server listens."""
    server = ThreadedServer()
    yield server.start()
    server.stop()


def test_a_server_that_is_ready_ends_the_wait(harness: Command, url: str) -> None:
    """It says so, and exits 0."""
    done = harness("wait-ready", url)
    assert (done.code, done.out, done.err) == (0, "", f"{url} is ready\n")


def test_a_server_that_does_not_come_is_exit_3(harness: Command) -> None:
    """The line says where, why and how long; there is no traceback."""
    done = harness("wait-ready", "http://127.0.0.1:9", "--timeout", "50ms")
    assert (done.code, len(done.err.splitlines())) == (3, 1)
    assert "not ready within 0.05 s: no harness answers at http://127.0.0.1:9: connection refused" in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["127.0.0.1:8085"], "not the URL of a server"), (["--timeout", "5"], "a number and a unit")],
)
def test_wrong_usage_is_exit_2(harness: Command, arguments: list[str], told: str) -> None:
    """A URL or a duration that is none is told at once."""
    done = harness("wait-ready", *arguments)
    assert (done.code, told in done.err) == (2, True)


@pytest.mark.parametrize("lifetime", ["soon", "0s"])
def test_serve_refuses_a_time_to_live_that_is_none(harness: Command, lifetime: str) -> None:
    """Nothing is served."""
    done = harness("serve", "--runs-expire-after", lifetime)
    assert (done.code, "--runs-expire-after" in done.err) == (2, True)


async def test_wait_ready_waits_for_a_server_that_speaks_tls_and_demands_a_token(
    harness: Command, tmp_path: Path
) -> None:
    """It takes the certificate as `--cacert`; a wrong token is told at once, with exit code 3."""
    pem = make_certificate(tmp_path)
    cert = str(pem / "cert.pem")
    async with serving("--tls-cert", cert, "--tls-key", str(pem / "key.pem"), "--token", TOKEN) as (_, url):
        done, wrong = [
            await asyncio.to_thread(harness, "wait-ready", url, "--cacert", cert, "--token", token)
            for token in (TOKEN, "another")
        ]
    assert (done.code, done.err) == (0, f"{url} is ready\n")
    assert (wrong.code, "401: the control API of this server demands its token" in wrong.err) == (3, True)


def test_wait_ready_wants_certificates_to_trust(harness: Command, tmp_path: Path) -> None:
    """A file that is not there, or holds none, is wrong usage."""
    (tmp_path / "empty.pem").write_text("")
    for name in ("none.pem", "empty.pem"):
        done = harness("wait-ready", "--cacert", str(tmp_path / name))
        assert (done.code, done.err.startswith("error: --cacert: "), name in done.err) == (2, True, True)
