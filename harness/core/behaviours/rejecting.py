"""A destination that takes only what keeps the contract."""

from __future__ import annotations

from msgspec import Struct

from harness.core.behaviours.behaviour import Asked, Behaviour, Memory
from harness.core.delivery import Reply, Respond

_LISTED = 20
"""Breaches that an answer lists."""


class Reject(Struct, frozen=True, kw_only=True):
    """Refuses what breaks the contract by itself, and says how; what only a history shows is not known yet."""

    status: int
    otherwise: Behaviour

    def decide(self, asked: Asked, memory: Memory) -> Reply:
        """The refusal, or what `otherwise` decides; a warning is no reason to refuse."""
        broken = [violation for violation in asked.violations if violation.severity == "error"]
        if not broken:
            return self.otherwise.decide(asked, memory)
        listed = [
            {"rule": each.rule, "payload": each.payload, "path": each.path, "message": each.message}
            for each in broken[:_LISTED]
        ]
        body = {"success": False, "error": "this breaks the contract", "violations": listed}
        return Respond(status=self.status, body=body, because=f"it breaks {broken[0].rule}")
