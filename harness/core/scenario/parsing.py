"""From a scenario's document to its typed values: every name is known before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from harness.core.contract import Contract
from harness.core.documents import Document, DocumentErrors, validate
from harness.core.rules.catalogue import RULES
from harness.core.scenario.action_parsing import parse_action
from harness.core.scenario.expectation_parsing import parse_expectation
from harness.core.scenario.model import Scenario, SystemChoice
from harness.core.scenario.names import Names
from harness.core.scenario.setup import (
    MakeCrowd,
    parse_destinations,
    parse_journeys,
    parse_profiles,
    refuse_unknown_bodies,
    unknown,
)
from harness.core.scenario.substitution import resolved_variables, substituted
from harness.core.schemas import Schema

_APART = ("vars", "examples")


class Surroundings(Struct, frozen=True, kw_only=True):
    """What the reading of a scenario needs from the world around it."""

    schema: Schema
    """Of scenario files."""
    environment: Mapping[str, str]
    make_crowd: MakeCrowd
    faults: Mapping[str, object]
    """The named faults of the simulated space."""
    reserved_tags: Collection[str] = ()
    """Tags that mean something else to whoever plays the scenario."""


def parse_rows(document: Document) -> list[tuple[str | None, Mapping[str, Any]]]:
    """The rows of a document's table, each with its id; one nameless row where it has no table."""
    rows = document.data.get("examples") if isinstance(document.data, dict) else None
    if not isinstance(rows, list) or not rows:
        return [(None, {})]  # without a table, or with one that the schema will refuse
    return [(_row_id(index, row), row if isinstance(row, dict) else {}) for index, row in enumerate(rows)]


def _row_id(index: int, row: Any) -> str:
    """What tells a row apart: its number, and its first value where that is short."""
    first = next(iter(row.values()), "") if isinstance(row, dict) else ""
    label = str(first) if isinstance(first, str | int | float) else ""
    return f"{index + 1}-{label}" if label and len(label) <= 40 else str(index + 1)


def parse_scenario(
    document: Document, row: tuple[str | None, Mapping[str, Any]], contract: Contract, around: Surroundings
) -> Scenario:
    """The scenario that `document` tells for one row of its table.

    Raises DocumentErrors, or DocumentError, with place and remedy, for everything that is wrong in it.
    """
    if not isinstance(document.data, dict):
        raise DocumentErrors(validate(document, around.schema))
    variables = resolved_variables(document, row[1], around.environment)
    document = substituted(document, variables, around.environment, apart=_APART)
    problems = validate(document, around.schema)
    if problems:
        raise DocumentErrors(problems)
    names = _names(document, around)
    refuse_unknown_bodies(document, names.destinations, contract)
    data = document.data
    return Scenario(
        file=document.mark(()).file,
        mark=document.key_mark(("scenario",)),
        name=data["scenario"],
        row=row[0],
        tags=_tags(document, around),
        requires=tuple(data.get("requires", ())),
        contract=contract,
        system=_system(document, around),
        destinations=names.destinations,
        journeys=names.journeys,
        profiles=names.profiles,
        actions=tuple(parse_action(names, ("do", index)) for index in range(len(data["do"]))),
        expectations=tuple(parse_expectation(names, ("expect", index)) for index in range(len(data.get("expect", ())))),
        expect_violations=_expected_rules(document),
        violations_mark=document.key_mark(("expect_violations" if "expect_violations" in data else "scenario",)),
    )


def _tags(document: Document, around: Surroundings) -> tuple[str, ...]:
    tags: list[str] = document.data.get("tags", [])
    for index, tag in enumerate(tags):
        if tag in around.reserved_tags:
            message = f"the tag {tag!r} is a marker of pytest or of one of its plugins, which would act on it"
            raise document.at_value(("tags", index), message, "choose another word for the tag")
    return tuple(tags)


def _names(document: Document, around: Surroundings) -> Names:
    destinations = parse_destinations(document)
    return Names(
        document=document,
        destinations=destinations,
        journeys=parse_journeys(document, destinations),
        profiles=parse_profiles(document, around.make_crowd),
    )


def _system(document: Document, around: Surroundings) -> SystemChoice:
    written = document.data.get("system", "engage")
    if isinstance(written, str):
        return SystemChoice(name=written)
    settings = written["engage"]
    fault = settings.get("fault")
    if fault is not None and fault not in around.faults:
        error = unknown(document, ("system", "engage", "fault"), "fault", fault, around.faults)
        error.remedy = "docs/scenarios.md tells what each does"
        raise error
    return SystemChoice(fault=fault, seed=settings.get("seed", 0))


def _expected_rules(document: Document) -> frozenset[str] | None:
    rules = document.data.get("expect_violations")
    for index, rule in enumerate(rules or ()):
        if rule not in RULES:
            error = unknown(document, ("expect_violations", index), "rule", rule, RULES)
            error.remedy = "`harness explain` lists the rules"
            raise error
    return None if rules is None else frozenset(rules)


def merged(document: Document, fragments: Mapping[int, Document]) -> Document:
    """`document` with what its included `fragments` define; DocumentError where two define one name.

    `fragments` are keyed by their place in `include:`.
    """
    data, marks, key_marks = dict(document.data), dict(document.marks), dict(document.key_marks)
    for index, fragment in fragments.items():
        for section, name in _definitions(fragment):
            present = data.get(section) or {}
            if not isinstance(present, dict):
                continue  # the schema will refuse it
            if name in present:
                message = f"{section}: {name!r} is defined here and in {fragment.mark((section, name))}"
                raise document.at_value(("include", index), message, "rename one of them")
            data[section] = {**present, name: fragment.data[section][name]}
            own = (section, name)
            marks.update({at: mark for at, mark in fragment.marks.items() if at[:2] == own})
            key_marks.update({at: mark for at, mark in fragment.key_marks.items() if at[:2] == own})
    texts = {fragment.mark(()).file: fragment.text for fragment in fragments.values()}
    return replace(document, data=data, marks=marks, key_marks=key_marks, included=texts)


def _definitions(fragment: Document) -> Iterator[tuple[str, str]]:
    for section, names in fragment.data.items():
        for name in names:
            yield section, name
