"""The destinations that a capture tells of."""

from __future__ import annotations

from harness.core.calls import CALL_TYPES
from harness.core.captures.captured import Captured
from harness.core.destinations.destination import Destination

_NAMELESS = "a destination"
"""What messages call a destination that the capture does not name; no destination can have this name."""


class Receivers:
    """Destinations as far as a capture tells: any calls may be meant for them."""

    def __init__(self) -> None:
        """Know of none yet."""
        self._known: dict[tuple[str, str], Destination] = {}

    def of(self, captured: Captured) -> Destination:
        """The destination that `captured` went to, the same object for the same name and kind."""
        name = captured.destination or _NAMELESS
        known = self._known.get((name, captured.kind))
        if known is None:
            known = Destination(name=name, kind=captured.kind, calls=CALL_TYPES)
            self._known[name, captured.kind] = known
        return known
