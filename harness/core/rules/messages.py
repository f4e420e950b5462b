"""The rule on message ids: `message-id-unique`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Self, TypeAlias

from harness.core.calls import digest
from harness.core.delivery import Payload, RawHeaders, Violation
from harness.core.instants import HOUR, Duration, Instant, parse_duration
from harness.core.rules.examples import event, track
from harness.core.rules.rule import Example, Follow, Rule
from harness.core.rules.sighting import Sighting, proof

Sight: TypeAlias = tuple[int, int, Instant]
"""Number of the delivery, index in it, and when it came."""
OneContent: TypeAlias = tuple[bytes, int, int, Instant]
"""The digest of a content, and its first sight."""
Contents: TypeAlias = dict[str, OneContent | dict[bytes, Sight]]
"""By message id, its content; or all of them with their first sights, where there are several."""


class MessageIdUnique:
    """Folds over message ids: the contents, as hashes, that each came with at a destination."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        window = parameters.get("message_id_window")
        self._window: Duration = parse_duration(window) if isinstance(window, str) else 24 * HOUR
        self._contents: dict[str, Contents] = {}

    def see(self, sighting: Sighting) -> None:
        """Remember the content under its id."""
        call = sighting.call
        message = call.get("messageId") if call is not None else None
        if call is not None and isinstance(message, str) and message:
            content, sight = digest(call), (*sighting.at, sighting.received_at)
            contents = self._contents.setdefault(sighting.destination.name, {})
            contents.setdefault(message, (content, *sight))
            _add(contents, message, content, sight)

    def follow(self, like: Sighting) -> Follow | None:
        """Remembers calls to the same destination."""
        if like.call is None:
            return None
        contents = self._contents.setdefault(like.destination.name, {})

        def see(
            call: Payload, number: int, index: int, received_at: Instant, accepted: bool, headers: RawHeaders
        ) -> None:
            message = call.get("messageId")
            if isinstance(message, str) and message:
                content = digest(call)
                once = (content, number, index, received_at)
                known = contents.setdefault(message, once)
                if known is not once and (isinstance(known, dict) or known[0] != content):
                    _add(contents, message, content, (number, index, received_at))

        return see

    def merge(self, other: Self) -> None:
        """Take over what `other` saw."""
        for destination, theirs in other._contents.items():
            mine = self._contents.setdefault(destination, {})
            for message, seen in theirs.items():
                if message not in mine:
                    mine[message] = dict(seen) if isinstance(seen, dict) else seen
                    continue
                for content, sight in _several(seen).items():
                    _add(mine, message, content, sight)

    def violations(self) -> Iterator[Violation]:
        """One for each further content of an id within the window."""
        for destination, contents in self._contents.items():
            for message, seen in contents.items():
                if isinstance(seen, dict):
                    yield from self._reused(destination, message, seen)

    def _reused(self, destination: str, message: str, seen: Mapping[bytes, Sight]) -> Iterator[Violation]:
        for (before, place, remembered_at), (number, index, received_at) in pairwise(sorted(seen.values())):
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


def _add(contents: Contents, message: str, content: bytes, sight: Sight) -> None:
    """Note one more sight of a message that is known."""
    seen = _several(contents[message])
    if content not in seen or sight < seen[content]:
        seen[content] = sight
        contents[message] = (content, *sight) if len(seen) == 1 else seen


def _several(known: OneContent | dict[bytes, Sight]) -> dict[bytes, Sight]:
    return known if isinstance(known, dict) else {known[0]: known[1:]}


MESSAGE_ID_UNIQUE = Rule(
    id="message-id-unique",
    sentence="Within a destination, a `messageId` is never used again for other content.",
    source="Handling duplicate data: Segment deduplicates by messageId for at least 24 hours",
    remedy="Make a new messageId for every message, and repeat it only when you send the very same message again.",
    passes=Example(deliveries=(event(track()), event(track(userId="u2", messageId="personas_2")))),
    fails=Example(deliveries=(event(track()), event(track(userId="u2")))),
    history=MessageIdUnique,
)
