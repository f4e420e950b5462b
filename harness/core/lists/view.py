"""Who is on the lists of a destination, at any time: as it was told, and as it is in effect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from harness.core.instants import Instant
from harness.core.lists.syncs import Sync
from harness.core.members import Change, Members, identifiers


class ListView(Struct, frozen=True, kw_only=True):
    """What of a list destination decides who is on its lists at a time, besides what it took."""

    sync: Sync | None = None
    minimum_size: int = 0
    set_up_at: Instant = 0
    now: Instant = 0
    """By the run's clock."""
    begun: Mapping[str, Instant] = field(default_factory=dict)
    """When somebody was first added to a list, where that is known of another than its changes."""

    def in_effect_at(self, change: Change, begun: Mapping[str, Instant]) -> Instant:
        """When `change` is in effect."""
        if self.sync is None:
            return change.at
        return self.sync.in_effect_at(change.at, self.begun.get(change.list, begun.get(change.list, change.at)))

    def next_sync(self, key: str) -> Instant | None:
        """When the list is synchronised next; None where nothing waits for that, ever."""
        begun = self.begun.get(key)
        return None if self.sync is None or begun is None else self.sync.in_effect_at(self.now, begun)

    def targets(self, members: int) -> bool:
        """Whether a list with so many members in effect is targetable."""
        return members >= max(1, self.minimum_size)

    def members_at(self, changes: Iterable[Change], at: Instant, *, in_effect: bool) -> dict[str, dict[bytes, Change]]:
        """Who was on each list at `at`, by what added them: as told until then, or as was in effect then."""
        begun: dict[str, Instant] = {}
        lists: dict[str, dict[bytes, Change]] = {}
        for change in changes:
            begun.setdefault(change.list, change.at)
            members = lists.setdefault(change.list, {})
            if (self.in_effect_at(change, begun) if in_effect else change.at) > at:
                continue
            who = identifiers(change.user)
            if change.action == "add":
                members[who] = change
            else:
                members.pop(who, None)
        return lists

    def in_effect_now(self, members: Members, changes: Iterable[Change]) -> dict[str, list[Change]]:
        """Who is on each list in effect; `changes` may lack old ones, as bounded ledgers do."""
        if self.sync is None:
            return dict(members.added())
        known = self.members_at(changes, self.now, in_effect=True)
        for key, added in members.added().items():
            standing = known.setdefault(key, {})
            for change in added:
                if self.in_effect_at(change, members.begun) <= self.now:
                    standing.setdefault(identifiers(change.user), change)
        return {key: list(standing.values()) for key, standing in known.items()}
