"""The rule on when users leave, where they may: `exit-after-entry`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Self

from msgspec.structs import replace

from harness.core.calls import DELETE, ENTERED, EXIT_EVENTS, EXITED, call_email, is_list_entry, subject
from harness.core.delivery import Payload, Violation
from harness.core.destinations.lists import ADD
from harness.core.instants import HOUR, Duration, parse_duration
from harness.core.rules.examples import JOURNEYS, KEY, event, track
from harness.core.rules.exit_accounts import (
    Exits,
    Known,
    Leaver,
    Owner,
    Terms,
    User,
    breaches,
    milder,
    terms_of,
)
from harness.core.rules.rule import Example, Follow, Rule
from harness.core.rules.sighting import Sighting
from harness.core.rules.tellings import At, Sight, Tellings, sight_of


class ExitAfterEntry:
    """Folds over steps from which users may be taken out: when each was told to have entered, and to have left."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        delay = parameters.get("list_delay")
        self._list_delay: Duration = parse_duration(delay) if isinstance(delay, str) else 24 * HOUR
        self._terms: dict[Owner, Terms] = {}
        self._known: set[tuple[Owner, str]] = set()
        """Owners whose terms are known, with the kinds of destination that they are known of."""
        self._entries: dict[tuple[Owner, User], Tellings] = {}
        self._exits: dict[Leaver, Exits] = {}
        self._deleted: set[tuple[str, User]] = set()

    def see(self, sighting: Sighting) -> None:
        """Remember who entered or left, and when; nothing where nobody may ever leave."""
        call = sighting.call
        if call is not None and call.get("type") == DELETE:
            self._deleted.update((sighting.destination.name, user) for user in _users(call))
        if sighting.key is None or not sighting.exits:
            return
        entered = _tells_of_entry(sighting)
        users = _users(call) if call is not None else _member(sighting.payload)
        if entered is None or not users:
            return
        step = sighting.step
        owner = Owner(
            journey=step.journey.id if step else None,
            step=step.step.name if step else sighting.key,
            destination=sighting.destination.name,
        )
        if (owner, sighting.destination.kind) not in self._known:
            self._known.add((owner, sighting.destination.kind))
            self._note(owner, terms_of(sighting, self._list_delay))
        if entered:
            self._enter(owner, users, sighting)
        else:
            self._leave(owner, users, sighting)

    def _note(self, owner: Owner, terms: Terms) -> None:
        self._terms[owner] = milder(self._terms.get(owner, terms), terms)

    def _enter(self, owner: Owner, users: tuple[User, ...], sighting: Sighting) -> None:
        sight, message, window = sight_of(sighting), sighting.call or sighting.payload, self._terms[owner].window
        for user in users:
            self._entries.setdefault((owner, user), Tellings(window=window)).add(message, sight)

    def _leave(self, owner: Owner, users: tuple[User, ...], sighting: Sighting) -> None:
        call_type = str(sighting.call.get("type")) if sighting.call is not None else "list entry"
        user = max(users, key=lambda user: user[0] == "email")
        leaver = Leaver(owner=owner, call_type=call_type, user=user)
        exits = self._exits.get(leaver)
        if exits is None:
            emails = 1 if user[0] in ("email", "group") else sighting.declarations.emails.get(user[1], 0)
            exits = self._exits[leaver] = Exits(
                look_alikes=max(1, emails), messages=Tellings(window=self._terms[owner].window)
            )
        exits.users.update(users)
        exits.messages.add(sighting.call or sighting.payload, sight_of(sighting))

    def follow(self, like: Sighting) -> Follow | None:
        """Looks at each where users may leave; nothing else tells anything."""
        if like.key is None or not like.exits:
            return None
        return lambda *came: self.see(like.again(*came))

    def merge(self, other: Self) -> None:
        """Take over what `other` saw."""
        self._known |= other._known
        for owner, terms in other._terms.items():
            self._note(owner, terms)
        self._deleted |= other._deleted
        for key, entries in other._entries.items():
            self._entries.setdefault(key, Tellings(window=entries.window)).merge(entries)
        for leaver, exits in other._exits.items():
            empty = Exits(look_alikes=exits.look_alikes, messages=Tellings(window=exits.messages.window))
            mine = self._exits.setdefault(leaver, empty)
            mine.users.update(exits.users)
            mine.messages.merge(exits.messages)

    def violations(self) -> Iterator[Violation]:
        """One for each exit without an entry before it, before its time, or beyond the first of an entry."""
        left = self._attempts_to_leave()
        of_journeys = self._entries_of_journeys(left)
        for leaver, exits in self._exits.items():
            owner = leaver.owner
            if any((owner.destination, user) in self._deleted for user in exits.users):
                continue  # Nobody knows what the destination still has of somebody who asked to be forgotten.
            entries = {user: self._entries[owner, user] for user in exits.users if (owner, user) in self._entries}
            steps = {
                sight
                for user, each in entries.items()
                for sight in each.first_sights(left.get((owner, user), ()), doubtful=True)
            }
            journey = {sight for user in exits.users for sight in of_journeys.get((owner.journey, user), ())}
            attempts = sorted({at for each in entries.values() for at in each.places()})
            known, terms = Known(step=sorted(steps), journey=sorted(journey), attempts=attempts), self._terms[owner]
            for breach in breaches(leaver, exits, known, terms):
                yield breach if terms.named else replace(breach, severity="warning")

    def _attempts_to_leave(self) -> Mapping[tuple[Owner, User], list[At]]:
        """Where attempts to tell of somebody's leaving were seen, in order."""
        found: defaultdict[tuple[Owner, User], set[At]] = defaultdict(set)
        for leaver, exits in self._exits.items():
            for user in exits.users:
                found[leaver.owner, user].update(exits.messages.places())
        return {key: sorted(places) for key, places in found.items()}

    def _entries_of_journeys(
        self, left: Mapping[tuple[Owner, User], list[At]]
    ) -> Mapping[tuple[str | None, User], list[Sight]]:
        """By journey and user: the entries into any step of the journey, wherever they were told."""
        found: defaultdict[tuple[str | None, User], list[Sight]] = defaultdict(list)
        for (owner, user), entries in self._entries.items():
            if owner.journey is not None and not self._terms[owner].only_step:
                found[owner.journey, user].extend(entries.first_sights(left.get((owner, user), ()), doubtful=True))
        return found


