"""All faults, by name: the deliberately wrong spaces by which contracts and scenarios are tried out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from harness.engage.errors import unknown
from harness.engage.faults_of_calls import CALL_FAULTS
from harness.engage.faults_of_context import CONTEXT_FAULTS
from harness.engage.faults_of_keys import KEY_FAULTS
from harness.engage.faults_of_sending import SENDING_FAULTS
from harness.engage.faulty import Fault


def fault_table(faults: Iterable[Fault]) -> Mapping[str, Fault]:
    """The faults by name; ValueError where two have the same."""
    table: dict[str, Fault] = {}
    for fault in faults:
        if fault.name in table:
            raise ValueError(f"the fault {fault.name!r} is registered twice: give one of them another name")
        table[fault.name] = fault
    return MappingProxyType(table)


FAULTS = fault_table((*KEY_FAULTS, *CALL_FAULTS, *CONTEXT_FAULTS, *SENDING_FAULTS))


def fault_named(name: str) -> Fault:
    """The fault of that name; SpaceError with the nearest one where there is none."""
    if name not in FAULTS:
        raise unknown("fault", name, FAULTS, "docs/scenarios.md tells what each does")
    return FAULTS[name]
