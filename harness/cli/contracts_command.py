"""`harness contracts`: the contract families, how they differ, and which of them a capture follows."""

from __future__ import annotations

import click

from harness.adapters.contract_files import DEFAULT_CONTRACT, load_contract, shipped_contracts
from harness.cli.detect_command import detect
from harness.cli.exits import EXIT_PASSED
from harness.cli.naming import named_contract
from harness.cli.say import print_out
from harness.reports.contracts_text import contract_text, contracts_text, difference_text


@click.group()
def contracts() -> None:
    """List the contract families; show, compare or detect them.

    A contract is named as everywhere: `family`, `family@version`, or the path of a `contract.yaml`.
    """


@contracts.command("list")
def list_() -> int:
    """List every version of every family."""
    print_out(contracts_text(shipped_contracts(), load_contract(DEFAULT_CONTRACT).id))
    return EXIT_PASSED


@contracts.command()
@click.argument("name")
def show(name: str) -> int:
    """Show the sources, parameters, rules and payloads of the contract NAME."""
    print_out(contract_text(named_contract(name)))
    return EXIT_PASSED


@contracts.command()
@click.argument("one")
@click.argument("other")
def diff(one: str, other: str) -> int:
    """Say in words what differs between the contracts ONE and OTHER."""
    print_out(difference_text(named_contract(one), named_contract(other)))
    return EXIT_PASSED


contracts.add_command(detect)
