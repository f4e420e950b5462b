"""`--report FORMAT=FILE`: reports of a run, written to files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import orjson
from msgspec import Struct

from harness.cli.exits import UsageFault
from harness.core.spelling import near_miss
from harness.core.verdict import Verdict
from harness.reports.run_json import run_report
from harness.reports.text import scenario_text, summary_text

Render: TypeAlias = Callable[[Sequence[Verdict]], str]


def _json(verdicts: Sequence[Verdict]) -> str:
    return orjson.dumps(run_report(verdicts), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()


def _text(verdicts: Sequence[Verdict]) -> str:
    return "\n".join([*map(scenario_text, verdicts), summary_text(verdicts)])


FORMATS: Mapping[str, Render] = {"json": _json, "text": _text}


class ReportFile(Struct, frozen=True, kw_only=True):
    """A report that was asked for."""

    render: Render
    path: Path

    def write(self, verdicts: Sequence[Verdict]) -> None:
        """Write the report; UsageFault where the file cannot be written."""
        try:
            self.path.write_text(self.render(verdicts) + "\n", encoding="utf-8")
        except OSError as error:
            raise _unwritable(self.path, error) from None


def report_files(asked: Iterable[str]) -> list[ReportFile]:
    """The reports that `FORMAT=FILE` texts ask for; their folders are made, and what cannot be written is refused."""
    files = [_report_file(text) for text in asked]
    paths = [file.path for file in files]
    for path in paths:
        if paths.count(path) > 1:
            raise UsageFault(f"--report: two reports go to {path}; give each a file of its own")
    return files


def _report_file(text: str) -> ReportFile:
    name, equals, file = text.partition("=")
    if not equals or not file:
        raise UsageFault(f"--report {text}: write FORMAT=FILE, such as json=report.json")
    if name not in FORMATS:
        raise UsageFault(f"--report {text}: unknown format {name!r}{near_miss(name, FORMATS)}")
    path = Path(file)
    if path.is_dir():
        raise UsageFault(f"--report {text}: {path} is a folder; name a file in it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None
    return ReportFile(render=FORMATS[name], path=path)


def _unwritable(path: Path, error: OSError) -> UsageFault:
    return UsageFault(f"the report {path} cannot be written: {error.strerror}; name another file")
