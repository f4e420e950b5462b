"""The fixtures, and the judgement of each test that uses them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from harness.pytest_plugin.options import OPTIONS

if TYPE_CHECKING:
    from harness.adapters.server.inline import InlineServer
    from harness.adapters.server.threaded import ThreadedServer
    from harness.client import Run
    from harness.core.scenario.model import Scenario
    from harness.core.verdict import Verdict
    from harness.pytest_plugin.binding import BoundRun
    from harness.pytest_plugin.receivers import Destinations
    from harness.pytest_plugin.spaces import EngageSpace
    from harness.pytest_plugin.verdicts import HarnessVerdict

RUN: pytest.StashKey[BoundRun] = pytest.StashKey()


@pytest.fixture(scope="session")
def harness_server(pytestconfig: pytest.Config) -> Iterator[ThreadedServer]:
    """The mock destination server, in a thread of its own; `.url` is where it listens."""
    from harness.adapters.server.threaded import ThreadedServer

    server, port = ThreadedServer(), pytestconfig.stash[OPTIONS].port
    if reason := _not_started(server, port):
        pytest.fail(reason, pytrace=False)
    yield server
    server.stop()


def _not_started(server: ThreadedServer, port: int) -> str | None:
    """Start the server; why that cannot be, if so. Failing in here would show the OSError above the reason."""
    try:
        server.start(port=port)
    except OSError as error:
        return f"cannot listen at port {port}: {error.strerror or error}; choose another harness_port, or none"
    return None


@pytest.fixture(scope="session")
def _harness_play(request: pytest.FixtureRequest) -> Iterator[Callable[[Scenario], Verdict]]:
    """Plays scenarios, over connections that one leaves to the next."""
    from harness.runner import Player
    from harness.senders.connections import Connections
    from harness.senders.systems import make_system

    with _stage(request) as stage:
        connections, run_name = Connections(), request.config.stash[OPTIONS].run
        player = Player(server=stage.server, make_system=make_system(None, connections), run_name=run_name)
        yield lambda scenario: stage.call(lambda: player.play(scenario))
        stage.call(connections.close)


@contextmanager
def _stage(request: pytest.FixtureRequest) -> Iterator[InlineServer | ThreadedServer]:
    """What scenarios are played on: a server in this thread, or that of the fixtures where only that will do."""
    if request.config.stash[OPTIONS].port or _loop_runs():
        yield request.getfixturevalue("harness_server")
        return
    from harness.adapters.server.inline import InlineServer

    stage = InlineServer()
    stage.start()
    try:
        yield stage
    finally:
        stage.stop()


def _loop_runs() -> bool:
    """Whether pytest was started from within an event loop, as notebooks do."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@pytest.fixture
def destinations(harness_server: ThreadedServer, request: pytest.FixtureRequest) -> Iterator[Destinations]:
    """Destinations of this test alone, made by `.event`, `.list` and `.warehouse`; what comes there is judged."""
    from harness.pytest_plugin.binding import bind
    from harness.pytest_plugin.receivers import Destinations

    run = bind(harness_server, request)
    request.node.stash[RUN] = run
    yield Destinations(run)
    finding = run.news()
    run.close()
    if finding:
        pytest.fail(finding, pytrace=False)


@pytest.fixture
def engage_space(destinations: Destinations, request: pytest.FixtureRequest) -> Iterator[EngageSpace]:
    """A simulated Engage space that sends to the test's destinations, on a clock that moves only when it is told to."""
    from harness.pytest_plugin.spaces import EngageSpace

    space = EngageSpace(request.node.stash[RUN])
    yield space
    space.stop()


@pytest.fixture
def harness_verdict(destinations: Destinations, request: pytest.FixtureRequest) -> HarnessVerdict:
    """What the contract says of all that came so far: `.violations`, `.assert_passed()`, `.assert_violations(…)`."""
    from harness.pytest_plugin.verdicts import HarnessVerdict

    return HarnessVerdict(request.node.stash[RUN])


@pytest.fixture
def harness_client(destinations: Destinations, request: pytest.FixtureRequest) -> Iterator[Run]:
    """The test's own run, as `harness.client` reaches any run by HTTP: what a test does with it, every program can."""
    from harness.client import Client

    bound = request.node.stash[RUN]
    with Client(bound.server.server.url) as client:
        yield client.run(bound.run.name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Judge what came, while it can still be the test that fails, and not only its teardown."""
    try:
        yield
    except BaseException:
        if finding := _news(item):
            item.add_report_section("call", "contract", finding)
        raise
    if finding := _news(item):
        pytest.fail(finding, pytrace=False)


def _news(item: pytest.Item) -> str | None:
    run = item.stash.get(RUN, None)
    return run.news() if run is not None else None