def _tells_of_entry(sighting: Sighting) -> bool | None:
    """True for an entry, False for an exit; None where the payload tells of neither."""
    payload, call = sighting.payload, sighting.call
    if is_list_entry(payload):
        return bool(payload["action"] == ADD)
    if call is None:
        return None
    value, event_name = subject(call).get(sighting.member_name or ""), call.get("event")
    if event_name in EXIT_EVENTS or (event_name != ENTERED and (value is False or value == "false")):
        return False
    return True if event_name == ENTERED or value is True or value == "true" else None


def _users(call: Payload) -> tuple[User, ...]:
    """All that a call names its user by; a group call is an account's."""
    if call.get("type") == "group":
        return _named(group=call.get("groupId"))
    return _named(userId=call.get("userId"), anonymousId=call.get("anonymousId"), email=call_email(call))


def _member(entry: Payload) -> tuple[User, ...]:
    """All that a list entry names its user by."""
    user = entry["user"]
    return _named(**{name: user.get(name) for name in ("userId", "anonymousId", "email")})


def _named(**names: Any) -> tuple[User, ...]:
    return tuple(
        (kind, name.casefold() if kind == "email" else name)
        for kind, name in names.items()
        if isinstance(name, str) and name
    )


_DECLARED = {"first_purchase": {**JOURNEYS["first_purchase"], "exit": {"after": "7d"}}}
_ENTRY = track(timestamp="2026-11-21T10:00:00Z")
_EXIT = track(event=EXITED, properties={KEY: "false"}, messageId="personas_2", timestamp="2026-11-28T10:00:00Z")

EXIT_AFTER_ENTRY = Rule(
    id="exit-after-entry",
    sentence="Where users may leave, each leaves once after each entry, and not before the declared time.",
    source="Build a journey: users who exit leave all steps and destinations, so many days after entry; Show an ad: "
    "remove users from the destination after so long",
    remedy="Plan the exit when the user enters, send it once, and repeat its messageId when you retry it.",
    passes=Example(deliveries=(event(_ENTRY), event(_EXIT)), journeys=_DECLARED),
    fails=Example(
        deliveries=(event(_ENTRY), event({**_EXIT, "timestamp": "2026-11-24T10:00:00Z"})), journeys=_DECLARED
    ),
    history=ExitAfterEntry,
)
