"""The deliveries that a query asks for: counted, and one page of them, whatever else there is."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from harness.adapters.server.runs import Run
from harness.core.delivery import Delivery
from harness.core.ledger import Filter
from harness.core.rules.catalogue import RULES

_ALL: Final = Filter()
_STRIDE: Final = 500
"""Deliveries that are looked at before others are served."""
_NO_NUMBER: Final = 1 << 62
"""More than any delivery's."""


class Page(Struct, frozen=True, kw_only=True):
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
        """Begin with none; `look` looks."""
        self.asked = asked
        self._run = run
        self._page = page
        self._history = asked.rule if asked.rule is not None and RULES[asked.rule].history is not None else None
        self._begin()

    def _begin(self) -> None:
        self.total = 0
        """How many there are, on this page and on others."""
        self._kept: deque[Delivery] = deque(maxlen=self._page.limit if self._page.newest else None)
        self._seen = self._page.after
        self._resets = self._run.resets

    def page(self) -> Sequence[Delivery]:
        """The page, in its order."""
        return list(reversed(self._kept)) if self._page.newest else list(self._kept)

    async def look(self) -> None:
        """Look at what came since the last look; where a rule over the history is asked for, at all that came.

        Others are served meanwhile, however much there is to look at.
        """
        if self._resets != self._run.resets or self._history is not None:
            self._begin()
        news = self._run.ledger.deliveries(self._seen)
        if self._history is not None:
            numbers = self._run.judge().breaking(self._history)
            asked = replace(self.asked, rule=None)
            await self._take(news, lambda each: each.number in numbers and asked.admits(each))
        elif self.asked == _ALL and self._page.before is None:
            self._take_all(news)
        else:
            await self._take(news, self.asked.admits)

    async def _take(self, deliveries: Iterable[Delivery], admits: Callable[[Delivery], bool]) -> None:
        """Count those that are asked for, and keep those of the page: there may be more than there is memory for."""
        before = _NO_NUMBER if self._page.before is None else self._page.before
        for looked, delivery in enumerate(deliveries, 1):
            if delivery.number >= before:
                return
            self._seen = delivery.number
            if admits(delivery):
                self.total += 1
                if self._page.newest or len(self._kept) < self._page.limit:
                    self._kept.append(delivery)
            if looked % _STRIDE == 0:
                await asyncio.sleep(0)

    def _take_all(self, news: Sequence[Delivery]) -> None:
        """The same where all are asked for: only those of the page need to be read."""
        if not news:
            return
        limit = self._page.limit
        self._kept.extend(news[-limit:] if self._page.newest else news[: max(0, limit - len(self._kept))])
        self.total += len(news)
        self._seen = news[-1].number
