"""Scenario files as tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Write = Callable[..., None]
TABLE = "examples:\n  - {plan: pro}\n  - {plan: 'a::b/c[d]'}"


def collected(result: pytest.RunResult) -> list[str]:
    """The node ids that `--collect-only -q` printed."""
    return [line for line in result.outlines if "::" in line]


def test_a_scenario_that_passes_is_a_test_that_passes(project: pytest.Pytester, write: Write) -> None:
    """A scenario file is collected without any configuration, and played over real HTTP."""
    write()
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_failure_shows_the_finding_and_nothing_else(project: pytest.Pytester, write: Write) -> None:
    """What pytest prints is the report's finding with file and line; no Python code appears."""
    write(count=2)
    result = project.runpytest_inprocess("--no-header")
    result.assert_outcomes(failed=1)
    first = result.outlines.index(next(line for line in result.outlines if "One entry is sent" in line))
    last = next(index for index, line in enumerate(result.outlines) if "short test summary" in line)
    shown = result.outlines[first + 1 : last]
    assert shown[0] == "one.scenario.yaml:16:5  received"
    assert shown[1].startswith("  expected  2 messages accepted by braze")
    assert shown[2] == "  actual    1"
    assert not [line for line in shown if ".py" in line or "Traceback" in line]


def test_each_row_of_a_table_is_a_test(project: pytest.Pytester, write: Write) -> None:
    """Rows have node ids of their own, and the id without its row means all of them."""
    write("table", more=TABLE)
    ids = collected(project.runpytest_inprocess("--collect-only", "-q"))
    assert ids == ["table.scenario.yaml::scenario[1-pro]", "table.scenario.yaml::scenario[2-a::b/c[d]]"]
    project.runpytest_inprocess("table.scenario.yaml::scenario").assert_outcomes(passed=2)


def test_one_row_can_be_played_alone(project: pytest.Pytester, write: Write) -> None:
    """A node id selects its row, whatever characters the row has."""
    write("table", more=TABLE)
    for row in ("1-pro", "2-a::b/c[d]"):
        project.runpytest_inprocess(f"table.scenario.yaml::scenario[{row}]").assert_outcomes(passed=1)


def test_the_location_is_the_line_of_the_scenario(project: pytest.Pytester, write: Write) -> None:
    """Editors and reports are pointed at the key `scenario`, and shown the title."""
    write()
    items, _ = project.inline_genitems()
    path, line, title = items[0].reportinfo()
    assert (path, line, title) == (project.path / "one.scenario.yaml", 1, "One entry is sent")


def test_tags_are_markers(project: pytest.Pytester, write: Write) -> None:
    """`-m` selects by tag, with --strict-markers on."""
    write("one", more="tags: [smoke, crm-outage]")
    write("two", more="tags: [slow]")
    assert collected(project.runpytest_inprocess("--collect-only", "-q", "-m", "crm-outage and not slow")) == [
        "one.scenario.yaml::scenario"
    ]


def test_words_of_the_title_are_keywords(project: pytest.Pytester, write: Write) -> None:
    """`-k` finds a scenario by a word of its title."""
    write("one", title="An outage that heals")
    write("two", title="A list is filled")
    ids = collected(project.runpytest_inprocess("--collect-only", "-q", "-k", "outage"))
    assert ids == ["one.scenario.yaml::scenario"]


@pytest.mark.parametrize("tag", ["skip", "xfail", "parametrize", "usefixtures", "asyncio", "harness"])
def test_a_tag_that_would_do_something_is_refused(project: pytest.Pytester, write: Write, tag: str) -> None:
    """Names that pytest, a loaded plugin or this one owns are errors at their place, not silent markers."""
    write(more=f"tags: [fine, {tag}]")
    result = project.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"one.scenario.yaml:3:14: the tag '{tag}' is a marker of pytest*", "*help: *"])


def test_a_tag_may_be_a_marker_of_the_project(project: pytest.Pytester, write: Write) -> None:
    """A marker in the project's own configuration is no plugin's, and scenarios share it with other tests."""
    ini = project.path / "pytest.ini"
    ini.write_text(ini.read_text("utf-8") + "\nmarkers =\n    smoke: quick ones\n", "utf-8")
    write(more="tags: [smoke]")
    project.runpytest_inprocess("-m", "smoke").assert_outcomes(passed=1)


