"""What a fault is: the few places at which a space can be bent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from harness.core.instants import Duration, Instant
from harness.core.systems import Address
from harness.engage.identities import Recipient
from harness.engage.ids import Ids
from harness.engage.retries import Outcome
from harness.engage.steps import PublishedStep

Call: TypeAlias = dict[str, Any]
"""A call about to be sent; the bend owns it and may change it."""
Document: TypeAlias = dict[str, Any]
"""A list sync document about to be sent; likewise."""
Headers: TypeAlias = Mapping[str, str]
"""Headers of a request about to be sent."""


class Minting(Struct, frozen=True, kw_only=True):
    """The making of one step's key."""

    key: str
    """The right key."""
    first: str
    """The first key that the space made."""
    version: int
    """The journey's version, counted from 1."""


class Sending(Struct, frozen=True, kw_only=True):
    """The sending of one call to one destination."""

    step: PublishedStep
    recipient: Recipient
    address: Address
    ids: Ids


class Posting(Struct, frozen=True, kw_only=True):
    """The sending of one request."""

    address: Address
    body: bytes


def same_headers(headers: Headers, posting: Posting) -> Headers:
    """The headers, as they are."""
    return headers


def same_address(address: Address) -> Address:
    """The destination, as it is."""
    return address


def same_key(minting: Minting) -> str:
    """The right key."""
    return minting.key


def same_call(call: Call, sending: Sending) -> Sequence[Call]:
    """The call, once."""
    return (call,)


def same_document(document: Document) -> Any:
    """The document, as it is."""
    return document


def same_body(body: bytes) -> bytes:
    """The body, as it is."""
    return body


def same_recipients(recipients: tuple[Recipient, ...]) -> tuple[Recipient, ...]:
    """All of them."""
    return recipients


def same_again(body: bytes, now: Instant) -> bytes:
    """The body, as it was."""
    return body


def right_retries(outcome: Outcome, attempt: int) -> bool:
    """Whether the outcome is one after which a message is sent again."""
    return outcome.retried


def right_wait(wait: Duration, outcome: Outcome) -> Duration:
    """The wait, as it is due."""
    return wait


def same_duration(duration: Duration) -> Duration:
    """The duration, as declared."""
    return duration


class Fault(Struct, frozen=True, kw_only=True):
    """One named way in which a space is wrong; each hook left alone does what is right."""

    name: str
    sentence: str
    """What the space does wrong, in one sentence."""
    rule: str | None
    """The rule that must catch it; None where only an expectation can."""
    address: Callable[[Address], Address] = same_address
    """Bends what the space believes of a destination."""
    key: Callable[[Minting], str] = same_key
    """Bends the key of a step, for everybody."""
    calls: Callable[[Call, Sending], Sequence[Call]] = same_call
    """Bends a call; several are sent as several, none is sent as none."""
    recipients: Callable[[tuple[Recipient, ...]], tuple[Recipient, ...]] = same_recipients
    """Bends the ways of naming a person, of which each is sent."""
    document: Callable[[Document], Any] = same_document
    """Bends a list sync document, or makes another JSON value of it."""
    body: Callable[[bytes], bytes] = same_body
    """Bends the bytes of any request."""
    headers: Callable[[Headers, Posting], Headers] = same_headers
    """Bends the headers of any request: credentials and signature among them."""
    again: Callable[[bytes, Instant], bytes] = same_again
    """Bends the bytes of a further attempt, made at that time."""
    retries: Callable[[Outcome, int], bool] = right_retries
    """Bends whether a message is sent again after that outcome of its attempt of that number."""
    wait: Callable[[Duration, Outcome], Duration] = right_wait
    """Bends how long it waits until then; at least a microsecond is left of it."""
    endless: bool = False
    """Whether a message is tried again beyond the window, for another two days."""
    stay: Callable[[Duration], Duration] = same_duration
    """Bends how long after entry a declared exit, or the expiry of an ad, comes."""
    absence: Callable[[Duration], Duration] = same_duration
    """Bends how long after an exit somebody may come back."""
    unasked: bool = False
    """Whether profiles enter journeys whose entry condition they do not meet, whatever they do."""
    leaving_calls: bool = False
    """Whether exit calls are sent when somebody leaves a step of a journey that declares no exit."""
    leaving_lists: bool = False
    """Whether such people are removed from lists."""
    whole_batches: bool = False
    """Whether a batch of which some items failed is sent again as a whole."""


HONEST = Fault(name="none", sentence="Does everything right.", rule=None)
