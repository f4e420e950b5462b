"""When a change of a list is in effect at its vendor: at the next synchronisation, within a daily window."""

from __future__ import annotations

from msgspec import Struct

from harness.core.instants import DAY, Duration, Instant, format_duration


class Window(Struct, frozen=True, kw_only=True):
    """A time of each day, in UTC; it may reach over midnight."""

    opens: Duration
    """Counted from midnight."""
    closes: Duration

    def next_open(self, at: Instant) -> Instant:
        """`at`, where it lies within the window; else when the window opens next."""
        since = (at - self.opens) % DAY
        return at if since < (self.closes - self.opens) % DAY else at - since + DAY


class Sync(Struct, frozen=True, kw_only=True):
    """How often a destination puts into effect what it took.

    Synchronisations of a list are counted from the first adding to it: what comes waits for the next one.
    """

    every: Duration
    first: Duration | None = None
    """How long after the first adding the first synchronisation is; None: as long as any other takes."""
    window: Window | None = None
    """When synchronisations may be; one that falls due outside is put off until the window opens."""

    def in_effect_at(self, at: Instant, begun: Instant) -> Instant:
        """When a change at `at` is in effect, on a list to which somebody was first added at `begun`."""
        due = begun + (self.every if self.first is None else self.first)
        if at >= due:
            due += self.every * ((at - due) // self.every + 1)
        return due if self.window is None else self.window.next_open(due)

    def written(self) -> dict[str, object]:
        """As it is written in files."""
        written: dict[str, object] = {"every": format_duration(self.every)}
        if self.first is not None:
            written["first"] = format_duration(self.first)
        if self.window is not None:
            written["window"] = {"from": _time(self.window.opens), "to": _time(self.window.closes)}
        return written


def _time(since_midnight: Duration) -> str:
    minutes = since_midnight // 60_000_000
    return f"{minutes // 60:02}:{minutes % 60:02}"
