"""Files that declare journeys for the judging of captures."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec.structs import replace

from harness.adapters.crowds import make_crowd
from harness.adapters.json_files import own_schema
from harness.adapters.yaml_files import read_document
from harness.core.declarations import Declarations
from harness.core.documents import DocumentErrors, validate
from harness.core.scenario.setup import parse_journeys, parse_profiles
from harness.core.scenario.substitution import resolved_variables, substituted

_DECLARING = ("journeys", "profiles")


def load_declarations(path: Path) -> Declarations:
    """What the YAML file at `path` declares under `journeys:` and `profiles:`; its other keys mean nothing here.

    Raises DocumentError or DocumentErrors, with place and remedy.
    """
    document = read_document(path)
    if not isinstance(document.data, dict) or "journeys" not in document.data:
        remedy = "write them in the form of a scenario's, under the key `journeys:`"
        raise document.at_value((), "the file declares no journeys", remedy)
    document = substituted(document, resolved_variables(document, {}, os.environ), os.environ, apart=("examples",))
    document = replace(document, data={name: document.data[name] for name in _DECLARING if name in document.data})
    problems = validate(document, own_schema("fragment"))
    if problems:
        raise DocumentErrors(problems)
    people = parse_profiles(document, make_crowd)
    journeys = parse_journeys(document, None)
    return Declarations(journeys.values(), [profile for group in people.values() for profile in group])
