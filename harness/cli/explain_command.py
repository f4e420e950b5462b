"""`harness explain`: what a rule means."""

from __future__ import annotations

import click

from harness.adapters.contract_files import shipped_contracts
from harness.cli.exits import EXIT_PASSED, UsageFault
from harness.cli.say import print_out
from harness.core.rules.catalogue import RULES
from harness.core.spelling import near_miss
from harness.reports.explain_text import rule_text, rules_text


@click.command()
@click.argument("rule", required=False)
def explain(rule: str | None) -> int:
    """Explain a rule, or list all rules.

    Says what RULE demands, where that is documented, how severely each contract takes it and how to mend a breach,
    with an example that keeps it and one that breaks it.
    """
    if rule is None:
        print_out(rules_text(RULES.values()))
        return EXIT_PASSED
    if rule not in RULES:
        raise UsageFault(f"unknown rule {rule!r}{near_miss(rule, RULES)}\n  help: `harness explain` lists the rules")
    settings = {contract.id: contract.severities.get(rule, "off") for contract in shipped_contracts()}
    print_out(rule_text(RULES[rule], settings))
    return EXIT_PASSED
