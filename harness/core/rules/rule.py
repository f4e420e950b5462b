"""What a rule is: a named check, with the words that explain it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, Self, TypeAlias, TypeGuard

from msgspec import Struct

from harness.core.delivery import Payload, RawHeaders, Reply, Violation
from harness.core.instants import Instant
from harness.core.rules.sighting import Sighting

PayloadCheck: TypeAlias = Callable[[Sighting], Iterable[Violation]]
"""Yields the breaches that one payload shows by itself."""


PlainlyRight: TypeAlias = Callable[[Sighting], Mapping[str, Any] | None]
"""A JSON Schema that accepts nothing which the rule's check would accuse, among payloads of the same destination, type
and key as one that it found right; None where no such schema can be given."""


class History(Protocol):
    """A rule over many deliveries: a fold whose states merge in any order."""

    def see(self, sighting: Sighting) -> None:
        """Take one payload into account."""
        ...

    def merge(self, other: Self) -> None:
        """Take into account all that `other` saw."""
        ...

    def violations(self) -> Iterable[Violation]:
        """The breaches in all that was seen; the same whatever the order of seeing and merging."""
        ...


Follow: TypeAlias = Callable[[Payload, int, int, Instant, Reply, RawHeaders], object]
"""Takes one payload into account: the payload, its delivery's number, its index in that, when it came, what its
delivery was answered, and the headers that it came with."""


class FollowingHistory(History, Protocol):
    """A history that takes payloads which are like earlier ones into account faster than by `see`."""

    def follow(self, like: Sighting) -> Follow | None:
        """What does as `see` would, for payloads like that of `like`; None where these tell nothing new.

        They have its destination, type, key and computation id, they are no list entries that came as calls, and they
        come later than all that was seen or merged before them. The payload of `like` was seen.
        """
        ...


def is_following(history: History) -> TypeGuard[FollowingHistory]:
    """Whether `history` can follow; `isinstance` of a protocol takes longer than following does."""
    return hasattr(history, "follow")


class Example(Struct, frozen=True, kw_only=True):
    """Traffic that keeps or breaks a rule."""

    deliveries: tuple[Mapping[str, Any], ...]
    """Records in the form that `harness check` reads."""
    journeys: Mapping[str, Any] | None = None
    """Journeys as a scenario declares them, where the rule needs them."""
    destinations: Mapping[str, Any] | None = None
    """What a scenario declares of its destinations beside their kinds, where the rule needs that."""
    contract: str | None = None
    """The contract that judges it, where that is not the default."""


class Rule(Struct, frozen=True, kw_only=True):
    """One rule: what it says, where that comes from, and how it is checked."""

    id: str
    sentence: str
    source: str
    """Where the rule is documented."""
    remedy: str
    passes: Example
    fails: Example
    check: PayloadCheck | None = None
    """None where schemas, or the unpacking of the body, find its breaches."""
    plainly_right: PlainlyRight | None = None
    """Lets right payloads take a short way past `check`."""
    history: Callable[[Mapping[str, Any]], History] | None = None
    """Starts its fold, given the contract's parameters."""
