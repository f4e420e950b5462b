"""`harness serve` beyond loopback and over HTTPS, as a process of its own."""

from __future__ import annotations

import ssl
from pathlib import Path

import aiohttp
import pytest

from tests.certificates import make_certificate
from tests.server.test_serve_command import ended, serving

CONFIG = """
destinations: {crm: {kind: event, calls: [track]}}
journeys:
  j: {name: J, entry: {event: Order Completed}, steps: [{send_to_destinations: {name: S, to: [crm]}}]}
"""


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, in `cert.pem`, and its key in `key.pem`."""
    return make_certificate(tmp_path_factory.mktemp("pem"))


async def test_over_tls_sources_destinations_and_the_simulated_space_speak_https(pem: Path, tmp_path: Path) -> None:
    """Who trusts the certificate can ask and send; the space that plays the journeys trusts it by itself."""
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG)
    options = ("--tls-cert", str(pem / "cert.pem"), "--tls-key", str(pem / "key.pem"), "--config", str(config))
    trusted = ssl.create_default_context(cafile=str(pem / "cert.pem"))
    deliveries = "/_harness/v1/runs/default/deliveries?count=1&wait=20s"
    async with serving(*options) as (_, url), aiohttp.ClientSession(url) as client:
        order = {"userId": "u1", "event": "Order Completed"}
        async with client.post(
            "/v1/track", json=order, headers={"Authorization": "Basic c2hvcDo="}, ssl=trusted
        ) as tracked:
            assert tracked.status == 200
        async with client.get(deliveries, ssl=trusted) as answer:
            found = await answer.json()
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await client.get("/_harness/readyz")
    assert url.startswith("https://127.0.0.1:")
    assert [each["reply"]["status"] for each in found["deliveries"]] == [200]


async def test_the_certificate_may_stand_in_the_configuration(pem: Path) -> None:
    """Beside which its files lie, wherever the server is started."""
    (pem / "config.yaml").write_text("server: {tls: {cert: cert.pem, key: key.pem}}\ndestinations: {}\n")
    trusted = ssl.create_default_context(cafile=str(pem / "cert.pem"))
    async with (
        serving("--config", str(pem / "config.yaml")) as (_, url),
        aiohttp.ClientSession(url) as client,
        client.get("/_harness/readyz", ssl=trusted) as answer,
    ):
        assert answer.status == 200
    assert url.startswith("https://")


@pytest.mark.parametrize(("files", "told"), [
    (("--tls-cert", "none.pem"), "none.pem: No such file"),
    (("--tls-cert", "cert.pem"), "cert.pem: "),
    (("--tls-cert", "key.pem", "--tls-key", "cert.pem"), "key.pem and "),
    (("--tls-key", "key.pem"), "give --tls-cert too"),
])  # fmt: skip
async def test_what_is_no_certificate_with_its_key_is_one_clear_line(
    pem: Path, files: tuple[str, ...], told: str
) -> None:
    """Nothing is served, and the exit code is 2."""
    options = [str(pem / each) if each.endswith(".pem") else each for each in files]
    code, out, err = await ended(*options)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert told in err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])  # noqa: S104  # it is refused
async def test_beyond_loopback_it_does_not_start_without_a_token(host: str) -> None:
    """It says why, and what to do instead; nothing listens."""
    code, out, err = await ended("--host", host)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "--token" in err
    assert "127.0.0.1" in err


@pytest.mark.parametrize("token", ["", "two words", "schl\u00fcssel"])
async def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    """An empty one would be none."""
    code, _, err = await ended("--token", token)
    assert (code, "visible ASCII" in err) == (2, True)


async def test_a_server_with_a_token_demands_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may come from the environment, where no list of processes shows it."""
    monkeypatch.setenv("HARNESS_TOKEN", "from-the-environment")
    async with serving() as (_, url), aiohttp.ClientSession(url) as client:
        async with client.get("/_harness/v1/runs") as refused, client.post("/destinations/events", json={}) as sent:
            assert (refused.status, sent.status) == (401, 200)
        async with client.get("/_harness/v1/runs", headers={"Authorization": "Bearer from-the-environment"}) as told:
            assert told.status == 200
