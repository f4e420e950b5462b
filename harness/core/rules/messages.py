"""The rule on message ids: `message-id-unique`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Self

from harness.core.calls import digest
from harness.core.delivery import Violation
from harness.core.instants import HOUR, Duration, Instant, parse_duration
from harness.core.rules.examples import event, track
from harness.core.rules.rule import Example, Rule
from harness.core.rules.sighting import Sighting, proof


class MessageIdUnique:
    """Folds over message ids: the contents, as hashes, that each came with at a destination."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        window = parameters.get("message_id_window")
        self._window: Duration = parse_duration(window) if isinstance(window, str) else 24 * HOUR
        self._contents: dict[tuple[str, str], dict[bytes, tuple[int, int, Instant]]] = {}

    def see(self, sighting: Sighting) -> None:
        """Remember the content under its id."""
        call = sighting.call
        message = call.get("messageId") if call is not None else None
        if call is None or not isinstance(message, str) or not message:
            return
        seen = self._contents.setdefault((sighting.destination.name, message), {})
        self._add(seen, digest(call), (*sighting.at, sighting.received_at))

    @staticmethod
    def _add(seen: dict[bytes, tuple[int, int, Instant]], content: bytes, sight: tuple[int, int, Instant]) -> None:
        known = seen.get(content)
        if known is None or sight < known:
            seen[content] = sight

    def merge(self, other: Self) -> None:
        """Take over what `other` saw."""
        for owner, seen in other._contents.items():
            mine = self._contents.setdefault(owner, {})
            for content, sight in seen.items():
                self._add(mine, content, sight)

    def violations(self) -> Iterator[Violation]:
        """One for each further content of an id within the window."""
        for (destination, message), seen in self._contents.items():
            if len(seen) > 1:
                sights = sorted(seen.values())
                for (before, place, remembered_at), (number, index, received_at) in pairwise(sights):
                    if received_at - remembered_at <= self._window:
                        yield Violation(
                            rule="message-id-unique",
                            message=f"{destination} got one messageId with two contents",
                            payload=index,
                            path="$.messageId",
                            expected=f"the content of delivery {before}, payload {place}",
                            actual=f"other content under {message[:120]}",
                            deliveries=proof((before, place), (number, index)),
                        )


MESSAGE_ID_UNIQUE = Rule(
    id="message-id-unique",
    sentence="Within a destination, a `messageId` is never used again for other content.",
    source="Handling duplicate data: Segment deduplicates by messageId for at least 24 hours",
    remedy="Make a new messageId for every message, and repeat it only when you send the very same message again.",
    passes=Example(deliveries=(event(track()), event(track(userId="u2", messageId="personas_2")))),
    fails=Example(deliveries=(event(track()), event(track(userId="u2")))),
    history=MessageIdUnique,
)
