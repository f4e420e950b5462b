"""What a destination demands of whoever sends to it: credentials, and a signature."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from hashlib import sha1
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from harness.core.delivery import RawHeaders, Respond

SIGNATURE_HEADER = "X-Signature"
Scope: TypeAlias = Literal["first_item", "body"]
_REALM = 'realm="journey-harness"'


class Secret(Struct, frozen=True, kw_only=True):
    """What no representation shows, whoever asks for one: a log, a traceback, a failing test."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Nothing, for what is drawn in a terminal."""
        return []


class ApiKey(Secret, frozen=True, kw_only=True):
    """A key in a header of its own."""

    header: str
    value: str

    def credentials(self) -> tuple[str, str]:
        """The header that shows it."""
        return self.header, self.value

    @property
    def challenge(self) -> str:
        """What the destination says that it wants."""
        return f'ApiKey {_REALM}, header="{self.header}"'


class Bearer(Secret, frozen=True, kw_only=True):
    """A token."""

    token: str

    def credentials(self) -> tuple[str, str]:
        """The header that shows it."""
        return "Authorization", f"Bearer {self.token}"

    @property
    def challenge(self) -> str:
        """What the destination says that it wants."""
        return f"Bearer {_REALM}"


class Basic(Secret, frozen=True, kw_only=True):
    """A user and a password."""

    user: str
    password: str

    def credentials(self) -> tuple[str, str]:
        """The header that shows them."""
        return "Authorization", f"Basic {base64.b64encode(f'{self.user}:{self.password}'.encode()).decode()}"

    @property
    def challenge(self) -> str:
        """What the destination says that it wants."""
        return f'Basic {_REALM}, charset="UTF-8"'


Auth: TypeAlias = ApiKey | Bearer | Basic


def refused(auth: Auth, headers: RawHeaders) -> Respond | None:
    """The refusal of a request with these headers: 401 where it shows no credentials, 403 where it shows wrong ones."""
    name, right = auth.credentials()
    shown = header_values(headers, name)
    if len(shown) == 1 and hmac.compare_digest(_normal(shown[0]), _normal(right.encode())):
        return None
    status, what = (403, "wrong credentials") if shown else (401, "no credentials")
    return Respond(
        status=status,
        body={"success": False, "error": what},
        headers=(("WWW-Authenticate", auth.challenge),),
        because=what,
    )


def _normal(credentials: bytes) -> bytes:
    """Credentials with the name of their scheme in lower case, as that may be written in any."""
    scheme, space, rest = credentials.strip().partition(b" ")
    return scheme.lower() + space + rest.lstrip() if scheme.lower() in (b"bearer", b"basic") else credentials.strip()


class Signing(Secret, frozen=True, kw_only=True):
    """The hex HMAC-SHA1 that goes into `X-Signature`, by a shared secret; the documents name two scopes."""

    secret: str
    scope: Scope = "first_item"
    """What is signed of a batch: its first item alone, or the whole body. All else is signed whole."""

    def signature(self, body: bytes) -> str:
        """The signature of `body`."""
        signed = first_item(body) if self.scope == "first_item" else body
        return hmac.new(self.secret.encode(), signed, sha1).hexdigest()


def first_item(body: bytes) -> bytes:
    """The first item of a JSON array, in the very bytes that were sent; a body that is no such array, as it is."""
    try:
        text = body.decode()
        start = len(text) - len(text.lstrip(" \t\r\n"))
        if text[start : start + 1] != "[":
            return body
        start += 1
        start += len(text[start:]) - len(text[start:].lstrip(" \t\r\n"))
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return body
    return text[start:end].encode()


def header_values(headers: RawHeaders, name: str) -> list[bytes]:
    """The values of the header `name`, in whatever case that is written."""
    wanted = name.lower().encode("latin-1")
    return [value for key, value in headers if key.lower() == wanted]


def credentials_of(auth: Auth | None, signing: Signing | None, body: bytes) -> Mapping[str, str]:
    """The headers that a sender adds to a request with `body`."""
    headers = dict([auth.credentials()]) if auth is not None else {}
    return headers if signing is None else {**headers, SIGNATURE_HEADER: signing.signature(body)}
