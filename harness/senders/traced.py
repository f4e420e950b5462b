"""Simulated spaces whose traffic can be compared: two that sent the same at the same times have one trace."""

from __future__ import annotations

from hashlib import blake2b

from harness.core.clock import Clock
from harness.core.instants import Instant
from harness.core.scenario.model import SystemChoice
from harness.engage.faults import FAULTS
from harness.engage.faulty import Fault
from harness.engage.pipeline import Request
from harness.engage.space import Space
from harness.senders.connections import Connections
from harness.senders.engage import EngageSystem


class _TracedSpace(Space):
    """A space that keeps a digest of all that it sends."""

    def __init__(self, *, start: Instant, seed: int, fault: Fault | None) -> None:
        super().__init__(start=start, seed=seed, fault=fault)
        self.trace = blake2b()

    def take_due(self, now: Instant) -> list[Request]:
        """As ever, and remembered."""
        taken = super().take_due(now)
        for request in taken:
            # Of a redirect only where it leads: each play has a run of its own, whose name stands before that.
            moved = (request.location or "").rpartition("/")[2]
            sent = request.destination, request.path, moved, sorted(request.headers.items()), request.body
            self.trace.update(repr((self.now, *sent)).encode())
        return taken


class TracedSystems:
    """Makes the system that a scenario chooses, and knows what the last one sent."""

    def __init__(self, connections: Connections) -> None:
        """Nothing was made yet; what will be sends over `connections`."""
        self._connections = connections
        self._space: _TracedSpace | None = None

    def __call__(self, choice: SystemChoice, clock: Clock) -> EngageSystem:
        """The simulated space of `choice`, behind its sender."""
        fault = FAULTS[choice.fault] if choice.fault is not None else None
        self._space = _TracedSpace(start=clock.now(), seed=choice.seed, fault=fault)
        return EngageSystem(clock=clock, space=self._space, connections=self._connections)

    @property
    def trace(self) -> bytes:
        """What tells the last system's traffic from other traffic."""
        return self._space.trace.digest() if self._space else b""
