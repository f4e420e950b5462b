"""The judgement of tests that use `destinations`: contract, marker, and `harness_verdict`."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Play

BROKEN = """
def test_it(destinations):
    crm = destinations.event("crm")
    post(crm.url, track(event="Audience Exited"))
"""


def test_a_breach_fails_a_test_that_asserts_nothing(play: Play) -> None:
    """The contract's rules are always on; the failure is the finding, in the test itself and not in its teardown."""
    result = play(BROKEN)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*test_it.py:*  rule entry-only: *", "  expected  *Audience Entered*", "  remedy    *"]
    )


def test_a_failure_of_the_test_itself_comes_with_the_finding(play: Play) -> None:
    """Where the test fails by itself, what the contract says stands beside it, once."""
    result = play(f"{BROKEN}    assert False, 'its own'\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*its own*", "*contract*", "*rule entry-only*"])


def test_what_comes_while_fixtures_are_torn_down_counts(play: Play) -> None:
    """A service that sends on its way out is judged too: the teardown is then an error."""
    result = play("""
@pytest.fixture
def service(destinations):
    crm = destinations.event("crm")
    yield
    post(crm.url, track(event="Audience Exited"))

def test_it(service):
    pass
""")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*rule entry-only*"])


def test_a_delivery_that_could_not_be_checked_fails_the_test(play: Play) -> None:
    """Where the harness itself failed to judge what came, a test cannot pass, though no rule is known to be broken."""
    result = play("""
def test_it(destinations, monkeypatch):
    crm = destinations.event("crm")
    monkeypatch.setattr("harness.adapters.server.runs.receive", None)
    assert post(crm.url, track()) == 500
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*delivery 1 to crm could not be checked: TypeError*"])


def test_the_marker_can_expect_violations(play: Play) -> None:
    """A test whose marker names exactly the rules that are broken passes."""
    play(f'@pytest.mark.harness(expect_violations=["entry-only"])\n{BROKEN.strip()}\n').assert_outcomes(passed=1)


def test_expected_violations_must_show(play: Play) -> None:
    """A test that expects a breach fails where nothing is broken."""
    result = play("""
@pytest.mark.harness(expect_violations=["entry-only"])
def test_it(destinations):
    post(destinations.event("crm").url, track())
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  expected  exactly these rules broken: entry-only", "  actual    none broken"])


def test_the_marker_can_name_a_contract(play: Play) -> None:
    """The version of 2023 does not ask for a context; the default does."""
    play("""
@pytest.mark.harness(contract="engage-journeys@2023")
def test_marked(destinations):
    post(destinations.event("crm").url, track(context=None))

def test_plain(destinations, harness_verdict):
    post(destinations.event("crm").url, track(context=None))
    harness_verdict.assert_violations("personas-context")
""").assert_outcomes(passed=2)


def test_declared_journeys_change_what_is_right(play: Play) -> None:
    """An exit is a breach, unless the marker's journey declares that its users leave."""
    play("""
LEFT = track(event="Audience Exited", messageId="m2", properties={KEY: "false"})
WITH_EXIT = {"first_purchase": {**JOURNEYS["first_purchase"], "exit": {"after": "1ms"}}}

@pytest.mark.harness(journeys=JOURNEYS)
def test_without(destinations, harness_verdict):
    crm = destinations.event("crm")
    assert (post(crm.url, track()), post(crm.url, LEFT)) == (200, 200)
    assert "entry-only" in harness_verdict.rules
    harness_verdict.assert_violations(*harness_verdict.rules)

@pytest.mark.harness(journeys=WITH_EXIT)
def test_with(destinations):
    crm = destinations.event("crm")
    assert (post(crm.url, track()), post(crm.url, LEFT)) == (200, 200)
    crm.assert_received(1, step="Opened email", event="Audience Exited")
""").assert_outcomes(passed=2)


def test_the_closest_marker_goes_first(play: Play) -> None:
    """Arguments of a class's marker hold for its tests, where their own do not say otherwise."""
    play("""
@pytest.mark.harness(contract="engage-journeys@2023", expect_violations=["entry-only"])
class TestIt:
    def test_a(self, destinations):
        post(destinations.event("crm").url, track(event="Audience Exited", context=None))

    @pytest.mark.harness(expect_violations=[])
    def test_b(self, destinations):
        post(destinations.event("crm").url, track(context=None))
""").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("contrct='x'", "unknown argument 'contrct'; did you mean 'contract'?"),
        ("'engage-journeys'", "its arguments have names: contract=*"),
        ("contract='engage-journey'", "contract: unknown contract 'engage-journey'; did you mean 'engage-journeys'?"),
        ("contract=7", "contract: write a family*"),
        ("contract='absent.yaml'", "contract: *absent.yaml*there is no file*"),
        (
            "expect_violations=['entry-onyl']",
            "expect_violations: unknown rule 'entry-onyl'; did you mean 'entry-only'?",
        ),
        ("expect_violations='entry-only'", "expect_violations: write a list of rules*"),
        ("unexpected=True", "unexpected: write 'allowed', or leave it out, not True"),
        ("journeys={'a': {'name': 'A'}}", "journeys.a*steps*"),
        ("journeys={'a': {'name': 'A', 'steps': [{'sent': {}}]}}", "journeys.a.steps*"),
    ],
)
def test_a_wrong_marker_is_refused(play: Play, arguments: str, message: str) -> None:
    """A marker that cannot be meant is an error with the place and the nearest name, without a traceback."""
    result = play(f"@pytest.mark.harness({arguments})\ndef test_it(destinations):\n    pass\n")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"@pytest.mark.harness: {message}"])
    result.stdout.no_fnmatch_line("*During handling*")


