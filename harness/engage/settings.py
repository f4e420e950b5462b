"""The numbers of a simulated space that its documents leave open, or that scenarios may want otherwise."""

from __future__ import annotations

from msgspec import Struct

from harness.core.instants import HOUR, MINUTE, Duration


class Settings(Struct, frozen=True, kw_only=True):
    """How a space retries and how often it syncs lists; ValueError where a value would stop time from passing."""

    retry_first: Duration = MINUTE
    """The longest first wait; each wait is drawn from its upper half."""
    retry_factor: float = 2.0
    retry_cap: Duration = 20 * MINUTE
    """No back-off is longer; `Retry-After` may ask for more."""
    retry_window: Duration = 4 * HOUR
    """How long after its first attempt a message may still be attempted."""
    list_delay: Duration = MINUTE
    """How long a change to a list waits for company before it is synced."""
    list_cadence: Duration = HOUR
    """The least time between two syncs of one list."""
    list_batch: int = 1000
    """Most users in one list sync document."""

    def __post_init__(self) -> None:
        for name in ("retry_first", "retry_cap", "list_batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"Settings: {name} is {getattr(self, name)}; make it at least 1")
        for name in ("retry_window", "list_delay", "list_cadence"):
            if getattr(self, name) < 0:
                raise ValueError(f"Settings: {name} is {getattr(self, name)}; make it 0 or more")
        if self.retry_factor < 1:
            raise ValueError(f"Settings: retry_factor is {self.retry_factor}; make it at least 1")
