"""Faults in the requests themselves: credentials, signatures, and what becomes of answers."""

from __future__ import annotations

import json
from collections.abc import Callable

from msgspec.structs import replace

from harness.core.authentication import SIGNATURE_HEADER, Signing
from harness.engage.faulty import Fault, Headers, Posting
from harness.engage.retries import REDIRECT, Answer, Outcome

_OTHER = "another secret"


def _without_credentials(headers: Headers, posting: Posting) -> Headers:
    auth = posting.address.auth
    return headers if auth is None else _without(headers, auth.credentials()[0])


def _wrong_credentials(headers: Headers, posting: Posting) -> Headers:
    auth = posting.address.auth
    if auth is None:
        return headers
    name, value = auth.credentials()
    return {**headers, name: value[:-1] + ("a" if value[-1] != "a" else "b")}


def _unsigned(headers: Headers, posting: Posting) -> Headers:
    return _without(headers, SIGNATURE_HEADER)


def _signed(sign: Callable[[Signing, bytes], str]) -> Callable[[Headers, Posting], Headers]:
    """A bend that signs requests otherwise, where they are to be signed at all."""

    def bent(headers: Headers, posting: Posting) -> Headers:
        signing = posting.address.signature
        return headers if signing is None else {**headers, SIGNATURE_HEADER: sign(signing, posting.body)}

    return bent


def _by_another(signing: Signing, body: bytes) -> str:
    return replace(signing, secret=_OTHER).signature(body)


def _of_other_bytes(signing: Signing, body: bytes) -> str:
    """The signature of the same JSON, written with other blanks."""
    return signing.signature(json.dumps(json.loads(body), indent=1).encode())


def _without(headers: Headers, name: str) -> Headers:
    return {key: value for key, value in headers.items() if key != name}


def _staying(outcome: Outcome, attempt: int) -> bool:
    redirected = isinstance(outcome, Answer) and outcome.status == REDIRECT
    return outcome.retried and not redirected


REQUEST_FAULTS = (
    Fault(
        name="credentials-missing",
        sentence="Destinations that demand credentials get none.",
        rule=None,
        headers=_without_credentials,
    ),
    Fault(
        name="credentials-wrong",
        sentence="Destinations that demand credentials get wrong ones.",
        rule=None,
        headers=_wrong_credentials,
    ),
    Fault(
        name="signature-missing",
        sentence="Requests are not signed where they should be.",
        rule="signature",
        headers=_unsigned,
    ),
    Fault(
        name="signature-by-another-secret",
        sentence="Requests are signed by another secret than the destination's.",
        rule="signature",
        headers=_signed(_by_another),
    ),
    Fault(
        name="signature-of-other-bytes",
        sentence="What is signed is the same JSON, but not the bytes that are sent.",
        rule="signature",
        headers=_signed(_of_other_bytes),
    ),
    Fault(
        name="redirect-not-followed",
        sentence="A redirect is taken for a final failure.",
        rule=None,
        retries=_staying,
    ),
)
