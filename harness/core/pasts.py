"""What all destinations of a run remember, also of the time before they were set up."""

from __future__ import annotations

from collections.abc import Iterable

from harness.core.instants import Instant
from harness.core.ledger import Ledger
from harness.core.reception import Past, new_past, recount, remember


class Pasts:
    """The past of each destination; one that is set up goes on from what the run's ledger holds of it."""

    def __init__(self, ledger: Ledger) -> None:
        """Recall what `ledger` held when it was opened."""
        self._most = ledger.attempts_kept
        self._known = _recalled(ledger)
        self._set_up: set[str] = set()

    def __getitem__(self, name: str) -> Past:
        """The past of a destination; KeyError where it is not set up."""
        if name not in self._set_up:
            raise KeyError(name)
        return self._known[name]

    def of(self, name: str) -> Past:
        """The past of a destination, whether or not it is set up."""
        past = self._known.get(name)
        if past is None:
            past = self._known[name] = new_past(self._most)
        return past

    def only(self, names: Iterable[str]) -> None:
        """Forget those that were set up before and are not among `names`."""
        for name in self._set_up.difference(names):
            self._set_up.discard(name)
            del self._known[name]

    def begin(self, name: str, now: Instant) -> None:
        """Set a destination up, or anew: its behaviour begins at `now`, by the run's clock."""
        self._set_up.add(name)
        self.of(name).begin(now)

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
        self._set_up.clear()


def _recalled(ledger: Ledger) -> dict[str, Past]:
    pasts: dict[str, Past] = {}
    most = ledger.attempts_kept
    for delivery in ledger.deliveries(0 if most is None else max(0, ledger.last - most)):
        if not delivery.unexpected:
            recount(delivery, pasts.setdefault(delivery.destination, new_past(most)))
    for delivery in ledger.members_of_lists():
        remember(delivery, pasts.setdefault(delivery.destination, new_past(most)))
    return pasts
