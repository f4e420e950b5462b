"""A project of somebody who uses the plugin, and a way to run its tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

# A run inside this process forgets the modules that it imported; these it finds, so that it is quick.
import harness.adapters.server.threaded
import harness.pytest_plugin.receivers
import harness.pytest_plugin.spaces
import harness.pytest_plugin.verdicts
import harness.runner
import harness.senders.systems  # noqa: F401

INI = """
[pytest]
asyncio_default_fixture_loop_scope = function
addopts = --strict-markers -p no:hypothesispytest
filterwarnings = error
"""

SENDING = '''
import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from harness.core.rules.examples import JOURNEYS, KEY, identify, track


def post(url, body):
    """Post `body` as JSON; the status of the answer."""
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=10) as answer:
            return answer.status
    except HTTPError as error:
        with error:
            return error.code
'''

SCENARIO = """\
version: 1
scenario: {title}
{more}
profiles:
  alex: {{userId: u1, email: alex@example.com}}
destinations:
  braze: {{kind: event, calls: [track]}}
journeys:
  winback:
    name: Win-back
    steps:
      - send_to_destinations: {{name: New users, to: [braze]}}
do:
  - enter: {{journey: winback, step: New users, profiles: alex}}
expect:
  - received: {{to: braze, count: {count}}}
"""

Play = Callable[..., pytest.RunResult]


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """An empty project, with a module `sending` that its tests may use."""
    pytester.makefile(".ini", pytest=INI)
    pytester.makepyfile(sending=SENDING)
    return pytester


@pytest.fixture
def play(project: pytest.Pytester) -> Play:
    """Runs tests with this source; further arguments go to pytest."""

    def played(source: str, *arguments: str) -> pytest.RunResult:
        project.makepyfile(test_it=f"from sending import *\nimport pytest\n\n\n{source}")
        return project.runpytest_inprocess(*arguments)

    return played


@pytest.fixture
def write(project: pytest.Pytester) -> Callable[..., None]:
    """Writes a scenario of one entry, which passes unless told otherwise."""

    def written(
        name: str = "one", *, title: str = "One entry is sent", more: str = "tags: []", count: object = 1
    ) -> None:
        text = SCENARIO.format(title=title, more=more, count=count)
        project.path.joinpath(f"{name}.scenario.yaml").write_text(text, "utf-8")

    return written
