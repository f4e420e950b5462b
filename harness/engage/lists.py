"""Lists: users are collected per destination and key, and synced in batches."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from itertools import islice
from typing import Any, Self

from msgspec import Struct, field
from msgspec.structs import replace

from harness.core.instants import Instant
from harness.engage.faulty import Fault
from harness.engage.identities import Recipient
from harness.engage.payloads import encode, list_user
from harness.engage.pipeline import Pipeline
from harness.engage.settings import Settings
from harness.engage.timeline import Timeline


class _Feed(Struct, kw_only=True, eq=False):
    """One list at one destination: what it has not been told yet."""

    destination: str
    key: str
    changes: dict[Recipient, bool] = field(default_factory=dict)
    """True to add, False to remove."""
    synced_at: Instant | None = None
    planned: bool = False
    unanswered: int = 0


class Lists:
    """Syncs every list at its cadence; a list waits while documents of its last sync are still on their way."""

    def __init__(self, *, timeline: Timeline, pipeline: Pipeline, settings: Settings, fault: Fault) -> None:
        self._timeline = timeline
        self._pipeline = pipeline
        self._settings = settings
        self._fault = fault
        self._feeds: dict[tuple[str, str], _Feed] = {}

    def change(self, destination: str, key: str, recipient: Recipient, *, add: bool, now: Instant) -> None:
        """Have the recipient added or removed at the next sync; what undoes a change still unsent cancels it."""
        feed = self._feeds.setdefault((destination, key), _Feed(destination=destination, key=key))
        if feed.changes.get(recipient, add) is add:
            feed.changes[recipient] = add
        else:
            del feed.changes[recipient]
        self._plan(feed, now)

    def _plan(self, feed: _Feed, now: Instant) -> None:
        if feed.planned or feed.unanswered or not feed.changes:
            return
        due = now + self._settings.list_delay
        if feed.synced_at is not None:
            due = max(due, feed.synced_at + self._settings.list_cadence)
        feed.planned = True
        self._timeline.plan_work(due, partial(self._sync, feed))

    def _sync(self, feed: _Feed, now: Instant) -> None:
        feed.planned = False
        changes, feed.changes = feed.changes, {}
        for part in _batches(changes, self._settings.list_batch):
            feed.synced_at = now
            feed.unanswered += 1
            entries = sorted(part.items(), key=lambda change: not change[1])  # as they stand in the document
            batch = _Changes(key=feed.key, entries=tuple(entries), fault=self._fault)
            self._pipeline.submit(feed.destination, batch.body(), now, batch=batch, done=partial(self._answered, feed))

    def _answered(self, feed: _Feed, now: Instant) -> None:
        feed.unanswered -= 1
        self._plan(feed, now)


class _Changes(Struct, frozen=True, kw_only=True):
    """The changes in one list sync document."""

    key: str
    entries: tuple[tuple[Recipient, bool], ...]
    """Additions first."""
    fault: Fault

    def __len__(self) -> int:
        return len(self.entries)

    def body(self) -> bytes:
        """The document, as it is sent."""
        return self.fault.body(encode(self.fault.document(_document(self.key, dict(self.entries)))))

    def only(self, places: Collection[int]) -> Self:
        """The changes in these places alone."""
        return replace(self, entries=tuple(entry for place, entry in enumerate(self.entries) if place in places))


def _batches(changes: dict[Recipient, bool], size: int) -> Iterator[dict[Recipient, bool]]:
    rest = iter(changes.items())
    while batch := dict(islice(rest, size)):
        yield batch


def _document(key: str, batch: dict[Recipient, bool]) -> dict[str, Any]:
    return {
        "list": key,
        "add": [list_user(recipient) for recipient, add in batch.items() if add],
        "remove": [list_user(recipient) for recipient, add in batch.items() if not add],
    }
