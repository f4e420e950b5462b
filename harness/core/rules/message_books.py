"""What is kept of the messages that came to a destination: of most of them one tuple."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeAlias

from msgspec import Struct, field

from harness.core.rules.attempts import ACCEPTED, Answered, Attempt, Plain, Story

Message: TypeAlias = Hashable
"""A `messageId`; of an entry in a list sync document list, action and member."""
ENTRY = b""
"""The content of a list entry, which its message tells already."""


class MessageBook(Struct, frozen=True):
    """The messages that came to one destination."""

    known: dict[Message, Plain | Story] = field(default_factory=dict)
    """The only attempt at each message, where that was accepted, else all of them."""
    stories: dict[Message, Story] = field(default_factory=dict)
    """Those of which all are kept, which are few."""

    def add(self, message: Message, plain: Plain, answered: Answered) -> None:
        """Note an attempt at a message."""
        content, number, index, when = plain
        known = self.known.get(message)
        if answered is ACCEPTED and (known is None or (not isinstance(known, Story) and says_as_much(known, plain))):
            self.known[message] = plain if known is None else min(plain, known)
        else:
            self.story(message).add(Attempt(number, index, when, content, answered))

    def story(self, message: Message) -> Story:
        """All attempts at a message, of which all are kept from now on."""
        story = self.stories.get(message)
        if story is None:
            known = self.known.get(message)
            story = self.known[message] = self.stories[message] = Story()
            if known is not None and not isinstance(known, Story):
                story.add(_attempt(known))
        return story

    def merge(self, other: MessageBook) -> None:
        """Take over what `other` holds."""
        for message, theirs in other.known.items():
            if isinstance(theirs, Story):
                self.story(message).merge(theirs)
            elif self.known.setdefault(message, theirs) is not theirs:
                self.add(message, theirs, ACCEPTED)


def says_as_much(known: Plain, plain: Plain) -> bool:
    """Whether to keep one of the two is enough: they have one content, and, where others may come, one time."""
    return known[0] == plain[0] and (known[3] == plain[3] or plain[0] == ENTRY)


def _attempt(known: Plain) -> Attempt:
    """The accepted attempt that `known` is."""
    content, number, index, when = known
    return Attempt(number, index, when, content, ACCEPTED)
