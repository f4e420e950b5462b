"""The systems under test that are built in, by what a scenario writes."""

from __future__ import annotations

from collections.abc import Callable

from harness.core.clock import Clock
from harness.core.scenario.model import SystemChoice
from harness.engage.faults import FAULTS
from harness.engage.space import Space
from harness.senders.connections import Connections
from harness.senders.engage import EngageSystem


def make_system(
    progress: Callable[[int], None] | None = None, connections: Connections | None = None
) -> Callable[[SystemChoice, Clock], EngageSystem]:
    """Makes the system that a scenario chooses; `progress` is told how many requests a simulated space sent.

    All that it makes send over `connections`; without, each opens its own.
    """

    def make(choice: SystemChoice, clock: Clock) -> EngageSystem:
        fault = FAULTS[choice.fault] if choice.fault is not None else None
        space = Space(start=clock.now(), seed=choice.seed, fault=fault)
        return EngageSystem(clock=clock, space=space, progress=progress, connections=connections)

    return make
