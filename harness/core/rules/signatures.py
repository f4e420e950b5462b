"""The rule `signature`: requests to a destination with a shared secret are signed by it."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator

from msgspec.structs import replace

from harness.core.authentication import SIGNATURE_HEADER, Signing, header_values
from harness.core.delivery import Arrival, Violation
from harness.core.rules.examples import track
from harness.core.rules.rule import Example, Rule

_EXPECTED = {
    "first_item": "the hex HMAC-SHA1 of the body, of a batch that of its first item, by the shared secret",
    "body": "the hex HMAC-SHA1 of the whole body, by the shared secret",
}
_OTHER = {"first_item": "the whole body", "body": "the first item alone"}


def signature_breaches(signing: Signing, arrival: Arrival) -> Iterator[Violation]:
    """What is wrong with the signature of `arrival`; nothing is told of the secret, nor of the right signature."""
    values = header_values(arrival.headers, SIGNATURE_HEADER)
    if not values:
        yield _breach(signing, f"the request has no {SIGNATURE_HEADER}", "none")
    elif len(values) > 1:
        yield _breach(signing, f"the request has several {SIGNATURE_HEADER} headers", f"{len(values)} of them")
    elif not _fits(signing, arrival, values[0]):
        yield _breach(signing, _words(signing, arrival, values[0]), values[0].decode("utf-8", "backslashreplace")[:120])


def _fits(signing: Signing, arrival: Arrival, value: bytes) -> bool:
    return hmac.compare_digest(value.strip(), signing.signature(arrival.body).encode())


def _words(signing: Signing, arrival: Arrival, value: bytes) -> str:
    """What is wrong with a signature, as closely as that can be told."""
    other = replace(signing, scope="body" if signing.scope == "first_item" else "first_item")
    if _fits(other, arrival, value):
        return f"the signature is of {_OTHER[signing.scope]}: the secret is right, and the signed bytes are not"
    if _fits(signing, arrival, value.lower()):
        return "the signature is not written in lower case"
    return "the signature is not of what was sent: the secret, or the signed bytes, are others"


def _breach(signing: Signing, message: str, actual: str) -> Violation:
    return Violation(rule="signature", message=message, expected=_EXPECTED[signing.scope], actual=actual)


_DECLARED = {"crm": {"signature": {"secret": "a shared secret"}}}
_BODY = json.dumps(track(), separators=(",", ":"))


def _signed_by(secret: str) -> Example:
    """A right call, signed by `secret`."""
    signature = Signing(secret=secret).signature(_BODY.encode())
    headers = {"content-type": "application/json", SIGNATURE_HEADER.lower(): signature}
    record = {
        "destination": "crm",
        "kind": "event",
        "request": {"method": "POST", "path": "/destinations/crm", "headers": headers, "body": _BODY},
    }
    return Example(deliveries=(record,), destinations=_DECLARED)


SIGNATURE = Rule(
    id="signature",
    sentence="Requests to a destination with a shared secret carry `X-Signature`: the hex HMAC-SHA1, by that secret, "
    "of the body, or of the first item of a batch.",
    source="Webhooks (Classic) and Webhooks (Actions), Segment documentation: X-Signature; of a batch only the first "
    "event is signed, while elsewhere the request body is said to be",
    remedy="Sign the very bytes that are sent, with the secret that the destination has; say with `scope` whether a "
    "batch is signed by its first item or as a whole.",
    passes=_signed_by("a shared secret"),
    fails=_signed_by("another secret"),
)
