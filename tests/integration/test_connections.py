"""Connections that wait, drip or explode, as `benchmarks/soak.py` makes them in masses."""

from __future__ import annotations

import pytest

from benchmarks.connections import slowloris
from benchmarks.soak import gzip_bombs, idle_connections


@pytest.mark.long
def test_idle_connections_keep_nobody_from_being_answered(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside 500 of them, and each of them afterwards, requests are answered; it is told how many there could be."""
    assert idle_connections(500)
    assert "idle: 500 connections of 500\n" in capsys.readouterr().out


async def test_what_comes_byte_by_byte_is_ended(capsys: pytest.CaptureFixture[str]) -> None:
    """Heads are refused and bodies recorded once their time is up, and others are answered meanwhile."""
    assert await slowloris(connections=7, seconds=0.3)
    assert "4 heads refused, 3 bodies recorded as 408" in capsys.readouterr().out


@pytest.mark.long
def test_memory_stays_flat_under_gzip_bombs() -> None:
    """Each is answered 413, and none of them is ever held as a whole."""
    assert gzip_bombs(20) < 1.2
