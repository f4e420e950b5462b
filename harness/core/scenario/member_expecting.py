"""Judges what is expected of the members of a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from harness.core.profiles import Profile
from harness.core.scenario.evidence import Evidence
from harness.core.scenario.model import MembersAre
from harness.core.verdict import Unmet

User: TypeAlias = Mapping[str, Any]
_SHOWN = 5


def unmet_members(expectation: MembersAre, evidence: Evidence) -> Iterator[Unmet]:
    """What of `expectation` the lists do not meet."""
    users = _listed(expectation, evidence)
    wanted = (*(expectation.are or ()), *expectation.include)
    by_identifier = _indexed(users)
    missing = [text for profile in wanted for text in _missing(profile, by_identifier)]
    yield from _unmet(expectation, _names(wanted), "missing", missing)
    excluded = _identifiers(expectation.exclude)
    unwanted = [_shown(user) for user in users if not excluded.isdisjoint(_known_by(user))]
    yield from _unmet(expectation, f"none of {_names(expectation.exclude)}", "on it", unwanted)
    if expectation.are is not None:
        expected = _identifiers(expectation.are)
        strangers = [_shown(user) for user in users if expected.isdisjoint(_known_by(user))]
        yield from _unmet(expectation, f"nobody but {_names(expectation.are) or 'nobody'}", "on it too", strangers)
    if expectation.count is not None and not expectation.count.admits(len(users)):
        yield Unmet(
            mark=expectation.mark,
            expectation="members",
            expected=f"{expectation.count} on the list of {expectation.of}",
            actual=str(len(users)),
        )


def _unmet(expectation: MembersAre, expected: str, word: str, found: Sequence[str]) -> Iterator[Unmet]:
    if found:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        yield Unmet(
            mark=expectation.mark,
            expectation="members",
            expected=f"{expected} on the list of {expectation.of}",
            actual=f"{word}: {', '.join(found[:_SHOWN])}{more}",
        )


def _listed(expectation: MembersAre, evidence: Evidence) -> list[User]:
    """The entries that are meant: those on the lists asked for, less those on the lists taken off."""
    users = evidence.members(expectation.of, expectation.on)
    if not expectation.not_on:
        return users
    taken_off = _indexed(evidence.members(expectation.of, expectation.not_on))
    return [user for user in users if taken_off.keys().isdisjoint(_known_by(user))]


def _missing(profile: Profile, by_identifier: Mapping[str, list[User]]) -> Iterator[str]:
    """What of a profile is not on the list: each of its several emails must be."""
    own = [user for identifier in profile.identifiers for user in by_identifier.get(identifier, ())]
    if not own:
        yield profile.name
        return
    listed = {user.get("email") for user in own}
    for email in profile.emails:
        if email not in listed and len(profile.emails) > 1:
            yield f"{profile.name} by {email}"


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


def _names(profiles: Sequence[Profile]) -> str:
    names = [profile.name for profile in profiles]
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _shown(user: User) -> str:
    return str(user.get("userId") or user.get("email") or user.get("anonymousId"))
