"""`harness schema`: the JSON Schemas of our own files."""

from __future__ import annotations

import click

from harness.adapters.json_files import OWN_SCHEMAS, bundled_schema
from harness.cli.exits import EXIT_PASSED, UsageFault
from harness.cli.say import print_json
from harness.core.spelling import near_miss


@click.command()
@click.argument("name")
def schema(name: str) -> int:
    """Print the JSON Schema of one kind of our own files.

    NAME is scenario, fragment, config, contract or delivery. The schema refers to no other file.
    """
    if name not in OWN_SCHEMAS:
        raise UsageFault(f"unknown schema {name!r}{near_miss(name, OWN_SCHEMAS)}")
    print_json(bundled_schema(name))
    return EXIT_PASSED
