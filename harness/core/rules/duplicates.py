"""The rule on data that comes twice, from two origins: `duplicate-source`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Self

import orjson
from msgspec import Struct

from harness.core.calls import CALL_TYPES, section, subject
from harness.core.delivery import Payload, RawHeaders, Violation
from harness.core.instants import MINUTE, Duration, Instant, parse_duration, say_duration
from harness.core.rules.examples import event
from harness.core.rules.rule import Example, Rule
from harness.core.rules.sighting import Sighting, proof
from harness.core.rules.tellings import At

_SHOWN = 80


class Origin(NamedTuple):
    """Where a call comes from, as far as it says; an empty text: it does not say."""

    library: str
    """`context.library.name`."""
    write_key: str
    agent: str
    """The product in the request's `User-Agent`, without its version."""

    def differs(self, other: Origin) -> bool:
        """Whether the two cannot be one: both say something, and not the same."""
        return any(mine and its and mine != its for mine, its in zip(self, other, strict=True))

    def __str__(self) -> str:
        named = zip(("library", "writeKey", "User-Agent"), self, strict=True)
        return ", ".join(f"{name} {value[:_SHOWN]}" for name, value in named if value) or "an origin that says nothing"


class Said(NamedTuple):
    """What is said of whom at which destination; that of duplicates is equal."""

    destination: str
    user: str
    call_type: str
    content: bytes
    """Stands for the call's name and its properties or traits, the same in every process."""


class Sent(Struct, frozen=True, kw_only=True, order=True):
    """One attempt to say something."""

    happened_at: Instant
    at: At
    message: str
    """Its `messageId`; empty where it has none."""

    def same_message(self, other: Sent) -> bool:
        """Whether the two are attempts at one message, whose id tells the destination so."""
        return bool(self.message) and self.message == other.message


class DuplicateSource:
    """Folds over what is said of each user: by which origins, and when.

    Of each origin and each stretch of time as long as the window, the first and the last time are kept: that is enough
    to tell whether another origin said the same within the window.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        window = parameters.get("duplicate_window")
        self._window: Duration = max(parse_duration(window) if isinstance(window, str) else 5 * MINUTE, 1)
        self._said: dict[Said, dict[tuple[Origin, int], tuple[Sent, Sent]]] = {}

    def see(self, sighting: Sighting) -> None:
        """Remember what a call says; nothing where nobody knows when it came."""
        call = sighting.payload
        user, call_type, stated = _user(call), call.get("type"), sighting.timestamp
        happened_at = sighting.received_at if stated is None else stated
        if call_type not in CALL_TYPES or user is None or not happened_at:
            return
        said = Said(sighting.destination.name, user, str(call_type), _content(call))
        sent = Sent(happened_at=happened_at, at=sighting.at, message=_text(call.get("messageId")))
        self._add(said, (_origin(call, sighting.headers), happened_at // self._window), (sent, sent))

    def _add(self, said: Said, stretch: tuple[Origin, int], sent: tuple[Sent, Sent]) -> None:
        seen = self._said.setdefault(said, {})
        known = seen.get(stretch)
        seen[stretch] = sent if known is None else (min(known[0], sent[0]), max(known[1], sent[1]))

    def merge(self, other: Self) -> None:
        """Take over what `other` saw."""
        for said, seen in other._said.items():
            for stretch, sent in seen.items():
                self._add(said, stretch, sent)

    def violations(self) -> Iterator[Violation]:
        """One for each time that something is said which another origin said within the window before."""
        for said, seen in self._said.items():
            if len(seen) > 1:
                yield from self._duplicates(said, seen)

    def _duplicates(self, said: Said, seen: Mapping[tuple[Origin, int], tuple[Sent, Sent]]) -> Iterator[Violation]:
        order = sorted({(sent, origin) for (origin, _), pair in seen.items() for sent in pair})
        for place, (sent, origin) in enumerate(order):
            for earlier, other in reversed(order[:place]):
                if sent.happened_at - earlier.happened_at > self._window:
                    break
                if origin.differs(other) and not sent.same_message(earlier):
                    yield self._violation(said, (earlier, other), (sent, origin))
                    break

    def _violation(self, said: Said, first: tuple[Sent, Origin], second: tuple[Sent, Origin]) -> Violation:
        return Violation(
            rule="duplicate-source",
            message=f"{said.destination} got the same {said.call_type} call of {said.user[:120]} from two origins",
            payload=second[0].at[1],
            expected=f"one origin within {say_duration(self._window)}: {first[1]}",
            actual=str(second[1]),
            deliveries=proof(first[0].at, second[0].at),
        )


def _user(call: Payload) -> str | None:
    return _text(call.get("userId")) or _text(call.get("anonymousId")) or None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _content(call: Payload) -> bytes:
    said = [call.get("event"), call.get("name"), call.get("groupId"), call.get("previousId"), subject(call)]
    text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.blake2b(text, digest_size=8).digest()


def _origin(call: Payload, headers: RawHeaders) -> Origin:
    library = section(section(call, "context"), "library").get("name")
    agent = next((value for name, value in headers if name.lower() == b"user-agent"), b"")
    product = agent.decode("utf-8", "backslashreplace").partition("/")[0].strip()
    return Origin(library=_text(library), write_key=_text(call.get("writeKey")), agent=product)


_ORDER = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u1",
    "messageId": "m1",
    "timestamp": "2026-11-21T10:00:00Z",
    "properties": {"order_id": "o-1", "total": 30},
    "context": {"library": {"name": "analytics.js", "version": "4.1.0"}},
}
_BY_SNIPPET = {**_ORDER, "messageId": "s-9", "context": {"library": {"name": "crm-snippet"}}}

DUPLICATE_SOURCE = Rule(
    id="duplicate-source",
    sentence="No two origins send the same call of the same user, such as a tool's own snippet that was left in place.",
    source="Sending data to destinations: once Segment is in place, remove the tool's own snippet, so that you do not "
    "send duplicate data",
    remedy="Remove the tool's own snippet or library from your pages, or the second source that sends the same.",
    passes=Example(
        deliveries=(event(_ORDER), event({**_BY_SNIPPET, "userId": "u2"})),
        contract="segment-spec",
    ),
    fails=Example(deliveries=(event(_ORDER), event(_BY_SNIPPET)), contract="segment-spec"),
    history=DuplicateSource,
)
