"""Credentials that destinations demand, and signatures."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from harness.core.authentication import ApiKey, Auth, Basic, Bearer, Signing, credentials_of, first_item
from harness.core.delivery import Delivery, RawHeaders, Respond
from harness.core.reception import Past, receive
from harness.core.records import MASK, delivery_record
from harness.core.rules.examples import track
from tests.core.receiving import CRM, arrival, checker

KEY, TOKEN, PASSWORD = (
    ApiKey(header="X-My-Thing", value="a key"),
    Bearer(token="a-token"),
    Basic(user="segment", password="pass:word"),
)
ALL = pytest.mark.parametrize("auth", [KEY, TOKEN, PASSWORD], ids=["key", "bearer", "basic"])


def sent(auth: Auth | None, headers: RawHeaders, body: bytes = json.dumps(track()).encode(), **more: Any) -> Delivery:
    """The delivery of a request with these headers to a destination that demands `auth`."""
    destination = replace(CRM, auth=auth, **more)
    return receive(arrival(body, headers=headers), destination, Past(), checker(), run="default", number=1)


def answer(auth: Auth | None, headers: RawHeaders, body: bytes = json.dumps(track()).encode()) -> Respond:
    """What that is answered."""
    reply = sent(auth, headers, body).reply
    assert isinstance(reply, Respond)
    return reply


def shown(auth: Auth) -> list[tuple[bytes, bytes]]:
    """The header by which a sender shows what `auth` demands."""
    return [(name.encode(), value.encode()) for name, value in credentials_of(auth, None, b"").items()]


@ALL
def test_the_right_credentials_are_let_in(auth: Auth) -> None:
    """Who shows what is demanded gets the destination's own reply, whatever the case of the header's name."""
    assert answer(auth, shown(auth)) == Respond(status=200)
    assert answer(auth, [(name.upper(), value) for name, value in shown(auth)]) == Respond(status=200)


@ALL
def test_without_credentials_the_answer_is_401(auth: Auth) -> None:
    """The answer says what is wanted, and nothing of the secret."""
    refusal = answer(auth, [])
    assert (refusal.status, refusal.because) == (401, "no credentials")
    ((name, challenge),) = refusal.headers
    assert name == "WWW-Authenticate"
    assert challenge.split()[0] in ("ApiKey", "Bearer", "Basic")
    assert not any(secret in repr(refusal) for secret in ("a key", "a-token", "pass:word"))


@ALL
def test_wrong_credentials_are_answered_403(auth: Auth) -> None:
    """One character more is wrong, and so is the right thing beside a wrong one."""
    ((name, value),) = shown(auth)
    for headers in ([(name, value + b"x")], [(name, value[:-1])], [(name, b"")], [(name, value), (name, b"x")]):
        refusal = answer(auth, headers)
        assert (refusal.status, refusal.because) == (403, "wrong credentials")


def test_the_name_of_a_scheme_may_be_written_in_any_case() -> None:
    """RFC 9110 says so; the secret itself may not."""
    assert answer(TOKEN, [(b"authorization", b"bearer  a-token")]).status == 200
    assert answer(TOKEN, [(b"authorization", b"Bearer A-Token")]).status == 403
    assert answer(KEY, [(b"x-my-thing", b"A KEY")]).status == 403


def test_credentials_are_looked_at_before_the_body() -> None:
    """Who may not come in is not told what is wrong with the body; what came is recorded and judged all the same."""
    delivery = sent(TOKEN, [], b"{")
    assert getattr(delivery.reply, "status", None) == 401
    assert [violation.rule for violation in delivery.violations] == ["malformed-body"]


@ALL
def test_secrets_stay_out_of_records_and_words(auth: Auth) -> None:
    """A record shows that the header was there, and not what was in it; no representation shows a secret."""
    delivery = sent(auth, shown(auth))
    ((name, value),) = shown(auth)
    record = delivery_record(delivery, [auth.credentials()[0]])
    assert record["request"]["headers"] == {name.decode().lower(): MASK}
    assert value.decode() not in json.dumps(record)
    assert not any(secret in repr(auth) for secret in ("a key", "a-token", "pass:word"))


@pytest.mark.parametrize("name", ["X-Api-Key", "api-key", "X-Auth-Token", "Client-Secret", "X-Segment-Settings", "key"])
def test_headers_that_sound_secret_are_masked_anywhere(name: str) -> None:
    """Also where no destination demands them."""
    record = delivery_record(sent(None, [(name.encode(), b"hidden")]))
    assert record["request"]["headers"] == {name.lower(): MASK}


def test_a_signature_can_be_verified_from_a_record() -> None:
    """Header and body are in the record as they came; the secret is not."""
    signing, body = Signing(secret="shared secret"), json.dumps(track(), indent=2).encode()
    headers = [(k.encode(), v.encode()) for k, v in credentials_of(None, signing, body).items()]
    delivery = sent(None, headers, body, signature=signing)
    request = delivery_record(delivery)["request"]
    assert delivery.violations == ()
    assert request["headers"]["x-signature"] == signing.signature(request["body"].encode())
    assert "shared secret" not in repr(delivery) + repr(signing)


@pytest.mark.parametrize(
    ("body", "signed"),
    [
        ('[{"a":1},{"b":2}]', '{"a":1}'),
        (' [ {"a" : 1} , 2]', '{"a" : 1}'),
        ('["é","b"]', '"é"'),
        ('[{"a":[1,"]"]}]', '{"a":[1,"]"]}'),
        ('{"a":1}', '{"a":1}'),
        ("[]", "[]"),
        ("[", "["),
        ("[nothing", "[nothing"),
        ("", ""),
    ],
)
def test_the_first_item_is_taken_in_its_own_bytes(body: str, signed: str) -> None:
    """Of an array, the first item as it was written; all else is signed whole."""
    assert first_item(body.encode()) == signed.encode()


def test_bodies_that_are_no_text_are_signed_whole() -> None:
    """Whatever bytes come, they can be signed."""
    assert first_item(b"\xff[1]") == b"\xff[1]"
    assert first_item(b"[" * 100_000) == b"[" * 100_000


def test_a_known_signature() -> None:
    """HMAC-SHA1 in lower-case hex, as RFC 2202 has it (test case 2)."""
    assert Signing(secret="Jefe", scope="body").signature(b"what do ya want for nothing?") == (
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
    )
