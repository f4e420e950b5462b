"""What `harness explain` prints of rules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from textwrap import indent

import yaml

from harness.core.rules.examples import abridged
from harness.core.rules.rule import Example, Rule


def rules_text(rules: Iterable[Rule]) -> str:
    """All rules, one in a line."""
    known = list(rules)
    width = max(len(rule.id) for rule in known)
    return "\n".join(f"{rule.id:{width}}  {rule.sentence}" for rule in known)


def rule_text(rule: Rule, settings: Mapping[str, str]) -> str:
    """All that is known of a rule; `settings` say how severely each contract takes it."""
    return "\n".join(
        [
            rule.id,
            "",
            f"  says      {rule.sentence}",
            f"  source    {rule.source}",
            f"  remedy    {rule.remedy}",
            *_severities(settings),
            "",
            "This keeps the rule:",
            *_example(rule.passes),
            "",
            "This breaks it:",
            *_example(rule.fails),
            "",
            "Both are captures: `harness check FILE` judges them.",
        ]
    )


def _severities(settings: Mapping[str, str]) -> Iterator[str]:
    """One line for each severity, with the contracts that give it."""
    for severity in ("error", "warning", "off"):
        contracts = [contract for contract, setting in settings.items() if setting == severity]
        if contracts:
            yield f"  {severity:8}  in {', '.join(contracts)}"


def _example(example: Example) -> Iterator[str]:
    deliveries = [abridged(delivery) for delivery in example.deliveries]
    capture = deliveries[0] if len(deliveries) == 1 else deliveries
    yield indent(json.dumps(capture, indent=2, ensure_ascii=False), "  ")
    if example.contract is not None:
        yield f"where that contract judges (--contract {example.contract})"
    if example.journeys is not None:
        yield "where these journeys are declared (--journeys FILE):"
        declared = yaml.safe_dump({"journeys": dict(example.journeys)}, sort_keys=False, allow_unicode=True)
        yield indent(declared.rstrip(), "  ")