def test_the_marker_is_registered_with_its_arguments(project: pytest.Pytester) -> None:
    """`--markers` explains it, and `--strict-markers` knows it."""
    project.runpytest_inprocess("--markers").stdout.fnmatch_lines(["@pytest.mark.harness(contract=None, journeys=*"])


def test_an_unexpected_delivery_fails_the_test(play: Play) -> None:
    """What comes for a destination that the test does not have is listed, and fails it."""
    result = play("""
def test_it(destinations):
    crm = destinations.event("crm")
    assert post(crm.url.replace("crm", "cmr"), track()) == 404
    assert [each.destination for each in destinations.unexpected] == ["cmr"]
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*unexpected", "  actual    1 to 'cmr'*"])


def test_unexpected_deliveries_can_be_allowed(play: Play) -> None:
    """A test that is about strays says so in its marker."""
    play("""
@pytest.mark.harness(unexpected="allowed")
def test_it(destinations):
    assert post(destinations.event("crm").url + "x", track()) == 404
""").assert_outcomes(passed=1)


def test_the_verdict_lists_violations(play: Play) -> None:
    """`harness_verdict` tells each breach with its rule, place and deliveries, while the test goes on."""
    play("""
def test_it(destinations, harness_verdict):
    harness_verdict.assert_passed()
    crm = destinations.event("crm")
    post(crm.url, track())
    assert harness_verdict.passed and harness_verdict.violations == ()
    post(crm.url, track(event="Audience Exited", messageId="m2", userId="u2"))
    assert not harness_verdict.passed
    (violation,) = harness_verdict.violations
    assert (violation.rule, violation.path, violation.deliveries) == ("entry-only", "$.event", (2,))
    harness_verdict.assert_violations("entry-only")
""").assert_outcomes(passed=1)


def test_the_verdict_can_be_demanded_early(play: Play) -> None:
    """`assert_passed` fails at its own line, with the finding, and the finding is not told twice."""
    result = play(f"""
{BROKEN.strip().replace("(destinations)", "(destinations, harness_verdict)")}
    harness_verdict.assert_passed()
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([">       harness_verdict.assert_passed()", "E   *rule entry-only*"])
    assert result.stdout.str().count("$.event of delivery 1") == 1


def test_violations_that_were_asserted_must_stay_all(play: Play) -> None:
    """What is broken after `assert_violations` fails the test all the same."""
    result = play("""
def test_it(destinations, harness_verdict):
    crm = destinations.event("crm")
    post(crm.url, track(event="Audience Exited"))
    harness_verdict.assert_violations("entry-only")
    post(crm.url, "nonsense")
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  actual    entry-only, malformed-body"])


def test_an_unknown_rule_cannot_be_asserted(play: Play) -> None:
    """A rule that there is not could never be broken."""
    result = play("def test_it(harness_verdict):\n    harness_verdict.assert_violations('entry')\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *ValueError: *unknown rule 'entry'; did you mean 'entry-only'?"])


def test_an_expected_failure_stays_one(play: Play) -> None:
    """A breach is a failure of the test's call, so that pytest's own xfail applies to it."""
    play(f"@pytest.mark.xfail(strict=True)\n{BROKEN.strip()}\n").assert_outcomes(xfailed=1)