def test_a_wrong_file_is_a_collection_error_with_its_place(project: pytest.Pytester, write: Write) -> None:
    """The error has file, line, column and the nearest known name; the other files are still collected."""
    write("good")
    write("wrong", more="tagz: [smoke]")
    result = project.runpytest_inprocess("--continue-on-collection-errors")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["wrong.scenario.yaml:3:1: unknown key 'tagz'; did you mean 'tags'?"])
    assert "Traceback" not in result.stdout.str()


def test_a_scenario_that_errs_fails_with_its_reason(project: pytest.Pytester) -> None:
    """A system that cannot be driven is a failed test that says why, without a traceback."""
    project.path.joinpath("one.scenario.yaml").write_text(
        "version: 1\nscenario: Nobody is there\ndestinations: {}\ndo: [{client: {python: 'absent.py:send'}}]\n",
        "utf-8",
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*absent.py: there is no such Python file*"])
    assert "Error" not in result.stdout.str()


def test_a_scenario_whose_packages_are_missing_is_skipped(project: pytest.Pytester, write: Write) -> None:
    """The skip names the package, at the scenario's own file."""
    write(more="requires: [no_such_package]")
    result = project.runpytest_inprocess("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED * one.scenario.yaml*: it needs the Python package no_such_package*"])


def test_expected_violations_are_no_xfail(project: pytest.Pytester) -> None:
    """A scenario that is to break a rule, and does, has passed."""
    project.path.joinpath("one.scenario.yaml").write_text(
        "version: 1\nscenario: A call without a type\nexpect_violations: [malformed-body]\n"
        "destinations: {crm: {kind: event}}\ndo: [{deliver: {to: crm, body: nonsense}}]\n",
        "utf-8",
    )
    project.runpytest_inprocess("-rA").assert_outcomes(passed=1)


def test_autouse_fixtures_apply_to_scenarios(project: pytest.Pytester, write: Write) -> None:
    """A scenario is a test function: a conftest's fixtures can start the system under test."""
    write()
    project.makeconftest(
        "import pytest\n@pytest.fixture(autouse=True)\ndef service(harness_server):\n"
        "    print('service knows', harness_server.url)\n    yield\n"
    )
    project.runpytest_inprocess("-s").stdout.fnmatch_lines(["*service knows http://127.0.0.1:*"])


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_the_asyncio_mode_makes_no_difference(project: pytest.Pytester, write: Write, mode: str) -> None:
    """Scenarios are no coroutines, so pytest-asyncio leaves them alone in either mode."""
    write()
    project.runpytest_inprocess(f"--asyncio-mode={mode}").assert_outcomes(passed=1)


def test_collection_can_be_turned_off(project: pytest.Pytester, write: Write) -> None:
    """`--harness-scenarios=false` leaves scenario files to `harness run`."""
    write()
    result = project.runpytest_inprocess("--harness-scenarios=false")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_the_title_is_in_the_junit_report(project: pytest.Pytester, write: Write) -> None:
    """CI systems show node ids; the title is a property beside them."""
    write()
    project.runpytest_inprocess("--junit-xml=report.xml", "-o", "junit_family=xunit1")
    assert 'name="scenario" value="One entry is sent"' in project.path.joinpath("report.xml").read_text("utf-8")


def test_the_last_failed_scenarios_can_be_played_again(project: pytest.Pytester, write: Write) -> None:
    """Node ids are stable from run to run, so `--lf` finds what failed."""
    write("one")
    write("two", count=2)
    project.runpytest_inprocess().assert_outcomes(passed=1, failed=1)
    project.runpytest_inprocess("--lf").assert_outcomes(failed=1)


async def test_scenarios_are_played_where_an_event_loop_runs(project: pytest.Pytester, write: Write) -> None:
    """Notebooks start pytest from within a loop."""
    write("one")
    project.runpytest_inprocess().assert_outcomes(passed=1)
