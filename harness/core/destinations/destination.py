"""A simulated receiver, as it was configured."""

from __future__ import annotations

from msgspec import Struct, field

from harness.core.authentication import Auth, Signing
from harness.core.behaviours.behaviour import Always, Behaviour, Planned
from harness.core.calls import DELETE
from harness.core.delivery import Payload, Violation
from harness.core.lists.syncs import Sync
from harness.core.retry_profiles import RetryProfile
from harness.core.warehouses.settings import WarehouseSettings

WAREHOUSE = "warehouse"
SOURCE = "source"


class Destination(Struct, frozen=True, kw_only=True):
    """One destination: what it is called, what it takes and how it answers."""

    name: str
    kind: str = "event"
    calls: tuple[str, ...] = ("track",)
    """The call types that an event or warehouse destination takes; others are answered 501."""
    body: str | None = None
    """Which of the contract's `bodies` a webhook destination takes; None: the one of its own name, or the only one."""
    integration: str | None = None
    """The name by which `integrations` routes to it."""
    behaviour: Behaviour = field(default_factory=Always)
    url: str | None = None
    """An endpoint that somebody develops: what comes is recorded, handed on to it, and answered as it answers."""
    warehouse: WarehouseSettings | None = None
    """Where a warehouse destination puts its rows; None for the other kinds."""
    named: bool = True
    """Whether it is known which one it is: payloads of a capture that does not say may have gone to several."""
    auth: Auth | None = None
    """The credentials that it demands; an endpoint with a `url` judges them itself."""
    signature: Signing | None = None
    """How requests must be signed, where they must."""
    retries: RetryProfile | None = None
    """How those who send there retry; None: as the contract says, and for a source, nobody knows."""
    sync: Sync | None = None
    """When changes of a list are in effect; None: at once."""
    minimum_size: int = 0
    """Below so many members, a list is not targetable."""

    @property
    def closes_early(self) -> bool:
        """Whether it may close a connection before the request is read whole."""
        return isinstance(self.behaviour, Planned) and self.behaviour.closes_early

    def refusal(self, index: int, payload: Payload) -> Violation | None:
        """The breach, where `payload` is a call of a type that this destination does not take."""
        call_type = payload.get("type")
        if call_type in self.calls or call_type == DELETE or self.kind in ("list", SOURCE):
            return None
        if not isinstance(call_type, str):
            return None
        return Violation(
            rule="destination-kind",
            message=f"{self.name} does not take {call_type} calls",
            payload=index,
            path="$.type",
            expected=" or ".join(self.calls),
            actual=call_type,
        )
