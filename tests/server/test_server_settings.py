"""The section `server:` of a configuration: limits, token and certificate, for the whole server."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from harness.adapters.config_files import load_server_config
from harness.adapters.server.requests import Limits
from harness.core.documents import DocumentError, DocumentErrors
from tests.adapters.front_serving import head, post
from tests.adapters.front_serving import serving as front
from tests.server.serving import CONTROL, served
from tests.server.test_serve_command import serving

WRITTEN = """
server:
  token: from-the-file
  tls: {cert: tls/cert.pem, key: tls/key.pem}
  limits: {body: 1 MiB, header: 4096, headers: 20, connections: 7, head_time: 5s, body_time: 1.5m}
destinations: {crm: {kind: event}}
"""
BAD: dict[str, tuple[str, str]] = {
    "an unknown limit": ("limits: {bdy: 1}", ":2:12: unknown key 'bdy'; did you mean 'body'?"),
    "a size without a unit": ("limits: {body: 10 megs}", ":2:18: '10 megs' is no size; write bytes, or a unit"),
    "a size of nothing": ("limits: {body: 0 MiB}", ":2:18: '0 MiB' is no size"),
    "headers that no request has": ("limits: {header: 10}", ":2:20: '10' is too little for any request"),
    "a time without a unit": ("limits: {body_time: '5'}", ":2:23: "),
    "no time at all": ("limits: {head_time: 0s}", ":2:23: '0s' leaves no time"),
    "no connection at all": ("limits: {connections: 0}", ":2:25: "),
    "a key without a certificate": ("tls: {key: key.pem}", "cert"),
}


def test_all_of_the_section_is_read(tmp_path: Path) -> None:
    """Sizes and times have units; files are beside the configuration, wherever the server is started."""
    file = tmp_path / "config.yaml"
    file.write_text(WRITTEN)
    settings = load_server_config(file).settings
    assert (settings.token, settings.tls_cert, settings.tls_key) == (
        "from-the-file", tmp_path / "tls/cert.pem", tmp_path / "tls/key.pem",
    )  # fmt: skip
    assert settings.limits == Limits(
        body=1024**2, line=4096, field=4096, fields=20, connections=7, head_seconds=5.0, body_seconds=90.0
    )


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_setting_is_an_error_with_its_place(case: str, tmp_path: Path) -> None:
    """File, line and column, and what to write."""
    text, told = BAD[case]
    file = tmp_path / "config.yaml"
    file.write_text(f"server:\n  {text}\n")
    with pytest.raises((DocumentError, DocumentErrors)) as raised:
        load_server_config(file)
    assert str(raised.value).startswith(str(file))
    assert told in str(raised.value)


async def test_limits_and_token_of_the_file_hold_and_an_option_goes_before_it(tmp_path: Path) -> None:
    """A body over the limit is answered 413; the token is that of the option, and so is a limit that both set."""
    file = tmp_path / "config.yaml"
    file.write_text(
        "server: {token: from-the-file, limits: {body: 100 B, header: 300}}\n"
        "destinations: {crm: {kind: event, calls: [track]}}"
    )
    async with (
        serving("--config", str(file), "--token", "from-the-option", "--limit", "header=8000") as (_, url),
        aiohttp.ClientSession(url) as client,
    ):
        async with client.post("/destinations/crm", data=b" " * 101, headers={"Content-Type": "text/plain"}) as sent:
            assert sent.status == 413
        statuses = []
        for token in ("from-the-file", "from-the-option"):
            async with client.get(
                "/_harness/v1/runs", headers={"Authorization": f"Bearer {token}", "X-Long": "x" * 1000}
            ) as told:
                statuses.append(told.status)
    assert statuses == [401, 200]


async def test_a_request_sets_no_server_up() -> None:
    """Whoever may set up a run does not thereby raise the server's limits."""
    async with served() as it:
        answer = await it.ask("PUT", f"{CONTROL}/runs/r", {"server": {"limits": {"body": 1}}})
        assert (answer.status, "a request sets up a run, not the server" in answer.json["detail"]) == (400, True)


async def test_one_connection_too_many_is_told_so_and_counted() -> None:
    """It is answered 503 at once, and closed; the others go on, and when one of them has left there is room again."""
    async with front(limits=Limits(connections=2)) as server:
        first, second = await server.client(), await server.client()
        assert [(await each.ask(post())).status for each in (first, second)] == [200, 200]
        third = await server.client()
        turned_away = await third.reply()
        assert (turned_away.status, b"2 connections" in turned_away.body, await third.rest()) == (503, True, b"")
        assert (await first.ask(post())).status == 200
        second.send(head("Content-Length: 2", "Connection: close") + b"{}")
        assert b"200 OK" in await second.rest()
        assert (await server.ask(post())).status == 200
        assert [refusal.status for refusal in server.front.refused.list()] == [503]
