"""Options, ini keys, and what a pinned port and run mean."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from tests.plugin.conftest import Play

PINNED = """
def test_a(destinations, harness_server):
    crm = destinations.event("crm")
    assert crm.url == harness_server.url + "/runs/staging/destinations/crm"
    post(crm.url, track())
    crm.assert_received(1)

def test_b(destinations):
    destinations.event("crm").assert_nothing()
"""


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
        return found


def test_each_test_has_its_own_run(play: Play) -> None:
    """Tests never see each other's deliveries, though their destinations share a name and a server."""
    play("""
urls = set()

@pytest.mark.parametrize("number", range(3))
def test_it(destinations, harness_server, number):
    crm = destinations.event("crm")
    assert crm.url.startswith(harness_server.url + "/runs/")
    crm.assert_nothing()
    post(crm.url, track())
    urls.add((harness_server.url, crm.url))
    assert len(urls) == number + 1 and len({url for url, _ in urls}) == 1
""").assert_outcomes(passed=3)


def test_a_late_request_fails_nobody_else(play: Play) -> None:
    """What a service still sends to an earlier test's run is answered 410, and is not the fault of the next test."""
    play("""
earlier = []

def test_a(destinations):
    earlier.append(destinations.event("crm").url)

def test_b(destinations):
    assert post(earlier[0], track()) == 410
""").assert_outcomes(passed=2)


def test_a_request_for_no_run_fails_the_test(play: Play) -> None:
    """A run that never was is a wrong URL in the service under test."""
    result = play("""
def test_it(destinations, harness_server):
    assert post(harness_server.url + "/runs/nope/destinations/crm", track()) == 410
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*actual    1 that could not be read or were for no run*"])


def test_port_and_run_can_be_pinned_by_options(play: Play, port: int) -> None:
    """A service that was started once finds the same URL in each test, and each test begins with nothing."""
    result = play(
        f"{PINNED}\ndef test_c(harness_server):\n    assert harness_server.url.endswith(':{port}')\n",
        f"--harness-port={port}",
        "--harness-run=staging",
    )
    result.assert_outcomes(passed=3)


def test_port_and_run_can_be_pinned_in_the_configuration(project: pytest.Pytester, play: Play, port: int) -> None:
    """The ini keys do what the options do."""
    ini = project.path / "pytest.ini"
    ini.write_text(f"{ini.read_text('utf-8')}\nharness_port = {port}\nharness_run = staging\n", "utf-8")
    play(PINNED).assert_outcomes(passed=2)


def test_a_pinned_run_holds_for_scenarios(project: pytest.Pytester, write: Callable[..., None]) -> None:
    """Scenarios use the pinned run too, one after the other, each from nothing."""
    write("one")
    write("two")
    project.runpytest_inprocess("--harness-run=staging").assert_outcomes(passed=2)


CLIENT = """
from urllib.parse import urlsplit


def ask(host, write_key):
    assert urlsplit(host).port == {port}
"""
CALLING = """\
version: 1
scenario: Where the server listens
destinations: {crm: {kind: event}}
do:
  - client: {python: client.py:ask, source: web}
expect: [received: {to: crm, count: 0}]
"""


def test_a_pinned_port_holds_for_scenarios(project: pytest.Pytester, port: int) -> None:
    """A service that was started once sends to the same port when a scenario is played."""
    project.path.joinpath("client.py").write_text(CLIENT.format(port=port), "utf-8")
    project.path.joinpath("where.scenario.yaml").write_text(CALLING, "utf-8")
    project.runpytest_inprocess(f"--harness-port={port}").assert_outcomes(passed=1)
    project.runpytest_inprocess().assert_outcomes(failed=1)


@pytest.mark.parametrize("pin", ["--harness-port=1", "--harness-run=staging"])
@pytest.mark.parametrize("workers", [("-n2",), ("--dist=load", "--tx=3*popen")])
def test_a_pin_is_refused_with_several_workers(project: pytest.Pytester, pin: str, workers: tuple[str, ...]) -> None:
    """Each worker has a server of its own, so that one port or run cannot be all of theirs."""
    result = project.runpytest_inprocess(pin, *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: {pin[2:].partition('=')[0].replace('-', '_')} cannot be shared by * workers*"]
    )


def test_a_port_in_use_is_one_clear_error(play: Play) -> None:
    """The message names the port and the remedy."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = play("def test_it(harness_server):\n    pass\n", f"--harness-port={port}")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"cannot listen at port {port}: *; choose another harness_port, or none"])
    result.stdout.no_fnmatch_line("*During handling*")


def test_the_default_contract_can_be_set(project: pytest.Pytester, play: Play) -> None:
    """`harness_contract` judges tests whose marker names none; the marker goes before it."""
    play(
        """
def test_default(destinations):
    post(destinations.event("crm").url, track(context=None))

@pytest.mark.harness(contract="engage-journeys@2024", expect_violations=["personas-context"])
def test_marked(destinations):
    post(destinations.event("crm").url, track(context=None))
""",
        "--harness-contract=engage-journeys@2023",
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--harness-port=70000", "harness_port: '70000' is no port*"),
        ("--harness-port=http", "harness_port: 'http' is no port*"),
        ("--harness-run=a b", "harness_run: 'a b' is no name for a run*"),
        ("--harness-scenarios=maybe", "harness_scenarios: write true or false, not 'maybe'"),
    ],
)
def test_a_wrong_option_is_a_usage_error(project: pytest.Pytester, option: str, message: str) -> None:
    """The run ends before anything is collected, with the value and what may stand there."""
    result = project.runpytest_inprocess(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])


def test_a_wrong_default_contract_is_told(play: Play) -> None:
    """A contract that there is not is an error of the tests that need it."""
    result = play("def test_it(destinations):\n    pass\n", "--harness-contract=engage-journey")
    result.assert_outcomes(errors=1)
    result.stdout.no_fnmatch_line("*During handling*")
    result.stdout.fnmatch_lines(["harness_contract: unknown contract 'engage-journey'; did you mean*"])
