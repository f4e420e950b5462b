"""Reads the examples out of README and docs; the words behind a fence's language say what a test does with it.

    yaml                     a scenario: it is played, and passes
    yaml fails               it is played, and fails; the `text` block below is what `harness run` prints
    yaml refused             it is refused before anything is sent; the `text` block below is what `harness run` prints
    yaml validated           it is read, and not played
    yaml part [fails|…]      its keys take the place of the same keys of the page's first scenario, which is then played
    LANGUAGE file=NAME       it is saved under that name before any example of the page is run; scenarios are played too
    python                   a test file, unless saved: pytest plays it with the plugin, and all in it passes
    python fails             at least one of its tests fails, and the `text` block below is part of what pytest prints
    ini, toml                a configuration of pytest: a run with it passes
    bash [config=FILE]       commands for a server as `harness serve` starts it: they succeed; FILE is one that the page
                             saves, or one in docs/examples
    json                     is contained in the last answer of the `bash` block above; several, in the last several
    console                  lines behind `$ ` are run; what stands below is what they print
    console serve            the same for `harness serve`, which is stopped once it has said where it listens
    text                     belongs to the block above it
    sql                      run against a PostgreSQL by the tests of warehouses
    sh                       only in README: its two commands, which the gate runs as written

In outputs, `…` stands for any text: within its line, or for any lines where it stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
SHOWN_ONLY = ("text", "json", "sh", "ndjson", "sql")
"""Languages that are not run by themselves."""

SCENARIO = ".scenario.yaml"

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)


class Example(Struct, frozen=True, kw_only=True):
    """One fenced block of a page."""

    page: Path
    line: int
    """Of its fence, counted from 1."""
    language: str
    words: tuple[str, ...]
    body: str
    below: tuple[Example, ...] = ()
    """The `text` and `json` blocks that follow it, before any other."""

    @property
    def place(self) -> str:
        """Page and line, for people."""
        return f"{self.page.name}:{self.line}"

    def setting(self, name: str) -> str | None:
        """The value of the word `name=value`; None where there is none."""
        return next((word.removeprefix(f"{name}=") for word in self.words if word.startswith(f"{name}=")), None)


def examples_of(page: Path) -> list[Example]:
    """All fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return list(_joined([_example(page, text, match) for match in _FENCE.finditer(text)]))


def _example(page: Path, text: str, match: re.Match[str]) -> Example:
    language, *words = match["info"].split() or [""]
    line = text.count("\n", 0, match.start()) + 1
    return Example(page=page, line=line, language=language, words=tuple(words), body=match["body"])


def _joined(examples: Sequence[Example]) -> Iterator[Example]:
    """The examples, each with those that belong to it."""
    for index, example in enumerate(examples):
        below: list[Example] = []
        for other in examples[index + 1 :]:
            if other.language not in ("text", "json") or other.words:
                break
            below.append(other)
        yield Example(
            page=example.page,
            line=example.line,
            language=example.language,
            words=example.words,
            body=example.body,
            below=tuple(below),
        )


def runnable(language: str, *words: str) -> list[Example]:
    """The examples in that language, on all pages, that have all of `words`."""
    return [
        example
        for page in PAGES
        for example in examples_of(page)
        if example.language == language and set(words) <= set(example.words)
    ]


def save_files(page: Path, folder: Path) -> None:
    """Write what the page saves under a name into `folder`."""
    for example in examples_of(page):
        name = example.setting("file")
        if name is not None:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(example.body, encoding="utf-8")


def written(example: Example, folder: Path) -> Path:
    """The scenario of an example as a file, beside all that its page saves."""
    save_files(example.page, folder)
    file = folder / (example.setting("file") or f"example{SCENARIO}")
    file.write_text(_whole_scenario(example), encoding="utf-8")
    return file


def _whole_scenario(example: Example) -> str:
    """The scenario that an example stands for: itself, or itself with the rest of the page's first scenario."""
    if "part" not in example.words:
        return example.body
    first = next(each for each in examples_of(example.page) if each.language == "yaml" and "part" not in each.words)
    own = set(_sections(example.body))
    return example.body + "".join(text for key, text in _sections(first.body).items() if key not in own)


def _sections(text: str) -> dict[str, str]:
    """The text of each top-level key."""
    parts = re.split(r"^(?=[a-z_]+:)", text, flags=re.MULTILINE)
    return {part.partition(":")[0]: part for part in parts if re.match(r"[a-z_]+:", part)}


def commands(session: str) -> Iterator[tuple[str, str]]:
    """The commands of a session, each with its output."""
    for part in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output.strip("\n")


def pattern_of(output: str) -> re.Pattern[str]:
    """What matches an output that is written with `…` for any text."""
    lines = [
        r"(?:[^\n]*\n)*?" if line.strip() == "…" else re.escape(line).replace("…", r"[^\n]*") + r"\n"
        for line in output.rstrip("\n").split("\n")
    ]
    return re.compile("".join(lines))
