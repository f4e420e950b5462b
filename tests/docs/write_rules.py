"""Makes `docs/rules.md` out of the rules themselves: `python -m tests.docs.write_rules` writes it anew."""

from __future__ import annotations

import json
from collections.abc import Iterator

import yaml

from harness.adapters.contract_files import DEFAULT_CONTRACT, load_contract, shipped_contracts
from harness.core.captures.captured import Defaults
from harness.core.captures.judging import CaptureJudge
from harness.core.captures.records import read_captured
from harness.core.declarations import Declarations
from harness.core.delivery import Violation
from harness.core.documents import Document, Mark
from harness.core.rules.catalogue import RULES
from harness.core.rules.examples import abridged
from harness.core.rules.rule import Example, Rule
from harness.core.scenario.setup import parse_journeys
from tests.docs.fences import CHECKOUT

PAGE = CHECKOUT / "docs" / "rules.md"
COMMAND = "python -m tests.docs.write_rules"

_HEAD = f"""# Rules

<!-- Written by `{COMMAND}` from `harness/core/rules`; do not edit. -->

Each rule says one thing about payloads, or about the history of a user. The rules of a contract are always on; a
scenario's `expect` adds to them. `harness explain` lists the rules, `harness explain RULE` shows one of them.

A breach is reported once, under one rule. Where several rules would report the same place of a payload, the first in
the order of this page does. A rule is an *error*, which fails the verdict, a *warning*, which does not, or *off*; the
contract decides (see [contracts.md](contracts.md)).

The examples are captures, a delivery a line: `harness check FILE` judges them. Some need journeys to be declared, which
`--journeys FILE` does. Very long texts are cut short.
"""


def page() -> str:
    """The whole page."""
    listed = "\n".join(f"- [`{rule.id}`](#{rule.id}): {rule.sentence}" for rule in RULES.values())
    return "\n".join([_HEAD, listed, "", *("\n".join(_section(rule)) for rule in RULES.values())])


def _section(rule: Rule) -> Iterator[str]:
    yield f"## {rule.id}\n\n{rule.sentence}\n"
    yield f"- Severity: {_severity(rule)}"
    yield f"- Source: {rule.source}."
    yield f"- To mend a breach: {rule.remedy}\n"
    yield from _example("Keeps it:", rule.passes)
    yield from _example("Breaks it:", rule.fails)
    for violation in violations(rule.fails):
        found = f"expected {violation.expected}, got {violation.actual}"
        yield f"Reported: {violation.message}, at `{violation.path}`; {found}.\n"


def _severity(rule: Rule) -> str:
    settings: dict[str, list[str]] = {}
    for contract in shipped_contracts():
        settings.setdefault(contract.severities.get(rule.id, "off"), []).append(f"`{contract.id}`")
    return "; ".join(f"{severity} in {', '.join(contracts)}" for severity, contracts in settings.items()) + "."


def _example(title: str, example: Example) -> Iterator[str]:
    lines = [json.dumps(abridged(delivery), ensure_ascii=False) for delivery in example.deliveries]
    judged = f"{title[:-1]}, where `--contract {example.contract}` judges:" if example.contract else title
    yield "\n".join([judged, "", "```ndjson", *lines, "```", ""])
    if example.journeys is not None:
        declared = yaml.safe_dump({"journeys": dict(example.journeys)}, sort_keys=False, allow_unicode=True)
        yield f"with these journeys:\n\n```yaml file=journeys.yaml\n{declared}```\n"


def violations(example: Example) -> list[Violation]:
    """What is wrong with an example, by its contract."""
    judge = CaptureJudge(load_contract(example.contract or DEFAULT_CONTRACT), _declarations(example))
    for line, delivery in enumerate(example.deliveries, 1):
        for captured in read_captured(json.dumps(delivery).encode(), Defaults(destination=None, kind=None)):
            judge.see(captured, "example", line)
    return [located.violation for located in judge.verdict().violations]


def _declarations(example: Example) -> Declarations:
    data = {"journeys": dict(example.journeys or {})}
    document = Document(data=data, marks={(): Mark(file="example", line=1, column=1)})
    return Declarations(parse_journeys(document, None).values())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
