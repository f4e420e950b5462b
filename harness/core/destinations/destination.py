"""A simulated receiver, as it was configured."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.core.behaviours import Always, Behaviour
from harness.core.calls import DELETE
from harness.core.delivery import Payload, Violation
from harness.core.warehouses.settings import WarehouseSettings

WAREHOUSE = "warehouse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One destination: what it is called, what it takes and how it answers."""

    name: str
    kind: str = "event"
    calls: tuple[str, ...] = ("track",)
    """The call types that an event or warehouse destination takes; others are answered 501."""
    integration: str | None = None
    """The name by which `integrations` routes to it."""
    behaviour: Behaviour = field(default_factory=Always)
    url: str | None = None
    """An endpoint that somebody develops: what comes is recorded, handed on to it, and answered as it answers."""
    warehouse: WarehouseSettings | None = None
    """Where a warehouse destination puts its rows; None for the other kinds."""

    def refusal(self, index: int, payload: Payload) -> Violation | None:
        """The breach, where `payload` is a call of a type that this destination does not take."""
        call_type = payload.get("type")
        if self.kind == "list" or call_type in self.calls or call_type == DELETE or not isinstance(call_type, str):
            return None
        return Violation(
            rule="destination-kind",
            message=f"{self.name} does not take {call_type} calls",
            payload=index,
            path="$.type",
            expected=" or ".join(self.calls),
            actual=call_type,
        )
