"""Writes the outputs in README and docs anew where they are not what is printed: `python -m tests.docs.write_outputs`.

Only `text` blocks below scenarios and outputs in sessions are written; read the changes before you keep them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.docs.fences import PAGES, Example, commands, examples_of, pattern_of, save_files, written
from tests.docs.serving import shell


def rewrite(page: Path) -> None:
    """Put what is printed now in the place of what the page shows, from its end to its beginning."""
    lines = page.read_text(encoding="utf-8").split("\n")
    for example in reversed(examples_of(page)):
        with tempfile.TemporaryDirectory() as folder:
            for line, old, new in changes(example, Path(folder)):
                lines[line : line + old.count("\n") + 1] = new.split("\n")
    page.write_text("\n".join(lines), encoding="utf-8")


def changes(example: Example, folder: Path) -> Iterator[tuple[int, str, str]]:
    """The first line, counted from 0, the old text and the new text of what has to change for `example`."""
    if example.language == "yaml" and {"fails", "refused"} & set(example.words):
        file = written(example, folder)
        shown = example.below[0]
        printed = shell(f"harness run {file.relative_to(folder)}", folder).stderr
        if not pattern_of(shown.body).fullmatch(printed):
            yield shown.line, shown.body.rstrip("\n"), printed.rstrip("\n")
    elif example.language == "console" and "serve" not in example.words:
        save_files(example.page, folder)
        session = "\n".join(_session(example, folder))
        if session != example.body.rstrip("\n"):
            yield example.line, example.body.rstrip("\n"), session


def _session(example: Example, folder: Path) -> Iterator[str]:
    for command, output in commands(example.body):
        printed = shell(f"exec 2>&1; {command}", folder).stdout
        same = pattern_of(output).fullmatch(printed) if output else not printed
        yield f"$ {command}\n{output if same else printed}".rstrip("\n")


if __name__ == "__main__":
    for each in PAGES:
        rewrite(each)
