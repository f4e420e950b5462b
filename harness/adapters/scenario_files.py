"""Scenario files: found, read and turned into scenarios."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from harness.adapters.contract_files import contract_of
from harness.adapters.crowds import make_crowd
from harness.adapters.json_files import own_schema
from harness.adapters.yaml_files import SCENARIO_SUFFIX, files_beside, read_document
from harness.core.documents import Document, DocumentErrors, validate
from harness.core.scenario.model import Scenario
from harness.core.scenario.parsing import Surroundings, merged, parse_rows, parse_scenario
from harness.core.spelling import near_miss

SUFFIX = SCENARIO_SUFFIX


class NoScenario(Exception):
    """A path holds no scenario; the message says what to write."""


def find_scenario_files(paths: Iterable[Path]) -> list[Path]:
    """The scenario files at `paths`: a file is itself, a folder means every `*.scenario.yaml` below it.

    Raises NoScenario for a path that is not there, or a folder without any.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            files = sorted(path.rglob(f"*{SUFFIX}"))
            if not files:
                raise NoScenario(f"{path}: no file below it ends in {SUFFIX}; `harness init` writes one to start from")
            found.update(dict.fromkeys(files))
        elif path.exists():
            found[path] = None
        else:
            raise NoScenario(f"{path}: there is no such file or folder")
    return list(found)


def load_scenarios(path: Path, faults: Mapping[str, object], *, reserved_tags: Collection[str] = ()) -> list[Scenario]:
    """The scenarios in the file at `path`, one for each row of its table; `faults` are those of the simulated space.

    `reserved_tags` mean something else to whoever plays them. Raises DocumentError or DocumentErrors, with place and
    remedy.
    """
    document = _with_includes(read_document(path), path.parent)
    around = Surroundings(
        schema=own_schema("scenario"),
        environment=os.environ,
        make_crowd=make_crowd,
        faults=faults,
        reserved_tags=reserved_tags,
    )
    contract = contract_of(document, path.parent)
    return [parse_scenario(document, row, contract, around) for row in parse_rows(document)]


def _with_includes(document: Document, folder: Path) -> Document:
    included = document.data.get("include") if isinstance(document.data, dict) else None
    if not isinstance(included, list) or not all(isinstance(name, str) for name in included):
        return document
    return merged(document, {index: _fragment(document, index, folder / name) for index, name in enumerate(included)})


def _fragment(document: Document, index: int, path: Path) -> Document:
    if not path.exists():
        own = Path(document.mark(()).file).name
        beside = [name for name in files_beside(path.with_name("fragment.yaml")) if name != own]
        message = f"there is no file {document.data['include'][index]!r}{near_miss(path.name, beside)}"
        raise document.at_value(("include", index), message, "write its path from the folder of this file")
    fragment = read_document(path)
    problems = validate(fragment, own_schema("fragment"))
    if problems:
        raise DocumentErrors(problems)
    return fragment
