"""What histories take into account faster than one by one: payloads that are like earlier ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from harness.core.calls import DELETE, is_list_entry
from harness.core.delivery import Payload, RawHeaders, Reply
from harness.core.instants import Instant
from harness.core.rules.rule import Follow, History, is_following
from harness.core.rules.sighting import Sighting

Likeness: TypeAlias = tuple[str, str, str, str, str | None]
"""Destination, type, key, computation id and space, if it tells; a list entry has the destination and the key only."""


def likeness(payload: Payload, destination: str) -> Likeness | None:
    """What makes payloads alike to histories; None for one that does not say it plainly.

    `payload` is a call, or a list entry that came in no call.
    """
    try:
        if "type" not in payload:
            return (destination, "", payload["list"], "", None) if is_list_entry(payload) else None
        details = payload["context"]["personas"]
        named = (destination, payload["type"], details["computation_key"], details["computation_id"])
        space = details.get("space_id")
    except (AttributeError, KeyError, TypeError):
        return None
    if named[1] == DELETE or not all(type(name) is str and name for name in named):
        return None
    return (*named, space) if space is None or type(space) is str else None


def follows(folds: Iterable[History], like: Sighting) -> tuple[Follow, ...]:
    """What takes payloads like that of `like`, which all `folds` have seen, into account in all of them."""
    quick: list[Follow | None] = []
    ordinary: list[History] = []
    for fold in folds:
        if is_following(fold):
            quick.append(fold.follow(like))
        else:
            ordinary.append(fold)

    def see(payload: Payload, number: int, index: int, received_at: Instant, reply: Reply, headers: RawHeaders) -> None:
        sighting = like.again(payload, number, index, received_at, reply, headers)
        for fold in ordinary:
            fold.see(sighting)

    return (*(follow for follow in quick if follow is not None), *([see] if ordinary else ()))
