"""Contract families, read from their folders."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from harness.adapters.json_files import own_schema, read_json
from harness.adapters.yaml_files import files_beside, read_document
from harness.core.contract import Contract, build_contract, schema_files, versions_of
from harness.core.documents import At, Document, DocumentError, DocumentErrors, Mark, validate
from harness.core.schemas import SchemaError
from harness.core.schemas.lint import parts_of_pointer
from harness.core.spelling import near_miss
from harness.resources import resource

DEFAULT_CONTRACT = "engage-journeys"
CONTRACT_FILE = "contract.yaml"
CONTRACT_SUFFIXES = (".yaml", ".yml")


_REMEDIES = {
    "parameters": f"`harness contracts show {DEFAULT_CONTRACT}` lists the parameters and what they mean",
    "rules": "write error, warning or off for each; `harness explain` lists the rules",
}
"""Where to look up what may stand in a table of a contract."""


class UnknownContract(Exception):
    """No contract has that name, or that version; the message names those there are."""


def load_contract(name: str, beside: Path | None = None) -> Contract:
    """The contract that `name` means: `family`, `family@version`, or the path of a `contract.yaml`.

    A path is taken relative to the folder `beside`; `path@version` chooses a version there. Raises UnknownContract,
    or DocumentError with the place in the contract's files.
    """
    return _loaded(*_found(name, beside))


def _found(name: str, beside: Path | None) -> tuple[Path, str]:
    """The `contract.yaml` that `name` means, and the version that it asks for: empty where it asks for none."""
    family, _, version = name.partition("@")
    if "/" in family or family.endswith(CONTRACT_SUFFIXES):
        path = (beside or Path()) / family
        path = (path / CONTRACT_FILE if path.is_dir() else path).resolve()
        if not path.is_file():
            hint = near_miss(path.name, files_beside(path))
            raise UnknownContract(f"there is no contract {name!r}: there is no file {path}{hint}")
        return path, version
    folder = _families().get(family)
    if folder is None:
        is_path = family and ((beside or Path()) / family).is_dir()
        hint = f"; did you mean './{family}', the folder?" if is_path else near_miss(family, list(_families()))
        raise UnknownContract(f"unknown contract {family!r}{hint}")
    return folder / CONTRACT_FILE, version


def contract_of(document: Document, folder: Path) -> Contract:
    """The contract that a document names under `contract:`, else the default; a path is taken from `folder`.

    Raises DocumentError at that place where there is no such contract.
    """
    if not isinstance(document.data, dict) or "contract" not in document.data:
        return load_contract(DEFAULT_CONTRACT)
    return _named(document, ("contract",), str(document.data["contract"]), folder)


@cache
def _families() -> Mapping[str, Path]:
    """The folders of the shipped families, by name."""
    folder = resource("schemas").resolve()
    return {path.parent.name: path.parent for path in sorted(folder.glob(f"*/{CONTRACT_FILE}"))}


def shipped_contracts() -> list[Contract]:
    """Every version of every shipped family."""
    return [
        _loaded((folder / CONTRACT_FILE).resolve(), version)
        for folder in _families().values()
        for version in versions_of(read_family(folder / CONTRACT_FILE))
    ]


@cache
def _loaded(path: Path, version: str, extending: tuple[tuple[Path, str], ...] = ()) -> Contract:
    """The contract in the file at `path`; `extending` are those that are being loaded because they extend it."""
    family = read_family(path)
    chosen = version or family.data["default_version"]
    versions = versions_of(family)
    if chosen not in versions:
        raise UnknownContract(f"{family.data['name']} has no version {chosen!r}{near_miss(chosen, list(versions))}")
    if (path, chosen) in extending:
        message = f"{family.data['name']}@{chosen} extends itself, by way of others or at once"
        raise family.at_value(("versions", chosen, "extends"), message, "extend a contract that stands alone")
    proven = _families().get(path.parent.name) == path.parent  # those that are shipped are checked by our tests
    if not proven and family.data["name"] in _families():
        message = f"{family.data['name']} is a shipped family, so that no report could tell which of the two judged"
        raise family.at_value(("name",), message, "give yours a name of its own")
    base = _base(family, chosen, path, (*extending, (path, chosen)))
    files = _schemas(family, path.parent, chosen)
    try:
        return build_contract(family, chosen, files, base, proven=proven)
    except SchemaError as error:
        raise schema_error(error, path.parent, files) from None


def _base(family: Document, version: str, path: Path, extending: tuple[tuple[Path, str], ...]) -> Contract | None:
    """The contract that a version extends; None where it stands alone. A path is taken from its own folder."""
    name = versions_of(family)[version].get("extends")
    return None if name is None else _named(family, ("versions", version, "extends"), name, path.parent, extending)


def _named(
    document: Document, at: At, name: str, folder: Path, extending: tuple[tuple[Path, str], ...] = ()
) -> Contract:
    """The contract that `document` names at `at`; where there is none, that is told at that place."""
    try:
        return _loaded(*_found(name, folder), extending)
    except UnknownContract as error:
        raise document.at_value(at, str(error), "name a family, name@version, or a contract.yaml") from None


def read_family(path: Path) -> Document:
    """The `contract.yaml` at `path`, found to have the right form."""
    family = read_document(path)
    problems = validate(family, own_schema("contract"))
    if problems:
        raise DocumentErrors(_with_remedy(family, problem) for problem in problems)
    default, versions = family.data["default_version"], versions_of(family)
    if default not in versions:
        message = f"there is no version {default!r}{near_miss(default, list(versions))}"
        raise family.at_value(("default_version",), message, "name one of those under `versions:`")
    return family


def _with_remedy(family: Document, problem: DocumentError) -> DocumentError:
    """`problem` with where to look the right names up, where it does not say what to do."""
    ways = [at for marks in (family.marks, family.key_marks) for at, mark in marks.items() if mark == problem.mark]
    within = {part for at in ways for part in at}
    remedy = next((remedy for table, remedy in _REMEDIES.items() if table in within), "")
    return DocumentError(problem.mark, problem.message, problem.remedy or remedy, problem.source)


def _schemas(family: Document, folder: Path, version: str) -> dict[str, Any]:
    """The JSON of all schema files that a version names; they lie in the contract's own folder."""
    files: dict[str, Any] = {}
    for name in sorted(schema_files(family, version)):
        if Path(name).name != name:
            raise _at_name(
                family, version, name, f"the schema file {name!r} is not in the contract's folder", "move it there"
            )
        if not (folder / name).is_file():
            hint = near_miss(name, [each.name for each in folder.glob("*.json")])
            remedy = "write the name of a file in the contract's folder"
            raise _at_name(family, version, name, f"there is no schema file {name!r}{hint}", remedy)
        files[name] = read_json(folder / name)
    return files


