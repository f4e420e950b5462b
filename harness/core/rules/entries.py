"""The rule on how often one entry is sent: `once-per-entry`."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Self

from harness.core.calls import DELETE, EXITED, call_email, is_list_entry, subject
from harness.core.delivery import Payload, Violation
from harness.core.rules.entry_accounts import Account, re_entry, surplus
from harness.core.rules.examples import event, track
from harness.core.rules.rule import Example, Rule
from harness.core.rules.sighting import Sighting
from harness.core.rules.tellings import Sight, Tellings, sight_of


class OncePerEntry:
    """Folds over entries, the messages that tell of each, and over the users who left or asked to be forgotten."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._come_and_go = parameters.get("exits") == "always"
        self._entries: dict[Hashable, Account] = {}
        self._left: dict[Hashable, Tellings] = {}
        self._deleted: dict[tuple[str, str], set[Sight]] = {}

    def see(self, sighting: Sighting) -> None:
        """Remember the message, where it is an entry and no list entry (whose second add changes nothing)."""
        call, key = sighting.call, sighting.key
        if call is None or is_list_entry(sighting.payload):
            return
        if call.get("type") == DELETE:
            for user in _users(call):
                self._deleted.setdefault((sighting.destination.name, user), set()).add(sight_of(sighting))
        elif key is not None:
            self._see_membership(sighting, call, subject(call).get(key))

    def _see_membership(self, sighting: Sighting, call: Payload, value: object) -> None:
        identifier, left = _identifier(call), call.get("event") == EXITED
        if identifier is None:
            return
        step = (sighting.step.journey.id, sighting.step.step.name) if sighting.step else sighting.key
        owner = (step, sighting.destination.name, str(call.get("type")), identifier)
        if value in (True, "true") and not left:
            self._add(owner, sighting, call, identifier)
        elif self._come_and_go and (left or value in (False, "false")):
            self._left.setdefault(owner, Tellings()).add(call, sight_of(sighting))

    def _add(self, owner: Hashable, sighting: Sighting, call: Payload, identifier: tuple[str, str]) -> None:
        entries = self._entries.get(owner) or self._entries.setdefault(owner, _opened(sighting, *identifier))
        entries.users.update(_users(call))
        entries.messages.add(call, sight_of(sighting))

    def merge(self, other: Self) -> None:
        """Take over what `other` saw."""
        for owner, theirs in other._entries.items():
            mine = self._entries.get(owner) or self._entries.setdefault(owner, theirs.emptied())
            mine.users.update(theirs.users)
            mine.messages.merge(theirs.messages)
        for user, sights in other._deleted.items():
            self._deleted.setdefault(user, set()).update(sights)
        for owner, exits in other._left.items():
            self._left.setdefault(owner, Tellings()).merge(exits)

    def violations(self) -> Iterator[Violation]:
        """One for each message beyond those that an entry may have."""
        for owner, entries in self._entries.items():
            deletes = {each for user in entries.users for each in self._deleted.get((entries.destination, user), ())}
            exits = self._left[owner].first_sights() if owner in self._left else ()
            yield from surplus(entries, deletes.union(exits))


def _users(call: Payload) -> Iterator[str]:
    for name in ("userId", "anonymousId"):
        value = call.get(name)
        if isinstance(value, str) and value:
            yield value


def _identifier(call: Payload) -> tuple[str, str] | None:
    """What kind of identifier the message goes by, and which; None where it has none. A group call is an account's."""
    group = call.get("groupId") if call.get("type") == "group" else None
    if isinstance(group, str) and group:
        return "group", group
    email = call_email(call)
    if email is not None:
        return "email", email.casefold()
    user = next(_users(call), None)
    return None if user is None else ("id", user)


def _opened(sighting: Sighting, kind: str, user: str) -> Account:
    """A fresh account of the entries of `user`; who goes by an email has it as the only one."""
    emails = sighting.declarations.emails_of(user) if kind == "id" else 1
    return Account(
        re_entry=re_entry(sighting.candidates),
        look_alikes=max(1, emails),
        what=f"{sighting.destination.name} was told of {user[:120]} by {sighting.payload.get('type')}",
        destination=sighting.destination.name,
    )


ONCE_PER_ENTRY = Rule(
    id="once-per-entry",
    sentence="One entry is told once to each destination, in each type of call, for each identifier of the user.",
    source="Journeys FAQ: events are sent for each email of a profile; Handling duplicate data: a retry repeats its "
    "messageId, and anything else is a second event",
    remedy="Send one message per step, destination, call type and email, and repeat its messageId when you retry it.",
    passes=Example(deliveries=(event(track(), reply={"status": 503}), event(track()))),
    fails=Example(deliveries=(event(track()), event(track(messageId="personas_2")))),
    history=OncePerEntry,
)
