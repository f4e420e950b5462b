"""Who is on the lists of a destination, and by what they came there: a fold over its accepted deliveries."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from harness.core.calls import DELETE, call_user, is_list_entry, message_of
from harness.core.delivery import Delivery, Payload
from harness.core.instants import Instant

_OPPOSITES = {"add": "remove", "remove": "add"}
_IDENTIFIERS = frozenset({"userId", "email", "anonymousId", "externalIds"})


def member_message(entry: Payload) -> Hashable:
    """What makes two list entries attempts at one: list, action and user."""
    return entry["list"], entry["action"], identifiers(entry["user"])


def opposite_message(entry: Payload) -> Hashable:
    """The message that `entry` undoes: the adding of whom it removes, the removal of whom it adds."""
    return entry["list"], _OPPOSITES.get(entry["action"]), identifiers(entry["user"])


def message_key(payload: Payload) -> Hashable:
    """What makes two payloads attempts at one message, whether calls or list entries."""
    return member_message(payload) if is_list_entry(payload) else message_of(payload)


def identifiers(user: Mapping[str, Any]) -> bytes:
    """The identifiers of a list entry's user, in one canonical form."""
    known = user if _IDENTIFIERS.issuperset(user) else {name: user[name] for name in _IDENTIFIERS & user.keys()}
    written = orjson.dumps(known, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return bytes(memoryview(written))  # what orjson returns holds on to its buffer of some kilobytes; these are kept


class Change(NamedTuple):
    """One change of a list: who was added to it or removed from it, when, and by what."""

    list: str
    action: str
    """`add` or `remove`."""
    user: Mapping[str, Any]
    """As it was sent when it was added."""
    at: Instant
    """By the run's clock."""
    delivery: int
    payload: int


class Members:
    """The members of each list, in the order of their adding, each with the change that added them."""

    def __init__(self) -> None:
        self._lists: dict[str, dict[bytes, Change]] = {}
        self._begun: dict[str, Instant] = {}
        self._keys: dict[str, str] = {}

    def take(self, delivery: Delivery) -> list[Change]:
        """Bring the lists up to date with what was accepted of a delivery; what that changed, in order."""
        changes: list[Change] = []
        for index, payload in enumerate(delivery.payloads):
            if not delivery.accepts(index):
                continue
            at = delivery.arrival.received_at
            if is_list_entry(payload):
                key = self._key(str(payload["list"]))
                told = Change(key, payload["action"], payload["user"], at, delivery.number, index)
                changes += self._take_entry(told)
            elif payload.get("type") == DELETE:
                changes += self._forget(call_user(payload), at, delivery.number, index)
        return changes

    def _key(self, key: str) -> str:
        """The key as it first came, so that members of a list share it."""
        return self._keys.setdefault(key, key)

    def _take_entry(self, told: Change) -> list[Change]:
        members, who = self._lists.setdefault(told.list, {}), identifiers(told.user)
        if told.action == "add":
            self._begun.setdefault(told.list, told.at)
            return [] if members.setdefault(who, told) is not told else [told]
        if who in members:
            return [told._replace(user=members.pop(who).user)]
        return self._remove(members, told)

    @staticmethod
    def _remove(members: dict[bytes, Change], told: Change) -> list[Change]:
        """Remove the members who have an identifier in common with the user told, and none that differs."""
        removed, user = [], told.user
        for key, (_, _, member, *_) in list(members.items()):
            shared = [name for name in _IDENTIFIERS if user.get(name) and member.get(name)]
            if shared and all(member[name] == user[name] for name in shared):
                removed.append(told._replace(user=members.pop(key).user))
        return removed

    def _forget(self, user: Mapping[str, Any], at: Instant, delivery: int, payload: int) -> list[Change]:
        named = {name: value for name, value in user.items() if name in ("userId", "anonymousId")}
        return [
            change
            for key, members in self._lists.items()
            for change in self._remove(members, Change(key, "remove", named, at, delivery, payload))
        ]

    def lists(self) -> Mapping[str, list[Mapping[str, Any]]]:
        """The users on each list, by its key."""
        return {key: [change.user for change in members.values()] for key, members in self._lists.items()}

    def added(self) -> Mapping[str, list[Change]]:
        """The changes that added the members of each list, by its key."""
        return {key: list(members.values()) for key, members in self._lists.items()}

    @property
    def begun(self) -> Mapping[str, Instant]:
        """When somebody was first added to each list, by its key."""
        return self._begun


def history(deliveries: Iterable[Delivery]) -> Iterator[Change]:
    """All changes of the lists of one destination, by its `deliveries`; no more is kept than who is a member."""
    members = Members()
    for delivery in deliveries:
        if delivery.kind == "list" and delivery.accepted:
            yield from members.take(delivery)
