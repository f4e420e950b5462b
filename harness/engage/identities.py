"""Who is who: the profiles of a space, found and merged by their identifiers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct, field

from harness.core.calls import call_email, section
from harness.core.delivery import Payload
from harness.core.profiles import Profile
from harness.engage.errors import unknown
from harness.engage.ids import Ids


class Recipient(Struct, frozen=True, kw_only=True):
    """One way of naming a person to a destination: one email of theirs, with their other identifiers."""

    user_id: str | None = None
    anonymous_id: str | None = None
    email: str | None = None


class Person(Struct, kw_only=True, eq=False):
    """A profile as the space knows it now."""

    name: str
    user_id: str | None = None
    anonymous_id: str | None = None
    emails: list[str] = field(default_factory=list)
    traits: dict[str, Any] = field(default_factory=dict)

    def recipients(self) -> tuple[Recipient, ...]:
        """One recipient for each email; one in all where there is none."""
        emails: Iterable[str | None] = self.emails or (None,)
        return tuple(Recipient(user_id=self.user_id, anonymous_id=self.anonymous_id, email=email) for email in emails)

    def admits(self, user_id: str | None) -> bool:
        """Whether `user_id` may be theirs: a person has one, for good."""
        return user_id is None or self.user_id in (None, user_id)


class Identities:
    """Finds the person that identifiers belong to; `merged(kept, absorbed)` is told whenever two prove to be one."""

    def __init__(self, ids: Ids, merged: Callable[[Person, Person], None]) -> None:
        self._ids = ids
        self._merged = merged
        self._owners: dict[tuple[str, str], Person] = {}
        self._declared: dict[str, Profile] = {}

    def declare(self, profile: Profile) -> Person:
        """The person that `profile` describes; what it says is learned once, and again only when it changes."""
        known = self._owners.get(("name", profile.name))
        if known is not None and self._declared.get(profile.name) == profile:
            return known
        person = self._resolve(profile.name, profile.user_id, profile.anonymous_id, profile.emails, known)
        self._owners["name", profile.name] = person
        person.traits |= profile.traits
        self._declared[profile.name] = profile
        return person

    def hear(self, call: Payload) -> Person | None:
        """The person that a source's call is about, with its traits learned; None where it names nobody."""
        user_id, anonymous_id, email = _text(call, "userId"), _text(call, "anonymousId"), call_email(call)
        name = user_id or anonymous_id or email
        if name is None:
            return None
        person = self._resolve(name, user_id, anonymous_id, (email,) if email else ())
        if call.get("type") == "identify":
            person.traits |= section(call, "traits")
        return person

    def named(self, name: str) -> Person:
        """The person whom a scenario calls `name`, or whom a source first named so; else SpaceError."""
        for kind in ("name", "userId", "anonymousId"):
            if (kind, name) in self._owners:
                return self._owners[kind, name]
        names = [value for kind, value in self._owners if kind != "email"]
        raise unknown("profile", name, names, "declare it, or let a source identify it first")

    def _resolve(
        self,
        name: str,
        user_id: str | None,
        anonymous_id: str | None,
        emails: Sequence[str],
        known: Person | None = None,
    ) -> Person:
        """The person who has these identifiers, the strongest first, made one of all who do and may be one."""
        keys = [("userId", user_id), *(("email", email.casefold()) for email in emails), ("anonymousId", anonymous_id)]
        owners = [self._owners.get((kind, value)) for kind, value in keys if value is not None]
        found = dict.fromkeys(person for person in (known, *owners) if person is not None)
        fitting = [person for person in found if person.admits(user_id)]
        person = fitting[0] if fitting else Person(name=name)
        for other in fitting[1:]:
            if person.admits(other.user_id):
                self._absorb(person, other)
        self._learn(person, user_id, anonymous_id, emails)
        return person

    def _learn(self, person: Person, user_id: str | None, anonymous_id: str | None, emails: Sequence[str]) -> None:
        if user_id is not None and self._own(person, "userId", user_id):
            person.user_id = user_id
        if anonymous_id is not None and self._own(person, "anonymousId", anonymous_id):
            person.anonymous_id = person.anonymous_id or anonymous_id
        for email in emails:
            new = ("email", email.casefold()) not in self._owners
            if self._own(person, "email", email.casefold()) and new:
                person.emails.append(email)
        if person.user_id is None and person.anonymous_id is None:
            # Nothing may be sent about somebody who cannot be identified.
            self._learn(person, None, self._ids.anonymous(person.name), ())

    def _own(self, person: Person, kind: str, value: str) -> bool:
        """Note that the identifier is theirs; False where it is already somebody else's, and stays so."""
        return self._owners.setdefault((kind, value), person) is person

    def _absorb(self, person: Person, other: Person) -> None:
        for identifier, owner in self._owners.items():
            if owner is other:
                self._owners[identifier] = person
        person.user_id = person.user_id or other.user_id
        person.anonymous_id = person.anonymous_id or other.anonymous_id
        person.emails += other.emails
        person.traits = other.traits | person.traits
        self._merged(person, other)


def _text(call: Payload, name: str) -> str | None:
    value = call.get(name)
    return value if isinstance(value, str) and value else None
