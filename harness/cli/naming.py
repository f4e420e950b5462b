"""Contracts that are named on the command line."""

from __future__ import annotations

from harness.adapters.contract_files import UnknownContract, load_contract
from harness.cli.exits import UsageFault
from harness.core.contract import Contract


def named_contract(name: str) -> Contract:
    """The contract called `name`; UsageFault where there is none."""
    try:
        return load_contract(name)
    except UnknownContract as error:
        raise UsageFault(f"{error}\n  help: `harness contracts list` lists them") from None
