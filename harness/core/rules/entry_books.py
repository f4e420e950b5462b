"""What was seen of all users at one step: for most of them one message, which is kept small."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from harness.core.calls import call_email
from harness.core.delivery import Payload, Severity
from harness.core.instants import Duration, Instant, instant_of
from harness.core.rules.entry_accounts import Account, re_entry
from harness.core.rules.retrying import receiving
from harness.core.rules.sighting import Sighting
from harness.core.rules.tellings import Sight, Stretch, Tellings, stretch_of

Identifier: TypeAlias = str | tuple[str, str]
"""What a message goes by: mostly an email, else the kind of another identifier, and that."""
Glimpse: TypeAlias = tuple[int, int, Instant, bool, Any, Any, Any, Any, Instant]
"""The only message about a user: number and index, when it came, if accepted; its `messageId`, `timestamp`, `userId`
and `anonymousId`, as they are written; when it came for the last time."""


class Book(Struct, frozen=True, kw_only=True):
    """What was seen of all users at one step of one destination, in one type of call."""

    re_entry: Duration | None
    window: Duration
    """How long a `messageId` is remembered."""
    destination: str
    severity: Severity
    """A warning where nobody knows that it was one destination."""
    call_type: str
    emails: Mapping[str, int]
    """How many emails the profile declares that has that id."""
    entries: dict[Identifier, Glimpse | Account] = field(default_factory=dict)
    accounts: dict[Identifier, Account] = field(default_factory=dict)
    """The users of whom more than one message was seen, or one without an id: these are few."""

    def emptied(self) -> Book:
        """The same, with nothing seen yet."""
        return replace(self, entries={}, accounts={})

    def add(self, identifier: Identifier, call: Payload, glimpse: Glimpse) -> None:
        """Note one message."""
        message = glimpse[4]
        if isinstance(message, str) and message:
            known = self.entries.setdefault(identifier, glimpse)
            if known is not glimpse:
                self._account(identifier).take(message, _stretch(glimpse), _users(glimpse))
        else:
            account = self._account(identifier)
            account.users.update(_users(glimpse))
            account.messages.add(call, _sight(glimpse))

    def _account(self, identifier: Identifier) -> Account:
        """The account of that user, opened now if there is none."""
        opened = self.accounts.get(identifier)
        if opened is not None:
            return opened
        known = self.entries.get(identifier)
        kind, user = ("email", identifier) if isinstance(identifier, str) else identifier
        # Who goes by an email has it as the only one.
        look_alikes = max(1, self.emails.get(user, 0) if kind == "id" else 1)
        account = Account(
            re_entry=self.re_entry,
            look_alikes=look_alikes,
            what=f"{self.destination} was told of {user[:120]} by {self.call_type}",
            messages=Tellings(window=self.window),
        )
        self.entries[identifier] = self.accounts[identifier] = account
        if known is not None and not isinstance(known, Account):
            account.take(known[4], _stretch(known), _users(known))
        return account

    def merge(self, other: Book) -> None:
        """Take over what `other` holds."""
        mine = self.entries
        for identifier, theirs in other.entries.items():
            if isinstance(theirs, Account):
                self._account(identifier).merge(theirs)
            elif mine.setdefault(identifier, theirs) is not theirs:
                self._account(identifier).take(theirs[4], _stretch(theirs), _users(theirs))


def opened(sighting: Sighting) -> Book:
    """A book for the step that the payload of `sighting` is about, with nothing in it yet."""
    return Book(
        re_entry=re_entry(sighting.candidates),
        window=receiving(sighting).remembered,
        destination=sighting.destination.name,
        severity="error" if sighting.destination.named else "warning",
        call_type=str(sighting.payload.get("type")),
        emails=sighting.declarations.emails,
    )


def glimpse_of(call: Payload, sighting: Sighting) -> Glimpse:
    """What is kept of `call` while it is the only message about its user."""
    stated, user, anonymous = call.get("timestamp"), call.get("userId"), call.get("anonymousId")
    came = (*sighting.at, sighting.received_at, sighting.accepted)
    return (*came, call.get("messageId"), stated, user, anonymous, sighting.received_at)


def united(known: Glimpse, later: Glimpse, window: Duration) -> Glimpse | None:
    """Both as one, where they are attempts at one message, said to be of one time and user; else None."""
    if known[4:8] != later[4:8] or not known[2] <= later[2] <= known[8] + window:
        return None
    return known if later[8] <= known[8] else (*known[:8], later[8])


def identifier_of(call: Payload) -> Identifier | None:
    """What identifier the message goes by; None where it has none. A group call is an account's."""
    if call.get("type") == "group":
        group = call.get("groupId")
        if isinstance(group, str) and group:
            return "group", group
    return identifier_of_user(call)


def identifier_of_user(call: Payload) -> Identifier | None:
    """The same of a call that is no group call."""
    email = call_email(call)
    if email is not None:
        return email.casefold()
    for user in (call.get("userId"), call.get("anonymousId")):  # as `users_of`, without a generator for each line
        if isinstance(user, str) and user:
            return "id", user
    return None


def users_of(call: Payload) -> Iterator[str]:
    """The `userId` and `anonymousId` of a call, as far as it has them."""
    return _texts(call.get("userId"), call.get("anonymousId"))


def _users(glimpse: Glimpse) -> Iterator[str]:
    return _texts(*glimpse[6:8])


def _texts(*values: Any) -> Iterator[str]:
    return (value for value in values if isinstance(value, str) and value)


def _sight(glimpse: Glimpse) -> Sight:
    number, index, received_at, accepted, message, written, _, _, _ = glimpse
    stated = instant_of(written)
    return Sight(
        happened_at=received_at if stated is None else stated,
        at=(number, index),
        accepted=accepted,
        stated=stated is not None,
        received_at=received_at,
        message=message if isinstance(message, str) else "",
    )


def _stretch(glimpse: Glimpse) -> Stretch:
    return stretch_of(_sight(glimpse), glimpse[8])
