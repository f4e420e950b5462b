"""Judges what is expected of the members of a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec.structs import replace

from harness.core.ledger import users_of
from harness.core.profiles import Profile
from harness.core.scenario.evidence import Evidence, Steps
from harness.core.scenario.expectation_words import attempts_of, listed, named, user_text
from harness.core.scenario.list_expecting import late, unmet_lists, which
from harness.core.scenario.model import Match, MembersAre
from harness.core.scenario.nearest import last_message, nearest_message, sighted_at
from harness.core.verdict import Nearest, Unmet

User: TypeAlias = Mapping[str, Any]


def unmet_members(expectation: MembersAre, evidence: Evidence) -> Iterator[Unmet]:
    """What of `expectation` the lists do not meet."""
    yield from unmet_lists(expectation, evidence)
    users = _listed(expectation, evidence)
    wanted = (*(expectation.are or ()), *expectation.include)
    by_identifier = _indexed(users)
    missing = [(who, text) for who in wanted for text in _missing(who, by_identifier, expectation, evidence)]
    told = [text for _, text in missing]
    nearest = _nearest_of(missing[0][0], users, expectation, evidence) if missing else None
    yield from _unmet(expectation, named(wanted), told and [*told, f"on it: {listed(_texts(users))}"], nearest)
    excluded = _identifiers(expectation.exclude)
    unwanted = [user for user in users if not excluded.isdisjoint(_known_by(user))]
    adding = _adding(unwanted, expectation, evidence)
    yield from _unmet(expectation, f"not {named(expectation.exclude)}", _surplus(unwanted), adding)
    if expectation.are is not None:
        expected = _identifiers(expectation.are)
        strangers = [user for user in users if expected.isdisjoint(_known_by(user))]
        only = f"only {named(expectation.are)}" if expectation.are else "nobody"
        yield from _unmet(expectation, only, _surplus(strangers), _adding(strangers, expectation, evidence))
    if expectation.count is not None and not expectation.count.admits(len(users)):
        found = [f"{len(users)}: {listed(_texts(users))}"]
        last = _adding(users[-1:], expectation, evidence)
        yield from _unmet(expectation, f"{expectation.count} users", found, last)


def _texts(users: Sequence[User]) -> list[str]:
    return [user_text(user) for user in users]


def _surplus(users: Sequence[User]) -> list[str]:
    return [f"{listed(_texts(users))} {'is' if len(users) == 1 else 'are'} on it"] if users else []


def _unmet(expectation: MembersAre, expected: str, found: Sequence[str], nearest: Nearest | None) -> Iterator[Unmet]:
    if found:
        yield Unmet(
            mark=expectation.mark,
            expectation="members",
            expected=f"{expected} on {which(expectation)}",
            actual="; ".join(found),
            nearest=nearest,
        )


def _entries(expectation: MembersAre, action: str, identifiers: Iterable[str]) -> Match:
    """The entries on the lists that are meant which do `action` to the user with one of `identifiers`."""
    return Match(to=(expectation.of,), steps=expectation.on, action=action, identifiers=frozenset(identifiers))


def _adding(users: Sequence[User], expectation: MembersAre, evidence: Evidence) -> Nearest | None:
    """The entry that put the first of `users` on a list."""
    wanted = [_entries(expectation, "add", _known_by(user)) for user in users[:1]]
    return last_message(wanted[0], expectation.of, evidence, f"it adds {user_text(users[0])}") if wanted else None


def _nearest_of(profile: Profile, users: Sequence[User], expectation: MembersAre, evidence: Evidence) -> Nearest | None:
    """The entry that tells most of why `profile`, or an email of it, is not among `users`."""
    own = [user for user in users if not profile.identifiers.isdisjoint(_known_by(user))]
    if own:
        return _adding(own, expectation, evidence)
    if (reason := late(profile, expectation, evidence)) is not None:
        return sighted_at(evidence, reason.change.delivery, reason.change.payload, f"it adds {profile.name}")
    adds, removes = (_entries(expectation, action, profile.identifiers) for action in ("add", "remove"))
    taken_off = replace(adds, steps=expectation.not_on) if expectation.not_on else None
    to_that_list = f"it adds {profile.name} to the list that is taken off"
    return (
        last_message(removes, expectation.of, evidence, f"it removes {profile.name}")
        or (taken_off and last_message(taken_off, expectation.of, evidence, to_that_list))
        or nearest_message(adds, expectation.of, evidence, [])
    )


def _listed(expectation: MembersAre, evidence: Evidence) -> list[User]:
    """The entries that are meant: those on the lists asked for, less those on the lists taken off."""
    users = _members(expectation, expectation.on, evidence)
    if not expectation.not_on:
        return users
    taken_off = _indexed(_members(expectation, expectation.not_on, evidence))
    return [user for user in users if taken_off.keys().isdisjoint(_known_by(user))]


def _members(expectation: MembersAre, steps: Steps | None, evidence: Evidence) -> list[User]:
    """The users on the lists for `steps`, at the time that is meant."""
    if expectation.at is None and not expectation.in_effect:
        return evidence.members(expectation.of, steps)
    lists = evidence.lists_at(expectation.of, steps, expectation.at, in_effect=expectation.in_effect)
    return [added.user for standing in lists.values() for added in standing]


def _missing(
    profile: Profile, by_identifier: Mapping[str, list[User]], expectation: MembersAre, evidence: Evidence
) -> Iterator[str]:
    """What of a profile is not on the list, and why: each of its several emails must be."""
    own = [user for identifier in profile.identifiers for user in by_identifier.get(identifier, ())]
    if not own:
        yield f"{profile.name} is missing ({_why(profile, expectation, evidence)})"
        return
    emails = {user.get("email") for user in own}
    for email in profile.emails:
        if email not in emails and len(profile.emails) > 1:
            yield f"{profile.name} is on it without {email}"


def _why(profile: Profile, expectation: MembersAre, evidence: Evidence) -> str:
    """What became of the adding of `profile`."""
    sent = [
        message
        for message in evidence.messages
        if message.destination == expectation.of and not profile.identifiers.isdisjoint(users_of(message.payload))
    ]
    here = [m for m in sent if expectation.on is None or evidence.step(evidence.key(m.payload)) in expectation.on]
    added = [message for message in here if message.payload.get("action") == "add"]
    if here and not added:
        return "only ever removed"
    if not added:
        return "sent to another list only" if sent else "never sent there"
    if not any(message.accepted for message in added):
        return f"sent, and never accepted in {attempts_of(added[-1])}"
    if (reason := late(profile, expectation, evidence)) is not None:
        return reason.words
    return (
        "removed again" if any(message.payload.get("action") == "remove" for message in here) else "on the other list"
    )


def _known_by(user: User) -> set[str]:
    """The identifiers of a list entry's user."""
    return {value for name in ("userId", "email", "anonymousId") if isinstance(value := user.get(name), str) and value}


def _indexed(users: Sequence[User]) -> dict[str, list[User]]:
    index: dict[str, list[User]] = {}
    for user in users:
        for identifier in _known_by(user):
            index.setdefault(identifier, []).append(user)
    return index


def _identifiers(profiles: Sequence[Profile]) -> frozenset[str]:
    return frozenset().union(*(profile.identifiers for profile in profiles))
