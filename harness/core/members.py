"""Who is on the lists of a destination: a fold over its accepted deliveries."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import orjson

from harness.core.calls import DELETE, call_user, is_list_entry, message_of
from harness.core.delivery import Delivery, Payload

_OPPOSITES = {"add": "remove", "remove": "add"}
_IDENTIFIERS = ("userId", "email", "anonymousId", "externalIds")


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
    known = {name: user[name] for name in _IDENTIFIERS if name in user}
    return orjson.dumps(known, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


class Members:
    """The members of each list, in the order of their adding."""

    def __init__(self) -> None:
        self._lists: dict[str, dict[bytes, Mapping[str, Any]]] = {}

    def take(self, delivery: Delivery) -> None:
        """Bring the lists up to date with an accepted delivery."""
        for payload in delivery.payloads:
            if is_list_entry(payload):
                self._take_entry(payload)
            elif payload.get("type") == DELETE:
                self._forget(call_user(payload))

    def _take_entry(self, entry: Payload) -> None:
        members = self._lists.setdefault(str(entry["list"]), {})
        if entry["action"] == "add":
            members.setdefault(identifiers(entry["user"]), entry["user"])
        elif members.pop(identifiers(entry["user"]), None) is None:
            self._remove(members, entry["user"])

    @staticmethod
    def _remove(members: dict[bytes, Mapping[str, Any]], user: Mapping[str, Any]) -> None:
        """Remove the members who have an identifier in common with `user`, and none that differs."""
        for key, member in list(members.items()):
            shared = [name for name in _IDENTIFIERS if user.get(name) and member.get(name)]
            if shared and all(member[name] == user[name] for name in shared):
                del members[key]

    def _forget(self, user: Mapping[str, Any]) -> None:
        for members in self._lists.values():
            self._remove(members, {name: value for name, value in user.items() if name in ("userId", "anonymousId")})

    def lists(self) -> Mapping[str, list[Mapping[str, Any]]]:
        """The users on each list, by its key."""
        return {key: list(members.values()) for key, members in self._lists.items()}
