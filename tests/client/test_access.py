"""Both clients at a server that demands a token and speaks TLS."""

from __future__ import annotations

import asyncio
import inspect
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from harness.adapters.server.server import Server
from harness.client import ApiError, AsyncClient, Client, Unreachable
from tests.certificates import make_certificate
from tests.server.serving import serving
from tests.server.test_serve_command import serving as command_serving

TOKEN = "s3cret-token"


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and its key."""
    return make_certificate(tmp_path_factory.mktemp("pem"))


@pytest.fixture
async def guarded() -> AsyncIterator[str]:
    """Where a server listens that demands the token."""
    async with serving(Server(token=TOKEN)) as it:
        yield it.server.url


async def state(client: Any) -> Any:
    """The state of the default run, as either client tells it; the client is closed."""
    try:
        if inspect.iscoroutinefunction(client.ask):
            return await client.run().state()
        return await asyncio.to_thread(client.run().state)
    finally:
        closed = client.close()
        if inspect.isawaitable(closed):
            await closed


@pytest.mark.parametrize("make", [Client, AsyncClient])
async def test_a_client_gives_the_token(make: Any, guarded: str) -> None:
    """Besides headers of its own, if it has any."""
    told = await state(make(guarded, token=TOKEN, headers={"X-Trace": "1"}))
    assert told.name == "default"


@pytest.mark.parametrize("make", [Client, AsyncClient])
async def test_without_the_token_the_error_says_what_is_missing(make: Any, guarded: str) -> None:
    """It is the server's own 401."""
    with pytest.raises(ApiError, match="401: the control API of this server demands its token"):
        await state(make(guarded))


@pytest.mark.parametrize("make", [Client, AsyncClient])
async def test_a_client_trusts_whom_it_is_told_to(make: Any, pem: Path) -> None:
    """A certificate that nobody vouches for is trusted where the client is given it, and by no other."""
    async with command_serving("--tls-cert", str(pem / "cert.pem"), "--tls-key", str(pem / "key.pem")) as (_, url):
        told = await state(make(url, tls=ssl.create_default_context(cafile=str(pem / "cert.pem"))))
        with pytest.raises(Unreachable, match=r"certificate is not trusted \(self-signed certificate\)"):
            await state(make(url))
    assert told.name == "default"
