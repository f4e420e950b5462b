"""The systems under test, by name: here senders meet the runner."""

from __future__ import annotations

from collections.abc import Callable

from harness.core.clock import Clock
from harness.core.scenario.model import SystemChoice
from harness.engage.faults import FAULTS
from harness.engage.space import Space
from harness.runner import DrivenSystem, MakeSystem
from harness.senders.engage import EngageSystem


def make_system(progress: Callable[[int], None] | None = None) -> MakeSystem:
    """Makes the system that a scenario chooses; `progress` is told how many requests a simulated space sent."""

    def make(choice: SystemChoice, clock: Clock) -> DrivenSystem:
        fault = FAULTS[choice.fault] if choice.fault is not None else None
        space = Space(start=clock.now(), seed=choice.seed, fault=fault)
        return EngageSystem(clock=clock, space=space, progress=progress)

    return make
