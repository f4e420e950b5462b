"""`harness contracts`: the contract families, and how they differ."""

from __future__ import annotations

import click

from harness.adapters.contract_files import DEFAULT_CONTRACT, UnknownContract, load_contract, shipped_contracts
from harness.cli.exits import EXIT_PASSED, UsageFault
from harness.cli.say import print_out
from harness.core.contract import Contract
from harness.reports.contracts_text import contract_text, contracts_text, difference_text


@click.group()
def contracts() -> None:
    """List the contract families, show one, or compare two.

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
    print_out(contract_text(_named(name)))
    return EXIT_PASSED


@contracts.command()
@click.argument("one")
@click.argument("other")
def diff(one: str, other: str) -> int:
    """Say in words what differs between the contracts ONE and OTHER."""
    print_out(difference_text(_named(one), _named(other)))
    return EXIT_PASSED


def _named(name: str) -> Contract:
    try:
        return load_contract(name)
    except UnknownContract as error:
        raise UsageFault(f"{error}\n  help: `harness contracts list` lists them") from None
