"""`harness validate`: reads our files without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from harness.adapters.validation import Found, NothingToValidate, files_at, validate_file
from harness.cli.exits import EXIT_PASSED, EXIT_USAGE, UsageFault
from harness.cli.say import say, say_error
from harness.engage.faults import FAULTS


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option("--quiet", "-q", is_flag=True, help="Print only what is wrong.")
def validate(paths: Sequence[Path], quiet: bool) -> int:
    """Read scenario, contract and configuration files without running anything.

    A folder means every scenario and contract below it; configurations of servers are named one by one.
    """
    try:
        files = files_at(paths)
    except NothingToValidate as error:
        raise UsageFault(str(error)) from None
    found = [validate_file(file, FAULTS) for file in files]
    for each in found:
        _tell(each, quiet=quiet)
    wrong = sum(bool(each.problems) for each in found)
    if not quiet:
        say(f"{len(found) - wrong} of {len(found)} files are right")
    return EXIT_USAGE if wrong else EXIT_PASSED


def _tell(found: Found, *, quiet: bool) -> None:
    for problem in found.problems:
        say_error(str(problem))
    for warning in found.warnings:
        say(f"warning: {warning}")
    if not found.problems and not quiet:
        say(f"ok  {found.path}  ({found.content})")
