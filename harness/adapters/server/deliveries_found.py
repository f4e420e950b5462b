"""The deliveries that a query asks for: counted, and one page of them, whatever else there is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from harness.adapters.server.runs import Run
from harness.core.delivery import Delivery
from harness.core.ledger import Filter, filtered
from harness.core.rules.catalogue import RULES

_ALL = Filter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of what was found is wanted."""

    after: int = 0
    """Only numbers above this one."""
    before: int | None = None
    """Only numbers below this one."""
    limit: int
    newest: bool = False
    """Whether the page begins with the highest number."""


class Found:
    """The deliveries that a filter admits; each is looked at once, however often there is news.

    A rule over the history is the exception: whether a delivery breaks it depends on what came since.
    """

    def __init__(self, run: Run, asked: Filter, page: Page) -> None:
        """Look at what there is."""
        self.asked = asked
        self._run = run
        self._page = page
        self._history = asked.rule if asked.rule is not None and RULES[asked.rule].history is not None else None
        self._begin()
        self.look()

    def _begin(self) -> None:
        self.total = 0
        """How many there are, on this page and on others."""
        self._kept: deque[Delivery] = deque(maxlen=self._page.limit if self._page.newest else None)
        self._seen = self._page.after
        self._resets = self._run.resets

    def page(self) -> Sequence[Delivery]:
        """The page, in its order."""
        return list(reversed(self._kept)) if self._page.newest else list(self._kept)

    def look(self) -> None:
        """Look at what came since the last look; where a rule over the history is asked for, at all that came."""
        if self._resets != self._run.resets or self._history is not None:
            self._begin()
        news = self._run.ledger.deliveries(self._seen)
        if self._history is not None:
            numbers = self._run.breaking(self._history)
            come = filtered(self._below(news), replace(self.asked, rule=None))
            self._take(delivery for delivery in come if delivery.number in numbers)
        elif self.asked == _ALL and self._page.before is None:
            self._take_all(news)
        else:
            self._take(filtered(self._seeing(self._below(news)), self.asked))

    def _below(self, deliveries: Iterable[Delivery]) -> Iterable[Delivery]:
        before = self._page.before
        return deliveries if before is None else takewhile(lambda each: each.number < before, deliveries)

    def _seeing(self, deliveries: Iterable[Delivery]) -> Iterable[Delivery]:
        for delivery in deliveries:
            self._seen = delivery.number
            yield delivery

    def _take(self, found: Iterable[Delivery]) -> None:
        """Count them, and keep those of the page: a ledger may hold more than there is memory for."""
        for delivery in found:
            self.total += 1
            if self._page.newest or len(self._kept) < self._page.limit:
                self._kept.append(delivery)

    def _take_all(self, news: Sequence[Delivery]) -> None:
        """The same where all are asked for: only those of the page need to be read."""
        if not news:
            return
        limit = self._page.limit
        self._kept.extend(news[-limit:] if self._page.newest else news[: max(0, limit - len(self._kept))])
        self.total += len(news)
        self._seen = news[-1].number
