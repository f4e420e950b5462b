"""Reads files of ours without running anything, and tells what they are and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from harness.adapters.config_files import load_config
from harness.adapters.contract_files import CONTRACT_FILE, load_contract, read_family
from harness.adapters.journeys_files import load_declarations
from harness.adapters.json_files import own_schema
from harness.adapters.scenario_files import SUFFIX, load_scenarios
from harness.adapters.yaml_files import read_document
from harness.core.contract import versions_of
from harness.core.documents import Document, DocumentError, DocumentErrors, validate
from harness.core.scenario.advice import unspeaking_names


class NothingToValidate(Exception):
    """A path holds no file of ours; the message says what such files are called."""


class Found(Struct, frozen=True, kw_only=True):
    """What is known of one file."""

    path: Path
    content: str = ""
    """What is in it, where it is right: `2 scenarios`."""
    problems: tuple[DocumentError, ...] = ()
    warnings: tuple[DocumentError, ...] = ()


def files_at(paths: Iterable[Path]) -> list[Path]:
    """The files at `paths`: a file is itself, a folder means the scenarios and contracts below it."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            files = sorted({*path.rglob(f"*{SUFFIX}"), *path.rglob(CONTRACT_FILE)})
            if not files:
                raise NothingToValidate(f"{path}: no file below it is a *{SUFFIX} or a {CONTRACT_FILE}")
            found.update(dict.fromkeys(files))
        else:
            found[path] = None
    return list(found)


def validate_file(path: Path, faults: Mapping[str, object]) -> Found:
    """What the file at `path` is, and all that is wrong in it; `faults` are those of the simulated space."""
    try:
        document = read_document(path)
        content = _content(path, document, faults)
    except DocumentError as error:
        return Found(path=path, problems=(error,))
    except DocumentErrors as error:
        return Found(path=path, problems=error.problems)
    return Found(path=path, content=content, warnings=tuple(unspeaking_names(document)))


def _content(path: Path, document: Document, faults: Mapping[str, object]) -> str:
    """What is in the file, told by its keys."""
    keys = document.data.keys() if isinstance(document.data, dict) else set()
    if "scenario" in keys or path.name.endswith(SUFFIX):
        return _counted(len(load_scenarios(path, faults)), "scenario")
    if "versions" in keys or path.name == CONTRACT_FILE:
        return _contract(path)
    if "destinations" in keys:
        return f"a server's configuration with {_counted(len(load_config(path)[0].destinations), 'destination')}"
    if "journeys" in keys:
        return f"declarations of {_counted(len(load_declarations(path).journeys), 'journey')}"
    if keys and keys <= {"vars", "profiles"}:
        return _fragment(document)
    raise document.at_value(
        (),
        "this is no file of ours",
        "a scenario has `scenario:`, a contract `versions:`, a server's configuration `destinations:`",
    )


def _fragment(document: Document) -> str:
    problems = validate(document, own_schema("fragment"))
    if problems:
        raise DocumentErrors(problems)
    return f"a fragment with {' and '.join(document.data)}"


def _contract(path: Path) -> str:
    """Every version of a contract is built, and what is wrong with any of them told."""
    family = read_family(path)
    problems: list[DocumentError] = []
    for version in versions_of(family):
        try:
            load_contract(f"{path.resolve()}@{version}")
        except DocumentError as error:
            problems.append(error)
    if problems:
        raise DocumentErrors({str(problem): problem for problem in problems}.values())
    return f"the contract {family.data['name']} with {_counted(len(versions_of(family)), 'version')}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