def _at_name(family: Document, version: str, name: str, message: str, remedy: str) -> DocumentError:
    """An error at the first place where a version names the schema file `name`."""
    settings = versions_of(family)[version]
    for table in ("schemas", "schemas_with_exit", "bodies", "definitions"):
        named = settings.get(table, {})
        for at, each in named.items() if isinstance(named, Mapping) else enumerate(named):
            if each == name:
                return family.at_value(("versions", version, table, at), message, remedy)
    return family.at_value(("versions", version), message, remedy)


def schema_error(error: SchemaError, folder: Path, files: Mapping[str, Any]) -> DocumentError:
    """What is wrong with a schema, told at its line; `files` are the JSON of schema files in `folder`, by name."""
    by_id = {each.get("$id"): name for name, each in files.items() if isinstance(each, dict)}
    path = folder / (error.name if error.name in files else str(by_id.get(error.name, error.name)))
    message = f"{error.message}, at {error.pointer}" if error.pointer else error.message
    try:
        document = read_document(path)  # JSON is YAML, whose reader knows the line of everything
    except DocumentError:
        return DocumentError(Mark(file=str(path), line=1, column=1), message, error.remedy)
    return document.at_value(_way(document, error.pointer), message, error.remedy)


def _way(document: Document, pointer: str) -> At:
    """The way to the place that a JSON pointer names."""
    way: At = ()
    for part in parts_of_pointer(pointer):
        index = (*way, int(part)) if part.isdecimal() else None
        way = index if index is not None and index in document.marks else (*way, part)
    return way
