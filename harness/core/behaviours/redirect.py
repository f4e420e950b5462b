"""A destination that has moved."""

from __future__ import annotations

from msgspec import Struct

from harness.core.behaviours.behaviour import Asked, Memory
from harness.core.delivery import Reply, Respond


class Redirect(Struct, frozen=True, kw_only=True):
    """Sends the sender elsewhere, by a 307: the same method and body are to be sent there."""

    to: str
    """The name of another destination of the run, or a URL."""

    def decide(self, asked: Asked, memory: Memory) -> Reply:
        """The redirect."""
        location = self.to if "/" in self.to else self._beside(asked.arrival.path, asked.arrival.destination)
        return Respond(status=307, headers=(("Location", location),))

    def _beside(self, path: str, name: str) -> str:
        """The path of the other destination, which lies beside that of the one called `name`."""
        before, found, _ = path.partition(f"/destinations/{name}")
        return f"{before}/destinations/{self.to}" if found else f"/destinations/{self.to}"
