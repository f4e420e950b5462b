"""Options and ini keys: `--harness-…` on the command line goes before `harness_…` in the configuration file."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from harness.pytest_plugin.tags import TagMarkers

MARKER = (
    "harness(contract=None, journeys=None, expect_violations=None, unexpected=None): what the fixture `destinations` "
    "judges by: a contract, the declared journeys, the rules that must be broken, unexpected='allowed'"
)
_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_WORDS = {"true": True, "false": False}


class Options(NamedTuple):
    """What was asked for."""

    port: int
    """Where the server listens; 0 takes any port."""
    run: str | None
    """The name of the run that all tests share, one after the other; None gives each test its own."""
    contract: str | None
    scenarios: bool
    """Whether scenario files are collected."""


OPTIONS = pytest.StashKey[Options]()
TAGS = pytest.StashKey[TagMarkers]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tell pytest of the options."""
    group = parser.getgroup("harness", "journey-harness")
    for name, metavar, text in (
        ("port", "PORT", "port of the mock destination server, for a service that was started once (default: any)"),
        ("run", "NAME", "name of the run that every test uses, for a service that was started once (default: its own)"),
        ("contract", "NAME", "contract for the fixtures, where no marker names one; scenario files name their own"),
        ("scenarios", "true|false", "whether *.scenario.yaml files are collected (default: true)"),
    ):
        group.addoption(f"--harness-{name}", metavar=metavar, default=None, help=text)
        parser.addini(f"harness_{name}", text, type="string", default="")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the options, and register the marker."""
    config.stash[TAGS] = TagMarkers(config)
    config.addinivalue_line("markers", MARKER)
    options = config.stash[OPTIONS] = _read(config)
    pinned = [f"harness_{name}" for name, value in (("port", options.port), ("run", options.run)) if value]
    if pinned and (workers := _workers(config)) > 1:
        raise pytest.UsageError(
            f"{' and '.join(pinned)} cannot be shared by {workers} xdist workers, each of which has a server of its "
            "own: use one worker (-n 0), or leave it out"
        )


def _read(config: pytest.Config) -> Options:
    run = _text(config, "run")
    if run is not None and not _RUN_NAME.fullmatch(run):
        raise pytest.UsageError(f"harness_run: {run!r} is no name for a run: use letters, digits, '.', '_' and '-'")
    return Options(
        port=_port(_text(config, "port")),
        run=run,
        contract=_text(config, "contract"),
        scenarios=_flag(_text(config, "scenarios")),
    )


def _text(config: pytest.Config, name: str) -> str | None:
    """The option, or else the ini key, of that name; None where neither is given."""
    given = config.getoption(f"harness_{name}")
    return str(given if given is not None else config.getini(f"harness_{name}")).strip() or None


def _port(text: str | None) -> int:
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise pytest.UsageError(f"harness_port: {text!r} is no port: write a number from 1 to 65535, or 0 for any")
    return int(text)


def _flag(text: str | None) -> bool:
    if text is not None and text.lower() not in _WORDS:
        raise pytest.UsageError(f"harness_scenarios: write true or false, not {text!r}")
    return text is None or _WORDS[text.lower()]


def _workers(config: pytest.Config) -> int:
    """How many processes pytest-xdist was told to start; it writes every way of saying so into `tx`."""
    if config.getoption("dist", "no") == "no":
        return 0
    specs: list[str] = config.getoption("tx", None) or []
    return sum(int(spec.partition("*")[0]) if spec[0].isdigit() and "*" in spec else 1 for spec in specs)
