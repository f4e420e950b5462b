"""What only processes of their own can show: workers, and the cost of the plugin."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

TESTS = """
from sending import *
import pytest


@pytest.mark.parametrize("number", range(6))
def test_it(destinations, number):
    crm = destinations.event("crm")
    post(crm.url, track(userId=f"u{number}"))
    crm.assert_received(1, user=f"u{number}")
    crm.assert_received(1)
"""


def test_two_workers_share_the_tests(project: pytest.Pytester, write: Callable[..., None]) -> None:
    """With `-n 2` both workers collect the same items in the same order, each with a server of its own."""
    write("one", more="tags: [smoke]\nexamples: [{n: 1}, {n: 2}, {n: 3}]")
    write("two", count=2)
    project.makepyfile(test_it=TESTS)
    result = project.runpytest_subprocess("-n2")
    result.assert_outcomes(passed=9, failed=1)
    result.stdout.fnmatch_lines(["two.scenario.yaml:16:5  received", "FAILED two.scenario.yaml::scenario*"])


WATCH = """
import sys, threading

imported = []

class Watch:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is not threading.main_thread():
            imported.append(name)

sys.meta_path.insert(0, Watch())
"""

IMPORTS = """
import threading
from conftest import imported
from sending import *

def test_it(destinations):
    post(destinations.event("crm").url, track())
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and thread.name != "harness-server":
            thread.join(timeout=30)
    assert [name for name in imported if name.startswith("harness")] == []
"""


def test_no_thread_but_the_tests_own_imports_the_harness(project: pytest.Pytester) -> None:
    """Pytest rewrites what is imported, and Python 3.11 cannot always parse in two threads at once."""
    project.makeconftest(WATCH)
    project.makepyfile(test_it=IMPORTS)
    project.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_debugger_stops_at_a_failure(project: pytest.Pytester, write: Callable[..., None]) -> None:
    """`--pdb` opens where the scenario failed, with its verdict at hand."""
    write(count=2)
    child = project.run(sys.executable, "-m", "pytest", "--pdb", stdin=b"p verdict.word\nq\n")
    child.stdout.fnmatch_lines(["*entering PDB*", "*(Pdb) 'failed'"])


IMPORT = """
import pytest, sys
before = set(sys.modules)
import harness.pytest_plugin
print(*sorted(name for name in set(sys.modules) - before if name.partition(".")[0] != "harness"))
"""


def test_importing_the_plugin_imports_nothing_but_itself(project: pytest.Pytester) -> None:
    """In a process that has pytest, the plugin costs a few small modules of its own, and no library at all."""
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_run_without_the_plugins_help_loads_nothing_heavy(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole run of other tests, with no plugin but this one, loads neither server nor schemas nor YAML."""
    heavy = ("aiohttp", "jsonschema", "jsonschema_rs", "orjson", "referencing", "rich", "yaml", "harness.core.contract")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    project.path.joinpath("pytest.ini").unlink()
    project.makepyfile(test_it=f"import sys\ndef test_it():\n    assert not [n for n in {heavy} if n in sys.modules]\n")
    project.runpytest_subprocess("-p", "harness.pytest_plugin").assert_outcomes(passed=1)
