"""Every example in README and docs does what the page says; `fences` explains how a fence says what to do with it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.adapters.contract_files import DEFAULT_CONTRACT, load_contract
from harness.reports.text import scenario_text
from tests.docs.fences import (
    CHECKOUT,
    PAGES,
    SCENARIO,
    SHOWN_ONLY,
    Example,
    commands,
    examples_of,
    pattern_of,
    runnable,
    save_files,
    written,
)
from tests.docs.serving import WRITTEN_URL, Commands, Served, announcement, served, shell
from tests.scenarios.playing import play, scenarios_in

LANGUAGES = {"yaml", "python", "ini", "toml", "bash", "console", *SHOWN_ONLY}
OUTCOMES = ("fails", "refused", "validated")

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="the examples call curl: install it")


def cases(examples: list[Example]) -> list[Any]:
    """The examples as parameters, named by their place."""
    return [pytest.param(example, id=example.place) for example in examples]


def scenarios(outcome: str | None) -> list[Any]:
    """The examples that are scenarios with that outcome; None: those that pass."""
    return cases(
        [
            example
            for example in runnable("yaml")
            if (example.setting("file") or SCENARIO).endswith(SCENARIO)
            and next((word for word in example.words if word in OUTCOMES), None) == outcome
        ]
    )


@pytest.fixture(autouse=True, scope="module")
def explanations() -> None:
    """Load what explains violations: with some optional packages that takes seconds, which `settle` would count."""
    load_contract(DEFAULT_CONTRACT).schemas["track"].breaches({})


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    """Commands in the folder of the test."""
    return Commands(tmp_path, monkeypatch, capsys)


@pytest.fixture(scope="module")
def plain_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server without a configuration."""
    with served(tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_fence_has_a_language_that_is_looked_after(page: Path) -> None:
    """No example escapes the tests by a language of its own, or by standing below nothing."""
    assert {example.language for example in examples_of(page)} <= LANGUAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_output_stands_below_what_prints_it(page: Path) -> None:
    """A `text` or `json` block is compared with something, or saved under a name for something to read."""
    examples = examples_of(page)
    owned = {output.line for example in examples if example.language not in SHOWN_ONLY for output in example.below}
    strays = [e.place for e in examples if e.language in ("text", "json") and e.line not in owned and not e.words]
    assert not strays


@pytest.mark.parametrize("example", scenarios(None))
def test_a_scenario_passes(example: Example, tmp_path: Path) -> None:
    """A scenario that is shown without a word passes, each row of its table."""
    for scenario in scenarios_in(written(example, tmp_path)):
        verdict = play(scenario).verdict
        assert verdict.word == "passed", scenario_text(verdict)


@pytest.mark.parametrize("example", scenarios("validated"))
def test_a_scenario_can_be_read(example: Example, tmp_path: Path) -> None:
    """A scenario that needs something of the reader's own is right as it is written."""
    assert scenarios_in(written(example, tmp_path))


@pytest.mark.parametrize("example", [*scenarios("fails"), *scenarios("refused")])
def test_a_scenario_prints_what_is_shown(example: Example, tmp_path: Path, run: Commands) -> None:
    """What does not pass prints the text below it, and exits with the code for a failure or for a wrong file."""
    file = written(example, tmp_path)
    code, printed = run.run(f"harness run {file.name}")
    assert pattern_of(example.below[0].body).fullmatch(printed), printed
    assert code == (1 if "fails" in example.words else 2)


@pytest.mark.parametrize("example", cases([e for e in runnable("python") if e.setting("file") is None]))
def test_python_is_a_test_that_pytest_plays(example: Example, pytester: pytest.Pytester) -> None:
    """What a page shows as a test passes, or fails in the words below it."""
    save_files(example.page, pytester.path)
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makeconftest("import builtins\nfrom tests.docs.senders import my_sender\nbuiltins.my_sender = my_sender\n")
    pytester.makepyfile(test_example=example.body)
    result = pytester.runpytest("-p", "no:cacheprovider", "--strict-markers", "-p", "no:randomly", "test_example.py")
    if "fails" in example.words:
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        assert pattern_of(example.below[0].body).search(result.stdout.str() + "\n"), result.stdout.str()
    else:
        assert result.ret == pytest.ExitCode.OK, result.stdout.str()


@pytest.mark.parametrize("example", cases([*runnable("ini"), *runnable("toml")]))
def test_a_configuration_of_pytest_is_understood(example: Example, pytester: pytest.Pytester) -> None:
    """Every key that a page shows is known to pytest with the plugin."""
    name = "pytest.ini" if example.language == "ini" else "pyproject.toml"
    (pytester.path / name).write_text(example.body, encoding="utf-8")
    pytester.makepyfile("def test_nothing(): pass")
    result = pytester.runpytest("-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:aiohttp", "--strict-config")
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()


@needs_curl
@pytest.mark.parametrize("example", cases([e for e in runnable("bash") if e.setting("config") is None]))
def test_commands_for_the_server_answer_as_shown(example: Example, plain_server: Served, tmp_path: Path) -> None:
    """The commands succeed against a fresh server, and the last of them answer with what stands below."""
    plain_server.renew()
    check_answers(example, plain_server.url, tmp_path)


@needs_curl
@pytest.mark.parametrize("example", cases([e for e in runnable("bash") if e.setting("config") is not None]))
def test_a_configured_server_answers_as_shown(example: Example, tmp_path: Path) -> None:
    """The same for a server with the configuration that the page saves, or with one of `docs/examples`."""
    save_files(example.page, tmp_path)
    shipped = CHECKOUT / "docs" / "examples" / str(example.setting("config"))
    config = shipped if shipped.exists() else str(example.setting("config"))
    with served(tmp_path, "--config", str(config)) as server:
        check_answers(example, server.url, tmp_path)


def check_answers(example: Example, url: str, folder: Path) -> None:
    """Run the commands of an example in `folder` against the server at `url`."""
    done = shell(example.body.replace(WRITTEN_URL, url), folder)
    assert done.returncode == 0, done.stderr
    wanted = [json.loads(output.body) for output in example.below if output.language == "json"]
    answers = list(json_documents(done.stdout))[-len(wanted) :]
    for document, answer in zip(wanted, answers, strict=True):
        assert contains(answer, document), json.dumps(answer, indent=2)


@pytest.mark.parametrize("example", cases([e for e in runnable("console") if "serve" not in e.words]))
def test_a_session_prints_what_is_shown(example: Example, tmp_path: Path, run: Commands) -> None:
    """Each command of a session prints what stands below it."""
    save_files(example.page, tmp_path)
    for command, output in commands(example.body):
        _, printed = run.run(command)
        assert pattern_of(output).fullmatch(printed) if output else not printed, printed


@pytest.mark.parametrize("example", cases(runnable("console", "serve")))
def test_the_server_says_what_is_shown(example: Example, tmp_path: Path) -> None:
    """`harness serve` announces what the page shows, at its default port."""
    save_files(example.page, tmp_path)
    ((command, output),) = commands(example.body)
    assert pattern_of(output).fullmatch(announcement(tmp_path, *command.split()[2:]))


def test_readme_begins_with_its_two_commands() -> None:
    """The gate takes the two `sh` blocks of the README, in which each makes its own environment."""
    blocks = [example for page in PAGES for example in examples_of(page) if example.language == "sh"]
    assert [block.page.name for block in blocks] == ["README.md"] * 2
    assert [re.findall(r"venv (\S+)", block.body) for block in blocks] == [[".venv"], [".venv-test"]]


def json_documents(text: str) -> Iterator[Any]:
    """The JSON documents that stand one behind the other in `text`."""
    decoder = json.JSONDecoder()
    text = text.strip()
    while text:
        document, end = decoder.raw_decode(text)
        yield document
        text = text[end:].lstrip()


def contains(answer: Any, shown: Any) -> bool:
    """Whether `answer` has all that is shown; objects may have more, and `…` stands for any text or value."""
    match shown:
        case dict():
            return isinstance(answer, dict) and all(k in answer and contains(answer[k], v) for k, v in shown.items())
        case list():
            same_length = isinstance(answer, list) and len(answer) == len(shown)
            return same_length and all(map(contains, answer, shown))
        case "…":
            return True
        case str() if "…" in shown:
            return isinstance(answer, str) and bool(pattern_of(shown).fullmatch(answer + "\n"))
        case _:
            return type(answer) is type(shown) and bool(answer == shown)
